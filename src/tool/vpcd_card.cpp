#include "tool/vpcd_card.hpp"

#include "reader/error.hpp"

namespace jeton::tool {

namespace {

using reader::Error;

constexpr Milliseconds lease_wait{30000};
constexpr Milliseconds lease_look{200};  ///< how long |stop| may go unheard
constexpr Milliseconds apdu_limit{120000};

constexpr Byte wrong_length[] = {0x67, 0x00};
constexpr Byte no_diagnosis[] = {0x6F, 0x00};

/// wait_for_lease gives nothing when |stop| became true.
std::unique_ptr<reader::Lease> wait_for_lease(reader::CardLink& link, const std::function<bool()>& stop) {
    const Deadline end = Deadline::after(lease_wait);
    while (!stop()) {
        try {
            return link.acquire(std::min(end, Deadline::after(lease_look)));
        } catch (const Error& error) {
            if (error.kind() != Error::Kind::busy || end.passed()) {
                throw;
            }
        }
    }
    return nullptr;
}

}  // namespace

bool VpcdCard::meet() {
    const bool met = power_on();
    m_lease.reset();
    return met;
}

/// power_on resets a card that is powered already, which is what vpcd's reset means too.
bool VpcdCard::power_on() {
    const bool had_lease = powered();
    if (!had_lease) {
        m_lease = wait_for_lease(m_link, m_stop);
    }
    if (!m_lease) {
        return false;
    }
    if (had_lease || m_lease->continuity() != reader::Continuity::reset) {
        m_link.reset();
    }
    m_used = false;
    m_atr = to_secret(m_link.atr());
    return true;
}

/// atr is also how the virtual reader asks whether there is a card, powered or not.
SecretBytes VpcdCard::atr() {
    if (!m_link.present()) {
        throw Error(Error::Kind::no_card, m_link.name() + ": the card is gone");
    }
    return m_atr;
}

SecretBytes VpcdCard::transmit(View command) {
    if (!powered()) {
        return to_secret(no_diagnosis);
    }
    if (!m_used) {
        // Before the first command, because it is the only moment that no kill can skip. Which commands write
        // is known to the card alone.
        m_lease->mark_written();
        m_used = true;
    }
    try {
        SecretBytes response = m_link.transmit(command, apdu_limit);
        return response.size() > reader::vpcd_longest ? to_secret(no_diagnosis) : std::move(response);
    } catch (const Error& error) {
        if (error.kind() != Error::Kind::unsupported) {
            throw;
        }
        return to_secret(wrong_length);
    }
}

std::optional<SecretBytes> VpcdCard::answer(const reader::VpcdMessage& message) {
    switch (message.kind) {
        case reader::VpcdMessage::Kind::power_off:
            m_lease.reset();
            break;
        case reader::VpcdMessage::Kind::power_on:
        case reader::VpcdMessage::Kind::reset:
            power_on();
            break;
        case reader::VpcdMessage::Kind::get_atr:
            return atr();
        case reader::VpcdMessage::Kind::apdu:
            return transmit(message.apdu);
    }
    return std::nullopt;
}

}  // namespace jeton::tool
