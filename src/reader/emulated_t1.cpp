#include "reader/emulated_t1.hpp"

#include <algorithm>
#include <utility>

#include "reader/card_link.hpp"

namespace jeton::reader::emulated {

namespace {

constexpr Byte one_more = 1;

}  // namespace

T1Card::T1Card(SimulatedCard& card, const ContactOptions& options, Milliseconds command_time)
    : m_card(card),
      m_checksum(options.crc ? t1::Checksum::crc : t1::Checksum::lrc),
      m_ifsc(options.ifsc),
      m_command_time(command_time) {}

Utterance T1Card::say(Byte pcb, View information, Milliseconds pause) {
    m_last = t1::encode_block(pcb, information, m_checksum);
    return {pause, m_last};
}

/// say_again repeats the last block; a card that has said nothing yet asks for the first one.
Utterance T1Card::say_again() {
    return m_last.empty() ? say_ready(t1::Damage::none) : Utterance{Milliseconds(0), m_last};
}

Utterance T1Card::say_ready(t1::Damage damage) {
    return say(t1::ready_pcb(m_wanted, damage));
}

Utterance T1Card::hear(View bytes) {
    const auto parsed = t1::parse_block(bytes, m_checksum);
    if (const auto* damage = std::get_if<t1::Damage>(&parsed)) {
        return say_ready(*damage);
    }
    const auto& block = std::get<t1::Block>(parsed);
    if (block.is_information()) {
        return take_information(block);
    }
    return block.is_ready() ? take_ready(block) : take_supervisory(block);
}

Utterance T1Card::take_information(const t1::Block& block) {
    if (block.number() != m_wanted || block.information.size() > m_ifsc || m_working) {
        return say_ready(t1::Damage::other);
    }
    if (m_speaking) {  // the host has all of the last response
        m_speaking = false;
        m_sent ^= 1;
    }
    m_wanted ^= 1;
    if (m_command.size() + block.information.size() > longest_command) {
        m_command.clear();
        return say(t1::pcb::abort);
    }
    append(m_command, block.information);
    if (block.more()) {
        return say_ready(t1::Damage::none);
    }
    const SecretBytes command = std::exchange(m_command, {});
    m_response = m_card.transmit(command);
    m_part_end = 0;
    m_work_left = m_command_time;
    return go_on();
}

/// go_on asks for time as long as there is work, then begins to answer.
Utterance T1Card::go_on() {
    m_working = m_work_left > asks_after;
    if (m_working) {
        m_work_left -= asks_after;
        return say(t1::pcb::wtx, View(&one_more, 1), asks_after);
    }
    m_part_begin = 0;
    return say_part(std::exchange(m_work_left, Milliseconds(0)));
}

Utterance T1Card::say_part(Milliseconds pause) {
    m_part_end = std::min(m_part_begin + m_ifsd, m_response.size());
    m_speaking = true;
    const View part = View(m_response).subspan(m_part_begin, m_part_end - m_part_begin);
    return say(t1::information_pcb(m_sent, m_part_end < m_response.size()), part, pause);
}

Utterance T1Card::take_ready(const t1::Block& block) {
    const bool next = block.number() != m_sent;
    if (m_speaking && next && m_part_end < m_response.size()) {
        m_sent ^= 1;
        m_part_begin = m_part_end;
        return say_part(Milliseconds(0));
    }
    if (m_speaking && !next) {
        return say_part(Milliseconds(0));
    }
    return say_again();
}

Utterance T1Card::take_supervisory(const t1::Block& block) {
    const Byte value = block.information.empty() ? Byte{0} : block.information[0];
    switch (block.pcb) {
        case t1::pcb::ifs:
            m_ifsd = std::clamp<Byte>(value, 1, t1::longest_information);
            return say(t1::pcb::ifs | t1::pcb::response, block.information);
        case t1::pcb::resynch:
            restart();
            return say(t1::pcb::resynch | t1::pcb::response);
        case t1::pcb::abort:
            m_command.clear();
            return say(t1::pcb::abort | t1::pcb::response);
        case t1::pcb::wtx | t1::pcb::response:
            return m_working && value == one_more ? go_on() : say_again();
        case t1::pcb::abort | t1::pcb::response:
            return say_ready(t1::Damage::none);
        default:
            return say_ready(t1::Damage::other);
    }
}

void T1Card::restart() {
    m_sent = 0;
    m_wanted = 0;
    m_command.clear();
    m_response.clear();
    m_part_begin = m_part_end = 0;
    m_speaking = false;
    m_working = false;
}

}  // namespace jeton::reader::emulated
