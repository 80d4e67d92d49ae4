#include "reader/emulated_t0.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "reader/card_link.hpp"
#include "reader/t0.hpp"

namespace jeton::reader::emulated {

namespace {

constexpr std::size_t most_at_once = 256;
constexpr Milliseconds asks_after_t0{800};  ///< its WWT is a little longer
constexpr Byte get_response = 0xC0;
constexpr Byte envelope = 0xC2;
constexpr unsigned no_error = 0x9000;
constexpr unsigned wrong_length = 0x6700;
constexpr unsigned more_data = 0x6100;
constexpr unsigned right_length = 0x6C00;
constexpr unsigned nothing_held = 0x6985;

/// Commands that bring data and take none: GET CHALLENGE, READ BINARY and RECORD, GET RESPONSE, GET DATA, and
/// those of PIV cards for version, serial number and what a key is.
constexpr std::array<Byte, 8> giving{0x84, 0xB0, 0xB2, 0xC0, 0xCA, 0xF7, 0xF8, 0xFD};

std::size_t length_in(std::size_t p3) {
    return p3 == 0 ? most_at_once : p3;
}

unsigned length_byte(std::size_t size) {
    return size >= most_at_once ? 0 : static_cast<unsigned>(size);
}

/// nulls are what a card says while it works; the last pause is |left|.
std::vector<Utterance> nulls(Milliseconds work, Milliseconds& left) {
    std::vector<Utterance> said;
    for (; work > asks_after_t0; work -= asks_after_t0) {
        said.push_back({asks_after_t0, SecretBytes{t0::null_byte}});
    }
    left = work;
    return said;
}

}  // namespace

T0Card::T0Card(SimulatedCard& card, Milliseconds command_time) : m_card(card), m_command_time(command_time) {}

std::vector<Utterance> T0Card::hear(View bytes) {
    append(m_heard, bytes);
    if (m_header.empty()) {
        return m_heard.size() < t0::header_size ? std::vector<Utterance>{} : take_header();
    }
    return take_data();
}

Utterance T0Card::acknowledge(bool all) const {
    return {Milliseconds(0), SecretBytes{static_cast<Byte>(all ? m_header[1] : ~m_header[1])}};
}

Utterance T0Card::status(unsigned word) const {
    return {Milliseconds(0), SecretBytes{static_cast<Byte>(word >> 8), static_cast<Byte>(word & 0xFF)}};
}

std::vector<Utterance> T0Card::take_header() {
    m_header.assign(m_heard.begin(), m_heard.begin() + t0::header_size);
    m_heard.erase(m_heard.begin(), m_heard.begin() + t0::header_size);
    const Byte ins = m_header[1];
    const View first_four = View(m_header).first(4);
    if (!m_held.empty() && (ins == get_response || equal(first_four, m_origin))) {
        return give(length_in(p3()));
    }
    m_held.clear();
    if (ins == envelope && p3() == 0) {
        const SecretBytes command = std::exchange(m_envelope, {});
        return command.empty() ? give(0) : run(command);
    }
    if (p3() != 0 && std::ranges::find(giving, ins) == giving.end()) {
        return {acknowledge(p3() == 1)};  // the first byte alone, then the others: hosts must know both
    }
    return run(m_header);
}

std::vector<Utterance> T0Card::take_data() {
    if (m_heard.size() < p3()) {
        return {acknowledge(true)};
    }
    const SecretBytes data = std::exchange(m_heard, {});
    if (m_header[1] == envelope) {
        return take_envelope(data);
    }
    SecretBytes command = m_header;
    append(command, data);
    command.push_back(0);
    return run(command);
}

std::vector<Utterance> T0Card::take_envelope(View data) {
    m_header.clear();
    if (m_envelope.size() + data.size() > longest_command) {
        m_envelope.clear();
        return {status(wrong_length)};
    }
    append(m_envelope, data);
    return {status(no_error)};
}

/// run carries out an APDU. |m_header| says what the host waits for: data only if it sent none.
std::vector<Utterance> T0Card::run(View command) {
    Milliseconds left{0};
    std::vector<Utterance> said = nulls(m_command_time, left);
    SecretBytes response = m_card.transmit(command);
    m_held_status = static_cast<unsigned>(load_be(View(response).last(2)));
    response.resize(response.size() - 2);
    m_held = std::move(response);
    m_origin.assign(m_header.begin(), m_header.begin() + 4);
    const bool sent_none = command.size() == t0::header_size;
    std::vector<Utterance> answer;
    if (m_held.empty()) {
        answer = {status(m_held_status)};
    } else if (sent_none) {
        answer = give(length_in(p3()));
    } else {
        answer = {status(more_data | length_byte(m_held.size()))};
    }
    m_header.clear();
    answer.front().pause += left;
    said.insert(said.end(), std::make_move_iterator(answer.begin()), std::make_move_iterator(answer.end()));
    return said;
}

/// give says |expected| bytes of what is held, or how many there are when there are fewer.
std::vector<Utterance> T0Card::give(std::size_t expected) {
    const Byte ins = m_header[1];
    m_header.clear();
    if (m_held.empty()) {
        return {status(nothing_held)};
    }
    if (m_held.size() < expected) {
        return {status(right_length | length_byte(m_held.size()))};
    }
    Utterance answer{Milliseconds(0), SecretBytes{ins}};
    append(answer.bytes, View(m_held).first(expected));
    m_held.erase(m_held.begin(), m_held.begin() + static_cast<std::ptrdiff_t>(expected));
    const unsigned word = m_held.empty() ? m_held_status : more_data | length_byte(m_held.size());
    answer.bytes.push_back(static_cast<Byte>(word >> 8));
    answer.bytes.push_back(static_cast<Byte>(word & 0xFF));
    return {std::move(answer)};
}

}  // namespace jeton::reader::emulated
