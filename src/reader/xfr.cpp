#include "reader/xfr.hpp"

#include <algorithm>

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

}  // namespace

Xfr::Xfr(CcidPort& port, Byte slot, Wait wait)
    : m_port(port), m_slot(slot), m_silence(wait.first), m_deadline(Deadline::after(wait.total)) {}

ccid::Reply Xfr::block(View data, std::uint16_t level, Byte waiting) {
    const ccid::Reply reply = attempt(data, level, waiting);
    if (reply.status != ccid::CommandStatus::ok) {
        throw ccid::failure(reply, "transmit");
    }
    return reply;
}

ccid::Reply Xfr::attempt(View data, std::uint16_t level, Byte waiting) {
    const Milliseconds left = m_deadline.remaining();
    if (left == Milliseconds(0)) {
        throw Error(Kind::timeout, "the card takes too long");
    }
    const ccid::Command command{
        .request = ccid::Request::xfr_block,
        .slot = m_slot,
        .specific = {waiting, static_cast<Byte>(level & 0xFF), static_cast<Byte>(level >> 8)},
        .data = data};
    const Milliseconds silence = m_silence * std::max<int>(waiting, 1);
    const ccid::Reply reply = m_port.exchange(command, {std::min(silence, left), left});
    m_icc = reply.icc;
    if (reply.status == ccid::CommandStatus::ok) {
        return reply;
    }
    // Whoever sends APDUs gave the card power: it lost that on its way out of the reader and in again.
    if (reply.icc == ccid::IccStatus::inactive) {
        throw Error(Kind::no_card, "transmit: the card has lost its power: it was taken out");
    }
    if (reply.icc != ccid::IccStatus::active) {
        throw ccid::failure(reply, "transmit");
    }
    return reply;
}

}  // namespace jeton::reader
