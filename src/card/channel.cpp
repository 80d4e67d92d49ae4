#include "card/channel.hpp"

#include <algorithm>
#include <array>

#include "card/error.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

constexpr unsigned most_get_responses = 512;
constexpr std::size_t longest_response = any_length;  ///< in all its pieces
constexpr Byte chaining_bit = 0x10;
constexpr Byte get_response = 0xC0;

/// VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER are never sent twice: each may spend a try.
constexpr std::array<Byte, 3> never_repeated{0x20, 0x24, 0x2C};

/// Answers of cards that do not know the extended form (ISO/IEC 7816-4, 5.6).
constexpr std::array<std::uint16_t, 6> no_extended_form{0x6700, 0x6881, 0x6882, 0x6884, 0x6D00, 0x6E00};

template <typename List, typename Value>
bool contains(const List& list, Value value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

/// interindustry is the class of a command that goes on with one of |cla|: not chained, and with the logical
/// channel alone of a proprietary class, which GET RESPONSE does not belong to (ISO/IEC 7816-4, 5.4.1).
Byte interindustry(Byte cla) {
    constexpr Byte proprietary = 0x80;
    constexpr Byte channel = 0x03;
    return static_cast<Byte>((cla & proprietary) != 0 ? cla & channel : cla & ~chaining_bit);
}

/// length_in reads SW2 of 61xx and 6Cxx.
std::uint32_t length_in(StatusWord status) {
    return status.sw2() == 0 ? most_short_le : status.sw2();
}

}  // namespace

Channel::Channel(reader::CardLink& link, const TransportRule& rule) : m_link(link), m_rule(rule) {}

Response Channel::transmit(const Apdu& apdu, Milliseconds limit) {
    if (apdu.data.size() > m_rule.max_command_data) {
        throw Error(Error::Kind::too_large, Verb::write,
                    fmt::format("a command of {} bytes; this card takes {}", apdu.data.size(),
                                m_rule.max_command_data));
    }
    if (!wants_extended(apdu)) {
        return carry_out(apdu, false, limit);
    }
    Response response = carry_out(apdu, true, limit);
    if (m_extended == Extended::proved || m_rule.extended == Switch::always) {
        return response;
    }
    if (!contains(no_extended_form, response.status.value)) {
        m_extended = Extended::proved;
        return response;
    }
    // The answer may be about the command and not about its form: what the short form brings tells which.
    Response second = carry_out(apdu, false, limit);
    if (second.status != response.status) {
        log::debug("card: refuses extended APDUs with {:04X}", response.status.value);
        m_extended = Extended::refused;
    }
    return second;
}

StatusWord Channel::enter_on_pad(const reader::PinEntry& entry, reader::PadUse use) {
    m_exchanges.fetch_add(1, std::memory_order_relaxed);
    const SecretBytes answer =
        use == reader::PadUse::verify ? m_link.verify_on_pinpad(entry) : m_link.modify_on_pinpad(entry);
    if (answer.size() != 2) {
        throw Error(Error::Kind::malformed, Verb::verify,
                    fmt::format("a PIN pad's answer of {} bytes", answer.size()));
    }
    return {static_cast<std::uint16_t>(load_be(answer))};
}

std::size_t Channel::longest_data(bool chained) const {
    const bool in_links = m_rule.chaining == Switch::always || !has_extended();
    const bool is_short = in_links && !(chained && m_rule.chaining != Switch::never);
    return is_short ? std::min(m_rule.max_command_data, longest_short_data) : m_rule.max_command_data;
}

/// has_extended tells whether extended APDUs reach the card, for all that we know.
bool Channel::has_extended() const {
    const reader::LinkLimits limits = m_link.limits();
    return m_rule.extended != Switch::never && m_extended != Extended::refused && limits.extended_apdu &&
           (!limits.by_envelope || m_rule.extended == Switch::always);
}

bool Channel::wants_extended(const Apdu& apdu) const {
    if (!has_extended()) {
        return false;
    }
    const bool chained = m_rule.chaining == Switch::always;
    return (apdu.data.size() > longest_short_data && !chained) ||
           (apdu.data.size() <= longest_short_data && apdu.le > most_short_le);
}

