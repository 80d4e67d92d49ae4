#include "reader/t0.hpp"

#include <algorithm>
#include <array>

#include "reader/error.hpp"

namespace jeton::reader::t0 {

namespace {

using Kind = Error::Kind;

constexpr std::size_t longest_short_data = 255;
constexpr std::size_t most_short_le = 256;
constexpr std::size_t most_extended_le = 65536;
constexpr Byte get_response_ins = 0xC0;
constexpr Byte envelope_ins = 0xC2;
constexpr unsigned success = 0x9000;

/// Command is an APDU in its parts (ISO/IEC 7816-4, 5.1).
struct Command {
    View whole;
    View header;  ///< CLA INS P1 P2
    View data;
    std::size_t le = 0;  ///< 0: none
};

std::size_t le_of(View field, std::size_t most) {
    const std::size_t value = load_be(field);
    return value == 0 ? most : value;
}

/// parse_command knows the seven forms of an APDU; nullopt for anything else.
std::optional<Command> parse_command(View apdu) {
    if (apdu.size() < 4) {
        return std::nullopt;
    }
    Command command{.whole = apdu, .header = apdu.first(4), .data = {}};
    View body = apdu.subspan(4);
    if (body.empty()) {
        return command;
    }
    const bool extended = body.size() >= 3 && body[0] == 0;
    const std::size_t width = extended ? 2 : 1;
    const std::size_t most_le = extended ? most_extended_le : most_short_le;
    body = body.subspan(extended ? 1 : 0);
    if (body.size() == width) {
        command.le = le_of(body, most_le);
        return command;
    }
    const std::size_t length = load_be(body.first(width));
    body = body.subspan(width);
    if (length == 0 || length > body.size()) {
        return std::nullopt;
    }
    command.data = body.first(length);
    body = body.subspan(length);
    if (body.size() == width) {
        command.le = le_of(body, most_le);
        return command;
    }
    return body.empty() ? std::optional(command) : std::nullopt;
}

/// plain_class is |cla| without secure messaging and chaining, on the same logical channel (7816-4, 5.4.1).
Byte plain_class(Byte cla) {
    const Byte channel = (cla & 0x40) != 0 ? 0x4F : 0x03;
    return static_cast<Byte>((cla & 0x80) != 0 ? cla & 0x03 : cla & channel);
}

Byte p3_of(std::size_t length) {
    return static_cast<Byte>(length >= most_short_le ? 0 : length);
}

/// Answer is data and status word of one TPDU, or of those so far.
struct Answer {
    SecretBytes data;
    unsigned status = 0;

    Byte sw1() const { return static_cast<Byte>(status >> 8); }
    std::size_t length() const { return (status & 0xFF) == 0 ? most_short_le : status & 0xFF; }
};

class Exchange {
  public:
    Exchange(Wire& wire, const Classes& classes, const Command& command)
        : m_wire(wire), m_classes(classes), m_command(command) {}

    SecretBytes run() {
        Answer answer = m_command.data.size() > longest_short_data ? by_envelope()
                        : m_command.data.empty()                   ? receive()
                                                                   : send();
        if (m_command.le != 0) {
            fetch(answer);
        }
        SecretBytes response = std::move(answer.data);
        response.push_back(answer.sw1());
        response.push_back(static_cast<Byte>(answer.status & 0xFF));
        return response;
    }

  private:
    Answer tpdu(std::array<Byte, 4> header, std::size_t length, View data) {
        SecretBytes sent(header.begin(), header.end());
        sent.push_back(p3_of(length));
        SecretBytes received = m_wire.exchange(sent, data);
        const std::size_t most = !data.empty() ? 0 : length == 0 ? most_short_le : length;
        if (received.size() < 2 || received.size() - 2 > most) {
            throw Error(Kind::protocol, "T=0: the answer is longer or shorter than it may be");
        }
        Answer answer{{}, static_cast<unsigned>(load_be(View(received).last(2)))};
        received.resize(received.size() - 2);
        answer.data = std::move(received);
        return answer;
    }

    std::array<Byte, 4> header() const {
        const View it = m_command.header;
        return {it[0], it[1], it[2], it[3]};
    }

    /// receive is case 1 and 2: without data, so that a wrong length may be corrected.
    Answer receive() {
        Answer answer = tpdu(header(), std::min(m_command.le, most_short_le), {});
        if (answer.sw1() == 0x6C && m_command.le != 0) {
            answer = tpdu(header(), answer.length(), {});
        }
        return answer;
    }

    /// send is case 3 and 4: the card is asked for its data afterwards.
    Answer send() {
        Answer answer = tpdu(header(), m_command.data.size(), m_command.data);
        const bool warns = answer.sw1() == 0x62 || answer.sw1() == 0x63;
        if (m_command.le == 0 || !(answer.status == success || warns)) {
            return answer;
        }
        // The card has done it and did not say how much it has to give (12.2.5).
        Answer rest = get_response(std::min(m_command.le, most_short_le));
        if (rest.data.empty() && rest.sw1() != 0x61) {
            return answer;
        }
        if (warns && rest.status == success) {
            rest.status = answer.status;
        }
        return rest;
    }

    Answer get_response(std::size_t length) {
        const Byte cla = m_classes.get_response.value_or(plain_class(m_command.header[0]));
        Answer answer = tpdu({cla, get_response_ins, 0, 0}, length, {});
        if (answer.sw1() == 0x6C && answer.length() <= length) {
            answer = tpdu({cla, get_response_ins, 0, 0}, answer.length(), {});
        }
        return answer;
    }

    /// fetch asks for what the card announces with 61xx, as far as Le goes. Each part brings something.
    void fetch(Answer& answer) {
        while (answer.sw1() == 0x61 && answer.data.size() < m_command.le) {
            const std::size_t wanted = std::min(answer.length(), m_command.le - answer.data.size());
            Answer part = get_response(wanted);
            if (part.data.empty() && part.sw1() == 0x61) {
                throw Error(Kind::protocol, "T=0: the card announces data and gives none");
            }
            append(answer.data, part.data);
            answer.status = part.status;
        }
    }

    /// by_envelope carries the APDU itself as data, in parts; an empty part tells the card that this was all.
    Answer by_envelope() {
        const Byte cla = m_classes.envelope.value_or(plain_class(m_command.header[0]));
        View rest = m_command.whole;
        Answer answer;
        while (!rest.empty()) {
            const View part = rest.first(std::min(rest.size(), longest_short_data));
            rest = rest.subspan(part.size());
            answer = tpdu({cla, envelope_ins, 0, 0}, part.size(), part);
            if (answer.status != success) {
                return answer;
            }
        }
        return tpdu({cla, envelope_ins, 0, 0}, 0, {});
    }

    Wire& m_wire;
    const Classes& m_classes;
    const Command& m_command;
};

}  // namespace

SecretBytes transmit(Wire& wire, const Classes& classes, View apdu) {
    const auto command = parse_command(apdu);
    if (!command) {
        throw Error(Kind::unsupported, "T=0: the command is no APDU");
    }
    return Exchange(wire, classes, *command).run();
}

}  // namespace jeton::reader::t0
