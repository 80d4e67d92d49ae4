#include "reader/activation.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <vector>

#include "reader/parameters.hpp"
#include "reader/pps.hpp"
#include "reader/t1_wire.hpp"
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
constexpr Milliseconds ifs_limit{10000};
constexpr Byte speed_offset = 10;   ///< of bmFindexDindex in SetParameters
constexpr Byte shortest_ifsd = 32;  ///< what every card may send without being told

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

/// Outcome of a negotiation: a card that refused it has to be reset.
enum class Outcome { agreed, refused };

/// host_pps sends the PPS as a block of its own; |choice| gets the speed that the card agreed to.
Outcome host_pps(CcidPort& port, Byte slot, Milliseconds silence, Choice& choice) {
    const Bytes request = pps_request(choice.protocol, choice.fi_di);
    Xfr xfr(port, slot, {silence, parameters_wait.total});
    const bool characters = port.descriptor().level() == ExchangeLevel::character;
    const ccid::Reply reply =
        xfr.attempt(request, static_cast<std::uint16_t>(characters ? request.size() : 0));
    if (reply.status != ccid::CommandStatus::ok) {
        return Outcome::refused;
    }
    const auto agreed = pps_agreed(request, reply.data);
    choice.fi_di = agreed.value_or(choice.fi_di);
    return agreed ? Outcome::agreed : Outcome::refused;
}

/// set_parameters tells the reader what was agreed; with |choice.pps| and the feature for it, it then
/// negotiates that. A reader that refuses keeps its own values, unless the card was told otherwise already.
Outcome set_parameters(CcidPort& port, Byte slot, const Atr& atr, const Choice& choice) {
    const Bytes data = card_parameters(atr, choice.protocol, choice.fi_di);
    ccid::Command command = command_for(ccid::Request::set_parameters, slot, choice.protocol);
    command.data = data;
    const ccid::Reply reply = port.exchange(command, parameters_wait);
    if (reply.status != ccid::CommandStatus::failed) {
        return Outcome::agreed;
    }
    const bool keeps_own = reply.error <= ccid::error_code::last_parameter_offset;
    if (reply.icc == ccid::IccStatus::active && choice.pps && host_speaks(port.descriptor()) &&
        (!keeps_own || reply.error == speed_offset)) {
        return Outcome::refused;
    }
    if (reply.icc == ccid::IccStatus::absent || !keeps_own) {
        throw ccid::failure(reply, "set parameters");
    }
    log::debug("set parameters: {}; the reader keeps its own", ccid::error_text(reply.error));
    return Outcome::agreed;
}

/// protocol_of_reader asks a reader that negotiates by itself what it came to.
Byte protocol_of_reader(CcidPort& port, Byte slot, const Atr& atr) {
    const ccid::Reply reply =
        port.exchange(command_for(ccid::Request::get_parameters, slot), parameters_wait);
    const bool tells = reply.status == ccid::CommandStatus::ok && reply.specific <= 1;
    const Byte protocol = tells ? reply.specific : atr.specific_protocol().value_or(atr.default_protocol);
    if (protocol > 1) {
        throw Error(Kind::unsupported, fmt::format("the card speaks T={} alone", protocol));
    }
    return protocol;
}

/// begin_t1 puts |card| at the start of T=1, and tells the card how long blocks may be.
void begin_t1(CcidPort& port, Byte slot, const Atr& atr, CardProtocol& card) {
    const ClassDescriptor& reader = port.descriptor();
    card.t1 = {.checksum = atr.crc ? t1::Checksum::crc : t1::Checksum::lrc, .ifsc = atr.ifsc};
    const std::size_t frame = t1::prologue_size + t1::checksum_size(card.t1.checksum);
    const auto ifsd = static_cast<Byte>(
        std::min({std::size_t{reader.max_ifsd}, block_room(reader) - frame, t1::longest_information}));
    if (reader.has(feature::auto_ifsd)) {
        card.t1.ifsd = std::max(ifsd, shortest_ifsd);
    } else if (ifsd > shortest_ifsd && !port.quirks().no_ifsd_exchange) {
        Xfr xfr(port, slot, {card.silence, ifs_limit});
        BlockWire wire(xfr, card.t1.checksum);
        t1::announce_ifsd(wire, card.t1, ifsd);
    }
}

/// negotiate agrees on protocol and speed. |plain|: what needs no agreement of the card.
Outcome negotiate(CcidPort& port, Byte slot, const Atr& atr, bool plain, CardProtocol& card) {
    const ClassDescriptor& reader = port.descriptor();
    const bool host = host_speaks(reader);
    Choice choice;
    if (!reader.has(feature::auto_negotiation)) {
        choice = choose(atr, reader, port.quirks(), plain);
        const Milliseconds silence = block_silence(atr, reader, choice.protocol, default_speed);
        const bool by_host = choice.pps && host && !reader.has(feature::auto_pps);
        if ((by_host && host_pps(port, slot, silence, choice) == Outcome::refused) ||
            set_parameters(port, slot, atr, choice) == Outcome::refused) {
            return Outcome::refused;
        }
    } else if (host) {
        choice.protocol = protocol_of_reader(port, slot, atr);
    }
    card.number = choice.protocol;
    if (host) {
        card.silence = block_silence(atr, reader, choice.protocol, choice.fi_di);
        if (card.number == 1) {
            begin_t1(port, slot, atr, card);
        }
    }
    return Outcome::agreed;
}

/// power_and_negotiate is one reset; nullopt when the card refused the negotiation.
std::optional<Activated> power_and_negotiate(CcidPort& port, Byte slot, bool plain) {
    Activated card{power_on(port, slot), {}};
    card.protocol.silence = card_silence(card.atr, port.descriptor());
    const auto atr = parse_atr(card.atr);
    if (!atr) {
        if (host_speaks(port.descriptor())) {
            throw Error(Kind::protocol, "malformed ATR " + to_hex(card.atr));
        }
        log::warn("malformed ATR {}", to_hex(card.atr));
        return card;  // the reader liked it, and at APDU level it is the reader who needs it
    }
    if (atr->check == Atr::Check::wrong) {
        log::info("ATR {} has a wrong TCK", to_hex(card.atr));
    }
    if (negotiate(port, slot, *atr, plain, card.protocol) == Outcome::refused) {
        return std::nullopt;
    }
    return card;
}

}  // namespace

Activated power_cycle(CcidPort& port, Byte slot, bool powered) {
    if (powered || port.quirks().power_off_first) {
        power_off(port, slot);
    }
    if (auto card = power_and_negotiate(port, slot, false)) {
        return std::move(*card);
    }
    log::info("the card refuses protocol or speed; it is reset and taken as it is");
    power_off(port, slot);
    if (auto card = power_and_negotiate(port, slot, true)) {
        return std::move(*card);
    }
    throw Error(Kind::protocol, "the reader does not take the parameters that the card begins with");
}

}  // namespace jeton::reader
