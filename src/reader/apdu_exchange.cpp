#include "reader/apdu_exchange.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/card_link.hpp"
#include "reader/parameters.hpp"
#include "reader/t0_wire.hpp"
#include "reader/t1_wire.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr std::size_t shortest_response = 2;

/// is_extended recognises the extended length fields of ISO/IEC 7816-4, 5.1: a zero where a short Lc would
/// be.
bool is_extended(View command) {
    return command.size() > longest_short_command || (command.size() > 5 && command[4] == 0);
}

/// ApduExchange is one APDU on its way to a reader that takes APDUs.
class ApduExchange {
  public:
    explicit ApduExchange(Xfr& xfr) : m_xfr(xfr) {}

    SecretBytes short_apdu(View command) {
        if (is_extended(command) || command.size() > m_xfr.payload()) {
            throw Error(Kind::unsupported, "the reader carries short APDUs only");
        }
        take(xfr_block(ccid::chain::whole, command));
        return std::move(m_response);
    }

    SecretBytes extended_apdu(View command) {
        ccid::Reply reply = send(command);
        while (take(reply)) {
            reply = xfr_block(ccid::chain::go_on, {});
        }
        return std::move(m_response);
    }

  private:
    /// send gives the reply to the last part of |command|.
    ccid::Reply send(View command) {
        if (command.size() <= m_xfr.payload()) {
            return xfr_block(ccid::chain::whole, command);
        }
        Byte level = ccid::chain::first;
        while (command.size() > m_xfr.payload()) {
            const ccid::Reply reply = xfr_block(level, command.first(m_xfr.payload()));
            if (reply.specific != ccid::chain::go_on || !reply.data.empty()) {
                throw Error(Kind::protocol, "the reader answered before it had the whole command");
            }
            command = command.subspan(m_xfr.payload());
            level = ccid::chain::middle;
        }
        return xfr_block(ccid::chain::last, command);
    }

    /// take adds one part of the response; true: more follow. Each part must bring something, so that the
    /// number of messages is bounded by the length of a response.
    bool take(const ccid::Reply& reply) {
        const bool chaining = m_xfr.port().descriptor().level() == ExchangeLevel::extended_apdu;
        const Byte chained = chaining ? reply.specific : ccid::chain::whole;
        if (chained > ccid::chain::middle) {
            throw Error(Kind::protocol, fmt::format("the reader chains a response with {:02X}", chained));
        }
        const bool begins = chained == ccid::chain::whole || chained == ccid::chain::first;
        const bool more = chained == ccid::chain::first || chained == ccid::chain::middle;
        if (begins != m_response.empty() || (more && reply.data.empty())) {
            throw Error(Kind::protocol, "the parts of a response do not follow each other");
        }
        if (m_response.size() + reply.data.size() > longest_response) {
            throw Error(Kind::protocol, "the response is longer than any APDU");
        }
        append(m_response, reply.data);
        return more;
    }

    ccid::Reply xfr_block(Byte level, View data) { return m_xfr.block(data, level); }

    Xfr& m_xfr;
    SecretBytes m_response;
};

std::optional<Byte> class_of(Byte field) {
    constexpr Byte as_in_command = 0xFF;
    return field == as_in_command ? std::nullopt : std::optional(field);
}

SecretBytes over_t0(Xfr& xfr, View command) {
    const ClassDescriptor& reader = xfr.port().descriptor();
    const t0::Classes classes{class_of(reader.class_get_response), class_of(reader.class_envelope)};
    if (reader.level() == ExchangeLevel::character) {
        ProcedureWire wire(xfr);
        return t0::transmit(wire, classes, command);
    }
    TpduWire wire(xfr);
    return t0::transmit(wire, classes, command);
}

SecretBytes over_t1(Xfr& xfr, t1::State& state, View command) {
    BlockWire wire(xfr, state.checksum);
    return t1::transmit(wire, state, command);
}

SecretBytes carry(Xfr& xfr, CardProtocol& card, View command) {
    const ExchangeLevel level = xfr.port().descriptor().level();
    if (level == ExchangeLevel::short_apdu) {
        return ApduExchange(xfr).short_apdu(command);
    }
    if (level == ExchangeLevel::extended_apdu) {
        return ApduExchange(xfr).extended_apdu(command);
    }
    return card.number == 0 ? over_t0(xfr, command) : over_t1(xfr, card.t1, command);
}

}  // namespace

ApduResult exchange_apdu(CcidPort& port, Byte slot, CardProtocol& card, View command, Milliseconds limit) {
    if (command.size() < command_header || command.size() > longest_command) {
        throw Error(Kind::unsupported, fmt::format("a command APDU of {} bytes", command.size()));
    }
    Xfr xfr(port, slot, {card.silence, limit});
    SecretBytes response = carry(xfr, card, command);
    if (response.size() < shortest_response) {
        throw Error(Kind::protocol, "the response has no status word");
    }
    return {std::move(response), xfr.icc()};
}

}  // namespace jeton::reader