Response Channel::carry_out(const Apdu& apdu, bool extended, Milliseconds limit) {
    Apdu last = apdu;
    if (!extended) {
        last.le = std::min(last.le, most_short_le);
        if (auto refusal = send_links(last, limit)) {
            return std::move(*refusal);
        }
    }
    Response response = exchange(last, extended, limit);
    if (response.status.sw1() == 0x6C && m_rule.retry_6c && !contains(never_repeated, apdu.ins)) {
        last.le = length_in(response.status);
        response = exchange(last, extended, limit);
    }
    if (response.status.sw1() == 0x61 && m_rule.get_response) {
        collect(response, apdu, limit);
    }
    return response;
}

/// send_links sends all links of a chain but the last, which it leaves in |apdu| (ISO/IEC 7816-4, 5.3.3).
/// Gives the card's answer when it did not take one of them.
std::optional<Response> Channel::send_links(Apdu& apdu, Milliseconds limit) {
    const std::size_t chunk = std::clamp<std::size_t>(m_rule.chunk, 1, longest_short_data);
    const bool fits = apdu.data.size() <= (m_rule.chaining == Switch::always ? chunk : longest_short_data);
    if (fits) {
        return std::nullopt;
    }
    if (m_rule.chaining == Switch::never) {
        throw Error(Error::Kind::too_large, Verb::write,
                    "card and reader together take 255 bytes in one command");
    }
    Apdu link = apdu;
    link.cla |= chaining_bit;
    link.le = 0;
    while (apdu.data.size() > chunk) {
        link.data = apdu.data.first(chunk);
        apdu.data = apdu.data.subspan(chunk);
        Response answer = exchange(link, false, limit);
        if (!answer.status.ok()) {
            return answer;
        }
    }
    return std::nullopt;
}

Response Channel::exchange(const Apdu& apdu, bool extended, Milliseconds limit) {
    const SecretBytes command = extended ? encode_extended(apdu) : encode_short(apdu);
    m_exchanges.fetch_add(1, std::memory_order_relaxed);
    const SecretBytes answer = m_link.transmit(command, limit);
    if (answer.size() < 2 || answer.size() - 2 > m_rule.max_response_data) {
        throw Error(Error::Kind::malformed, Verb::read, fmt::format("an answer of {} bytes", answer.size()));
    }
    const StatusWord status{static_cast<std::uint16_t>(load_be(View(answer).last(2)))};
    // Exactly as long as the data, so that a read past their end cannot meet the status word instead.
    return {to_secret(View(answer).first(answer.size() - 2)), status};
}

/// collect fetches what the card announced with 61xx (ISO/IEC 7816-4, 11.7.1).
void Channel::collect(Response& response, const Apdu& apdu, Milliseconds limit) {
    if (apdu.le == 0) {
        response.status = sw::success;  // nobody asked for data
        return;
    }
    Apdu more{.cla = interindustry(apdu.cla), .ins = get_response};
    for (unsigned round = 0; response.status.sw1() == 0x61; ++round) {
        more.le = length_in(response.status);
        Response part = exchange(more, false, limit);
        if (part.status.sw1() == 0x6C && m_rule.retry_6c) {
            more.le = length_in(part.status);
            part = exchange(more, false, limit);
        }
        if (part.status.sw1() >= 0x64 && !part.status.ok()) {  // not a verdict on the command, which is done
            throw Error(
                Error::Kind::malformed, Verb::read,
                fmt::format("the card announces data and does not give them: {:04X}", part.status.value));
        }
        const bool stuck = part.status.sw1() == 0x61 && part.data.empty();
        if (stuck || round == most_get_responses ||
            part.data.size() > longest_response - std::min(longest_response, response.data.size())) {
            throw Error(Error::Kind::malformed, Verb::read, "the card does not stop announcing data (61xx)");
        }
        append(response.data, part.data);
        response.status = part.status;
    }
    if (response.status == sw::end_of_data) {
        response.status = sw::success;
    }
}

}  // namespace jeton::card
