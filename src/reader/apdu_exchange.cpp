#include "reader/apdu_exchange.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr std::size_t shortest_command = 4;
constexpr std::size_t longest_command = 65544;
constexpr std::size_t longest_short_command = 261;
constexpr std::size_t longest_response = 65538;
constexpr std::size_t shortest_response = 2;

/// is_extended recognises the extended length fields of ISO/IEC 7816-4, 5.1: a zero where a short Lc would
/// be.
bool is_extended(View command) {
    return command.size() > longest_short_command || (command.size() > 5 && command[4] == 0);
}

/// Exchange is one APDU on its way.
class Exchange {
  public:
    Exchange(CcidPort& port, Byte slot, Wait wait)
        : m_port(port), m_slot(slot), m_silence(wait.first), m_deadline(Deadline::after(wait.total)) {}

    ApduResult short_apdu(View command) {
        if (is_extended(command) || command.size() > payload()) {
            throw Error(Kind::unsupported, "the reader carries short APDUs only");
        }
        take(xfr_block(ccid::chain::whole, command));
        return finish();
    }

    ApduResult extended_apdu(View command) {
        ccid::Reply reply = send(command);
        while (take(reply)) {
            reply = xfr_block(ccid::chain::go_on, {});
        }
        return finish();
    }

  private:
    std::size_t payload() const { return m_port.descriptor().max_message - ccid::header_size; }

    /// send gives the reply to the last part of |command|.
    ccid::Reply send(View command) {
        if (command.size() <= payload()) {
            return xfr_block(ccid::chain::whole, command);
        }
        Byte level = ccid::chain::first;
        while (command.size() > payload()) {
            const ccid::Reply reply = xfr_block(level, command.first(payload()));
            if (reply.specific != ccid::chain::go_on || !reply.data.empty()) {
                throw Error(Kind::protocol, "the reader answered before it had the whole command");
            }
            command = command.subspan(payload());
            level = ccid::chain::middle;
        }
        return xfr_block(ccid::chain::last, command);
    }

    /// take adds one part of the response; true: more follow. Each part must bring something, so that the
    /// number of messages is bounded by the length of a response.
    bool take(const ccid::Reply& reply) {
        const bool chaining = m_port.descriptor().level() == ExchangeLevel::extended_apdu;
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
        m_icc = reply.icc;
        return more;
    }

    ApduResult finish() {
        if (m_response.size() < shortest_response) {
            throw Error(Kind::protocol, "the response has no status word");
        }
        return {std::move(m_response), m_icc};
    }

    ccid::Reply xfr_block(Byte level, View data) {
        const Milliseconds left = m_deadline.remaining();
        if (left == Milliseconds(0)) {
            throw Error(Kind::timeout, "the card takes too long");
        }
        const ccid::Command command{
            .request = ccid::Request::xfr_block, .slot = m_slot, .specific = {0, level, 0}, .data = data};
        const ccid::Reply reply = m_port.exchange(command, {std::min(m_silence, left), left});
        if (reply.status == ccid::CommandStatus::ok) {
            return reply;
        }
        // Whoever sends APDUs gave the card power: it lost that on its way out of the reader and in again.
        if (reply.icc == ccid::IccStatus::inactive) {
            throw Error(Kind::no_card, "transmit: the card has lost its power: it was taken out");
        }
        throw ccid::failure(reply, "transmit");
    }

    CcidPort& m_port;
    Byte m_slot;
    Milliseconds m_silence;
    Deadline m_deadline;
    SecretBytes m_response;
    ccid::IccStatus m_icc = ccid::IccStatus::active;
};

}  // namespace

ApduResult exchange_apdu(CcidPort& port, Byte slot, View command, Wait wait) {
    if (command.size() < shortest_command || command.size() > longest_command) {
        throw Error(Kind::unsupported, fmt::format("a command APDU of {} bytes", command.size()));
    }
    const ExchangeLevel level = port.descriptor().level();
    require_apdu_level(level, "the reader");
    Exchange exchange(port, slot, wait);
    return level == ExchangeLevel::short_apdu ? exchange.short_apdu(command)
                                              : exchange.extended_apdu(command);
}

void require_apdu_level(ExchangeLevel level, const std::string& reader_name) {
    if (level == ExchangeLevel::character || level == ExchangeLevel::tpdu) {
        throw Error(Kind::unsupported,
                    reader_name + ": exchanges at the level of " +
                        (level == ExchangeLevel::tpdu ? "TPDUs" : "characters") +
                        ", which is not supported yet; readers with short or extended APDU level are");
    }
}

}  // namespace jeton::reader
