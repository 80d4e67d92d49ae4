// vscard_card SOCKET FILE: puts the software card in FILE into QEMU's reader (-device ccid-card-passthru),
// whose other end is the UNIX socket. It ends with the connection.
//
// That reader calls itself one of TPDUs and T=0, and hands what the host sends to the card as it is. So the
// card is an emulated reader of the same level: its TPDUs are passed through.
#include <array>
#include <cstdio>
#include <exception>
#include <fmt/core.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "reader/ccid.hpp"
#include "reader/device.hpp"
#include "reader/emulated_reader.hpp"
#include "softcard/store.hpp"
#include "util/files.hpp"

namespace {

using namespace jeton;

/// Types of messages between a reader and a card in another process (vscard_common.h of libcacard).
enum class Kind : std::uint32_t { init = 1, error = 2, reader_add = 3, atr = 5, apdu = 7 };

constexpr std::size_t header_size = 12;  ///< type, reader, length, big-endian
constexpr std::size_t longest_body = 65556;
constexpr Milliseconds patience{10000};
constexpr unsigned time_extension = 2;  ///< bmCommandStatus

void put32(Bytes& out, std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<Byte>(value >> shift));
    }
}

/// Peer is the connection to QEMU.
class Peer {
  public:
    explicit Peer(const std::string& path) : m_socket(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (connect(m_socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("nobody listens at " + path);
        }
    }

    void send(Kind kind, View body) const {
        Bytes message;
        put32(message, static_cast<std::uint32_t>(kind));
        put32(message, 0);
        put32(message, body.size());
        append(message, body);
        if (::send(m_socket.get(), message.data(), message.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(message.size())) {
            throw std::runtime_error("QEMU does not listen");
        }
    }

    /// receive gives the next message; false at the end of the connection.
    bool receive(Kind& kind, Bytes& body) const {
        std::array<Byte, header_size> header{};
        if (!fill(header)) {
            return false;
        }
        kind = static_cast<Kind>(load_be(View(header).first(4)));
        const std::size_t length = load_be(View(header).subspan(8, 4));
        body.resize(std::min(length, longest_body));
        return length <= longest_body && fill(body);
    }

  private:
    bool fill(std::span<Byte> buffer) const {
        return buffer.empty() || recv(m_socket.get(), buffer.data(), buffer.size(), MSG_WAITALL) ==
                                     static_cast<ssize_t>(buffer.size());
    }

    UniqueFd m_socket;
};

/// Card is the emulated reader with its card, powered.
class Card {
  public:
    explicit Card(const std::string& file) {
        reader::EmulationOptions options;
        options.level = reader::ExchangeLevel::tpdu;
        options.max_message = 271;
        options.contacts.t0 = true;
        options.contacts.t1 = false;
        m_reader = reader::make_emulated_reader(softcard::insert(file), options);
        m_reader->claim();
    }

    Bytes atr() { return exchange(reader::ccid::Request::icc_power_on, {}); }
    Bytes transmit(View tpdu) { return exchange(reader::ccid::Request::xfr_block, tpdu); }

  private:
    Bytes exchange(reader::ccid::Request request, View data) {
        Bytes message(reader::ccid::header_size);
        message[0] = static_cast<Byte>(request);
        message[1] = static_cast<Byte>(data.size());
        message[2] = static_cast<Byte>(data.size() >> 8);
        message[6] = ++m_seq;
        append(message, data);
        const Deadline end = Deadline::after(patience);
        m_reader->bulk_write(message, end);
        Bytes answer(longest_body);
        std::size_t got = 0;
        do {
            got = m_reader->bulk_read(answer, end);
        } while (got > 7 && answer[7] >> 6 == time_extension);
        if (got < reader::ccid::header_size || answer[7] >> 6 != 0) {
            throw std::runtime_error("the card does not answer: " + to_hex(View(answer).first(got)));
        }
        return {answer.begin() + reader::ccid::header_size,
                answer.begin() + static_cast<std::ptrdiff_t>(got)};
    }

    std::unique_ptr<reader::Device> m_reader;
    Byte m_seq = 0;
};

void serve(const Peer& peer, Card& card) {
    peer.send(Kind::init, Bytes{'V', 'S', 'C', 'D', 0, 0, 0, 2, 0, 0, 0, 0});
    peer.send(Kind::reader_add, Bytes{'j', 'e', 't', 'o', 'n', 0});
    peer.send(Kind::atr, card.atr());
    Kind kind{};
    for (Bytes body; peer.receive(kind, body);) {
        if (kind == Kind::apdu) {
            // An activation by the host is not told; the first command after it selects the application.
            peer.send(Kind::apdu, card.transmit(body));
        }
    }
}

}  // namespace

int main(int count, char** words) {
    try {
        if (count != 3) {
            throw std::runtime_error("usage: vscard_card SOCKET FILE");
        }
        Card card(words[2]);
        serve(Peer(words[1]), card);
        return 0;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("vscard_card: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
