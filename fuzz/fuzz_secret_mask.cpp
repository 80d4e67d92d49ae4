// A host with secrets, and a reader that answers anything: no secret byte survives the mask.
//
// Input: level of exchange, T=1 check bytes, size of the pieces; then steps: what (one byte), length (one
// byte), bytes. Steps are messages of either end as the bytes say, or commands and answers with a secret, cut
// into pieces as the level does.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "reader/ccid.hpp"
#include "reader/secret_mask.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

constexpr Byte secret_byte = 0xA7;  ///< stands for each secret byte: none of those may be left

/// Beginnings of commands whose data are secret.
constexpr std::array<std::string_view, 10> secret_commands{"00200080", "00240080", "002C0080", "00DB3FFF",
                                                           "00FE079A", "00FFFFFF", "002A8086", "0087039B",
                                                           "00820000", "80550000"};

class Host {
  public:
    Host(ExchangeLevel level, bool crc, std::size_t piece)
        : m_level(level), m_crc(crc), m_piece(piece), m_mask(level) {
        send(0x62, {}, 0);
        receive(0x80,
                level == ExchangeLevel::character || level == ExchangeLevel::tpdu ? Bytes{0x3B, 0x80, 0x01}
                                                                                  : Bytes{0x3B, 0x00},
                0);
    }

    /// command sends |header| with |count| secret bytes.
    void command(std::string_view header, std::size_t count) {
        Bytes apdu = from_hex(header).value();
        const bool extended = m_level != ExchangeLevel::short_apdu && count > 255;
        count = extended ? count : std::min<std::size_t>(count, 255);
        count += count % 256 == secret_byte ? 1 : 0;  // its length must not look like it
        if (extended) {
            append(apdu, Bytes{0, static_cast<Byte>(count >> 8)});
        }
        apdu.push_back(static_cast<Byte>(count));
        apdu.resize(apdu.size() + count, secret_byte);
        if (m_level == ExchangeLevel::short_apdu) {
            hidden(send(0x6F, apdu, 0));
        } else if (m_level == ExchangeLevel::extended_apdu) {
            pieces(apdu, [&](View piece, bool first, bool last) {
                const int part = first ? (last ? 0 : 1) : (last ? 2 : 3);
                hidden(send(0x6F, piece, static_cast<Byte>(part)));
            });
        } else {
            pieces(apdu,
                   [&](View piece, bool, bool last) { hidden(send(0x6F, block(piece, last, m_sent), 0)); });
        }
    }

    /// answer is that of a command whose answer is secret.
    void answer(std::size_t count) {
        Bytes response(count, secret_byte);
        append(response, Bytes{0x90, 0x00});
        if (m_level == ExchangeLevel::short_apdu) {
            hidden(receive(0x80, response, 0));
        } else if (m_level == ExchangeLevel::extended_apdu) {
            pieces(response, [&](View piece, bool first, bool last) {
                const int part = first ? (last ? 0 : 1) : (last ? 2 : 3);
                hidden(receive(0x80, piece, static_cast<Byte>(part)));
                send(0x6F, {}, 0x10);
            });
        } else {
            pieces(response, [&](View piece, bool, bool last) {
                hidden(receive(0x80, block(piece, last, m_received), 0));
                send(0x6F, block({}, true, m_none, 0x80), 0);
            });
        }
    }

    void raw(View bytes, bool to_reader) {
        Bytes copy = to_bytes(bytes);
        if (copy.size() > 6) {
            copy[6] = m_seq;
        }
        const std::size_t masked = to_reader ? m_mask.to_reader(copy) : m_mask.from_reader(copy);
        require(copy.size() == bytes.size() && masked <= copy.size());
    }

    void notify(View bytes) {
        Bytes copy = to_bytes(bytes);
        require(m_mask.interrupt(copy) <= copy.size());
    }

    /// any sends |data| in a message of |type|, which may be a known one.
    void any(Byte type, View data) { send(type, data, 0); }
    void any_answer(View data) { receive(0x80, data, 0); }

  private:
    template <typename Use>
    void pieces(View whole, Use&& use) {
        for (std::size_t at = 0; at < whole.size(); at += m_piece) {
            const View piece = whole.subspan(at, std::min(m_piece, whole.size() - at));
            use(piece, at == 0, at + piece.size() == whole.size());
        }
    }

    Bytes block(View information, bool last, Byte& number, Byte pcb = 0) {
        pcb |= static_cast<Byte>(number | (last ? 0 : 0x20));
        number = pcb < 0x80 ? number ^ 0x40 : number;
        Bytes out{0, pcb, static_cast<Byte>(information.size())};
        append(out, information);
        out.resize(out.size() + (m_crc ? 2 : 1), 0x5A);
        return out;
    }

    Bytes message(Byte type, View data, Byte middle, Byte last) const {
        Bytes out{type, 0, 0, 0, 0, 0, m_seq, 0, middle, last};
        store_le(std::span(out).subspan(1, 4), data.size());
        append(out, data);
        return out;
    }
    Bytes send(Byte type, View data, Byte part) {
        ++m_seq;
        Bytes out = message(type, data, part, 0);
        m_mask.to_reader(out);
        return out;
    }
    Bytes receive(Byte type, View data, Byte chain) {
        Bytes out = message(type, data, 0, chain);
        m_mask.from_reader(out);
        return out;
    }
    /// hidden wants no secret byte in the data of a message; the check bytes of a block are made up anyway.
    void hidden(const Bytes& masked) const {
        const bool blocks = m_level == ExchangeLevel::tpdu || m_level == ExchangeLevel::character;
        const View data = View(masked).subspan(ccid::header_size);
        const View shown = blocks ? data.first(data.size() - (m_crc ? 2 : 1)) : data;
        require(std::ranges::find(shown, secret_byte) == shown.end());
    }

    ExchangeLevel m_level;
    bool m_crc;
    std::size_t m_piece;
    SecretMask m_mask;
    Byte m_seq = 0;
    Byte m_sent = 0;
    Byte m_received = 0;
    Byte m_none = 0;
};

/// session begins with a power on; what its reader says in between is the input's.
void session(Host host, Byte what, View bytes) {
    host.any_answer(bytes);
    host.command(secret_commands[what % secret_commands.size()], what + 3 * bytes.size());
    host.any_answer(bytes);
    host.command(secret_commands[bytes.size() % secret_commands.size()], what);
    host.command("002A8086", 16);
    host.answer(what + bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    View input(data, size);
    if (size < 3) {
        return 0;
    }
    const auto level = static_cast<ExchangeLevel>(input[0] % 4);
    const auto fresh = [&] {
        return Host(level, input[1] % 2 == 1, std::max<std::size_t>(input[2] % 160, 1));
    };
    View rest = input.subspan(3);
    Host hostile = fresh();  // anything goes, in any order
    int sessions = 4;
    while (rest.size() >= 2) {
        const Byte what = rest[0];
        const View bytes = rest.subspan(2, std::min<std::size_t>(rest[1], rest.size() - 2));
        rest = rest.subspan(2 + bytes.size());
        if (sessions-- > 0) {
            session(fresh(), what, bytes);
        }
        switch (what % 4) {
            case 0:
                hostile.raw(bytes, true);
                break;
            case 1:
                hostile.raw(bytes, false);
                break;
            case 2:
                hostile.notify(bytes);
                break;
            default:
                hostile.any(bytes.empty() ? Byte{0x6F} : bytes[0], bytes);
                hostile.any_answer(bytes);
        }
    }
    return 0;
}
