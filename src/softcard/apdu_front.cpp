#include "softcard/apdu_front.hpp"

#include <algorithm>

namespace jeton::softcard {

namespace {

constexpr Byte chaining_bit = 0x10;
constexpr Byte get_response = 0xC0;

SecretBytes response_apdu(View data, StatusWord status_word) {
    SecretBytes out;
    out.reserve(data.size() + 2);
    append(out, data);
    out.push_back(static_cast<Byte>(status_word >> 8));
    out.push_back(static_cast<Byte>(status_word & 0xFF));
    return out;
}

}  // namespace

void ApduFront::reset() {
    m_chain.reset();
    m_waiting.clear();
}

SecretBytes ApduFront::refuse(StatusWord status_word) {
    reset();
    m_handler.begin();
    return response_apdu({}, status_word);
}

SecretBytes ApduFront::transmit(View apdu) {
    std::optional<Command> command = parse_command(apdu);
    if (!command) {
        return refuse(status::wrong_length);
    }
    if (!m_handler.knows_class(command->cla & ~chaining_bit)) {
        return refuse(status::unknown_class);
    }
    const bool wants_rest =
        command->cla == 0 && command->ins == get_response && command->p1 == 0 && command->p2 == 0;
    if (wants_rest && !m_waiting.empty()) {
        return next_part(command->expected);
    }
    m_waiting.clear();
    return carry_out(std::move(*command));
}

/// Joins |link| to the chain, or starts a new command with it; false when the data become too long.
bool ApduFront::add_link(Command& link) {
    if (!m_chain || !m_chain->continues(link)) {
        m_handler.begin();
        m_chain = std::move(link);
        return (m_chain->cla & chaining_bit) == 0 || m_chain->data.size() <= most_chained_bytes;
    }
    if (link.data.size() > most_chained_bytes - m_chain->data.size()) {
        return false;
    }
    append(m_chain->data, link.data);
    m_chain->expected = link.expected;
    return true;
}

SecretBytes ApduFront::carry_out(Command link) {
    const bool last = (link.cla & chaining_bit) == 0;
    if (!add_link(link)) {
        reset();
        return response_apdu({}, status::wrong_length);
    }
    if (!last) {
        return response_apdu({}, status::ok);
    }
    Command command = std::move(*m_chain);
    m_chain.reset();
    command.cla &= ~chaining_bit;
    Response response = m_handler.execute(command);
    if (response.status != status::ok) {
        const bool may_carry_data = response.status >> 8 == status::warning;
        return response_apdu(may_carry_data ? View(response.data) : View(), response.status);
    }
    m_waiting = std::move(response.data);
    return next_part(command.expected);
}

SecretBytes ApduFront::next_part(std::size_t expected) {
    const std::size_t length = std::min(expected, m_waiting.size());
    const std::size_t left = m_waiting.size() - length;
    const StatusWord status_word =
        left == 0 ? status::ok : static_cast<StatusWord>(status::more_data | (left < 256 ? left : 0));
    SecretBytes out = response_apdu(View(m_waiting).first(length), status_word);
    m_waiting.erase(m_waiting.begin(), m_waiting.begin() + static_cast<std::ptrdiff_t>(length));
    return out;
}

}  // namespace jeton::softcard
