#include "reader/parameters.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr Milliseconds reader_overhead{
    2000};  ///< for USB, and for the bytes on their way to and from the card
constexpr std::uint64_t default_clock_factor = 372;  ///< Fd
constexpr std::uint64_t slowest_clock = 1000;        ///< kHz (ISO/IEC 7816-3, 5.2.3)
constexpr unsigned most_bwi = 9;
constexpr Byte implicit_parameters = 0x10;  ///< of TA2: the card's speed is not in the ATR
constexpr unsigned least_guard = 12;        ///< etu between two characters
constexpr Byte no_extra_guard = 0xFF;
constexpr std::uint64_t longest_tpdu = 261;
constexpr std::uint64_t slow_characters = 2;  ///< of T=0 that may each take a whole WWT
constexpr Byte first_lowered = 0x97;          ///< speeds that are lowered step by step, as far as
constexpr Byte last_lowered = 0x94;

std::uint64_t clock_of(const ClassDescriptor& reader) {
    return std::max<std::uint64_t>(reader.default_clock, slowest_clock);
}

/// fits tells whether the reader follows the card at |fi_di|, and that is no slower than the default.
bool fits(Byte fi_di, const ClassDescriptor& reader) {
    const auto factor = clock_factor(fi_di);
    const auto divisor = baud_factor(fi_di);
    if (!factor || !divisor || *divisor * default_clock_factor < *factor) {
        return false;
    }
    return std::uint64_t{reader.default_clock} * 1000 * *divisor / *factor <= reader.max_data_rate;
}

/// negotiated tells whether somebody sends a PPS: a reader of its own accord is not asked.
bool negotiated(const ClassDescriptor& reader) {
    return reader.has(feature::auto_pps) || host_speaks(reader);
}

std::uint64_t work_waiting_time(const Atr& atr, std::uint64_t clock) {
    return 960 * clock_factor(atr.fi_di).value_or(default_clock_factor) * atr.waiting_integer / clock;
}

std::uint64_t block_waiting_time(const Atr& atr, std::uint64_t clock) {
    const unsigned bwi = std::min<unsigned>(atr.bwi, most_bwi);
    return (std::uint64_t{960} << bwi) * default_clock_factor / clock;
}

}  // namespace

bool host_speaks(const ClassDescriptor& reader) {
    return reader.level() == ExchangeLevel::tpdu || reader.level() == ExchangeLevel::character;
}

Choice choose(const Atr& atr, const ClassDescriptor& reader, const Quirks& quirks, bool plain) {
    Choice choice;
    choice.protocol = atr.specific_protocol().value_or(atr.default_protocol);
    const bool can_switch = !atr.ta2 && !plain && !quirks.no_pps && negotiated(reader);
    if (choice.protocol == 0 && !reader.t0 && can_switch && atr.offers(1)) {
        choice.protocol = 1;
    } else if (choice.protocol == 1 && !reader.t1 && can_switch && atr.offers(0)) {
        choice.protocol = 0;
    }
    if (choice.protocol > 1) {
        throw Error(Kind::unsupported, fmt::format("the card speaks T={} alone", choice.protocol));
    }
    if (atr.ta2) {
        choice.fi_di = best_speed(atr, reader);
        const bool unknown = (*atr.ta2 & implicit_parameters) != 0;
        if (host_speaks(reader) && (unknown || choice.fi_di != atr.fi_di)) {
            throw Error(Kind::unsupported, "the card insists on a speed that the reader cannot follow");
        }
        return choice;
    }
    if (can_switch) {
        choice.fi_di = best_speed(atr, reader);
    }
    choice.pps = choice.fi_di != default_speed || choice.protocol != atr.default_protocol;
    return choice;
}

Bytes card_parameters(const Atr& atr, Byte protocol, Byte fi_di) {
    const Byte inverse = atr.convention == Atr::Convention::inverse ? 2 : 0;
    if (protocol == 0) {
        return {fi_di, inverse, atr.guard_time, atr.waiting_integer, 0};
    }
    const auto checksum = static_cast<Byte>(0x10 | inverse | (atr.crc ? 1 : 0));
    const auto waiting = static_cast<Byte>(atr.bwi << 4 | atr.cwi);
    return {fi_di, checksum, atr.guard_time, waiting, 0, atr.ifsc, 0};
}

Milliseconds card_silence(View atr, const ClassDescriptor& reader) {
    const auto parsed = parse_atr(atr);
    const Atr known = parsed.value_or(Atr{});
    const std::uint64_t clock = clock_of(reader);
    std::uint64_t wait = work_waiting_time(known, clock);
    if (!parsed || known.offers(1)) {
        wait = std::max(wait, block_waiting_time(known, clock));
    }
    return Milliseconds(wait) + reader_overhead;
}

Milliseconds block_silence(const Atr& atr, const ClassDescriptor& reader, Byte protocol, Byte fi_di) {
    const std::uint64_t clock = clock_of(reader);
    const std::uint64_t factor = clock_factor(fi_di).value_or(default_clock_factor);
    const std::uint64_t divisor = baud_factor(fi_di).value_or(1);
    const unsigned extra = atr.guard_time == no_extra_guard ? 0 : atr.guard_time;
    const std::uint64_t characters = 2 * longest_tpdu * (least_guard + extra) * factor / divisor / clock;
    const std::uint64_t wait =
        protocol == 0 ? slow_characters * work_waiting_time(atr, clock) : block_waiting_time(atr, clock);
    return Milliseconds(characters + wait) + reader_overhead;
}

Byte best_speed(const Atr& atr, const ClassDescriptor& reader) {
    if (!atr.ta2 && !negotiated(reader)) {
        return default_speed;
    }
    Byte speed = atr.fi_di;
    while (!atr.ta2 && !fits(speed, reader) && speed > last_lowered && speed <= first_lowered) {
        --speed;
    }
    return fits(speed, reader) ? speed : default_speed;
}

}  // namespace jeton::reader
