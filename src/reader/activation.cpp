#include "reader/activation.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <vector>

#include "util/log.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

/// An ATR is there within 20,160 etu, 2 s at the slowest clock (EMV book 1, 8.1); a reader that tries all
/// voltages hears at once that one does not suit.
constexpr Wait power_on_wait{Milliseconds(3500), Milliseconds(20000)};
constexpr Wait power_off_wait{Milliseconds(3000), Milliseconds(10000)};
constexpr Wait parameters_wait{Milliseconds(3000), Milliseconds(10000)};
constexpr std::size_t shortest_atr = 2;
constexpr Byte default_speed = 0x11;

constexpr Milliseconds reader_overhead{
    2000};  ///< for USB, and for the bytes on their way to and from the card
constexpr std::uint64_t default_clock_factor = 372;  ///< Fd
constexpr std::uint64_t slowest_clock = 1000;        ///< kHz (ISO/IEC 7816-3, 5.2.3)
constexpr unsigned most_bwi = 9;

struct Voltage {
    Byte select;   ///< bPowerSelect
    Byte support;  ///< bit of bVoltageSupport
};

/// In the order in which cards of the field have to be tried: 5 V, 1.8 V, 3 V.
constexpr std::array voltages{Voltage{1, 1}, Voltage{3, 4}, Voltage{2, 2}};

ccid::Command command_for(ccid::Request request, Byte slot, Byte first_specific = 0) {
    return {.request = request, .slot = slot, .specific = {first_specific, 0, 0}, .data = {}};
}

void power_off(CcidPort& port, Byte slot) {
    const ccid::Reply reply = port.exchange(command_for(ccid::Request::icc_power_off, slot), power_off_wait);
    if (reply.status == ccid::CommandStatus::failed) {
        log::debug("power off: {}", ccid::error_text(reply.error));
    }
}

std::vector<Byte> power_selections(const ClassDescriptor& reader) {
    std::vector<Byte> selections;
    if (!reader.has(feature::auto_voltage | feature::auto_activation)) {
        for (const Voltage& voltage : voltages) {
            if ((reader.voltages & voltage.support) != 0) {
                selections.push_back(voltage.select);
            }
        }
    }
    if (selections.empty()) {
        selections.push_back(0);
    }
    return selections;
}

Bytes power_on(CcidPort& port, Byte slot) {
    std::optional<Error> last;
    for (const Byte selection : power_selections(port.descriptor())) {
        if (last) {
            power_off(port, slot);
        }
        const ccid::Reply reply =
            port.exchange(command_for(ccid::Request::icc_power_on, slot, selection), power_on_wait);
        if (reply.status == ccid::CommandStatus::ok) {
            if (reply.data.size() < shortest_atr || reply.data.size() > longest_atr) {
                throw Error(Kind::protocol, fmt::format("power on: an ATR of {} bytes", reply.data.size()));
            }
            return to_bytes(reply.data);
        }
        last = ccid::failure(reply, "power on");
        if (last->kind() == Kind::no_card) {
            break;
        }
    }
    throw *last;
}

/// usable_protocol is the one that needs no negotiation, unless only another one is possible with this
/// reader.
Byte usable_protocol(const Atr& atr, const ClassDescriptor& reader) {
    const Byte wanted = atr.specific_protocol().value_or(atr.default_protocol);
    const bool can_switch = !atr.ta2 && reader.has(feature::auto_pps);
    if (wanted == 0 && !reader.t0 && can_switch && atr.offers(1)) {
        return 1;
    }
    if (wanted == 1 && !reader.t1 && can_switch && atr.offers(0)) {
        return 0;
    }
    return wanted;
}

/// set_parameters tells the reader what the ATR says. A reader that refuses keeps its own values, which is
/// harmless at APDU level.
void set_parameters(CcidPort& port, Byte slot, const Atr& atr) {
    const Byte protocol = usable_protocol(atr, port.descriptor());
    if (protocol > 1) {
        throw Error(Kind::unsupported, fmt::format("the card speaks T={} alone", protocol));
    }
    const Bytes data = card_parameters(atr, protocol, best_speed(atr, port.descriptor()));
    ccid::Command command = command_for(ccid::Request::set_parameters, slot, protocol);
    command.data = data;
    const ccid::Reply reply = port.exchange(command, parameters_wait);
    if (reply.status != ccid::CommandStatus::failed) {
        return;
    }
    if (reply.icc == ccid::IccStatus::absent || reply.error > ccid::error_code::last_parameter_offset) {
        throw ccid::failure(reply, "set parameters");
    }
    log::debug("set parameters: {}; the reader keeps its own", ccid::error_text(reply.error));
}

}  // namespace

Bytes power_cycle(CcidPort& port, Byte slot, bool powered) {
    if (powered) {
        power_off(port, slot);
    }
    Bytes bytes = power_on(port, slot);
    const auto atr = parse_atr(bytes);
    if (!atr) {
        log::warn("malformed ATR {}", to_hex(bytes));
        return bytes;  // the reader liked it, and at APDU level it is the reader who needs it
    }
    if (atr->check == Atr::Check::wrong) {
        log::info("ATR {} has a wrong TCK", to_hex(bytes));
    }
    if (!port.descriptor().has(feature::auto_negotiation)) {
        set_parameters(port, slot, *atr);
    }
    return bytes;
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
    const std::uint64_t clock = std::max<std::uint64_t>(reader.default_clock, slowest_clock);
    const std::uint64_t factor = clock_factor(known.fi_di).value_or(default_clock_factor);
    std::uint64_t wait = 960 * factor * known.waiting_integer / clock;  // WWT
    if (!parsed || known.offers(1)) {
        const unsigned bwi = std::min<unsigned>(known.bwi, most_bwi);
        wait = std::max(wait, (std::uint64_t{960} << bwi) * default_clock_factor / clock);  // BWT
    }
    return Milliseconds(wait) + reader_overhead;
}

Byte best_speed(const Atr& atr, const ClassDescriptor& reader) {
    const auto factor = clock_factor(atr.fi_di);
    const auto divisor = baud_factor(atr.fi_di);
    if (!factor || !divisor) {
        return default_speed;
    }
    const std::uint64_t rate = std::uint64_t{reader.default_clock} * 1000 * *divisor / *factor;
    const bool negotiable = atr.ta2.has_value() || reader.has(feature::auto_pps);
    const bool slower = *divisor * 372 < *factor;
    return negotiable && !slower && rate <= reader.max_data_rate ? atr.fi_di : default_speed;
}

}  // namespace jeton::reader
