#include "pkcs11/slot.hpp"

#include <utility>

namespace jeton::pkcs11 {

Slot::Slot(std::shared_ptr<CardOpening> opening, std::size_t ordinal, bool is_new)
    : m_opening(std::move(opening)), m_ordinal(ordinal), m_id(m_opening->slot_id(ordinal)) {
    if (is_new) {
        m_seen = Seen{};
    }
}

bool Slot::take_event() {
    const Seen now = look();
    const std::lock_guard lock(m_seen_mutex);
    const std::optional<Seen> before = std::exchange(m_seen, now);
    return before && *before != now;
}

bool Slot::present() {
    const Seen now = look();
    const std::lock_guard lock(m_seen_mutex);
    if (!m_seen) {
        m_seen = now;
    }
    return now.present;
}

Slot::Seen Slot::look() {
    const Seen now = m_opening->look();
    if (m_ordinal == 0 || !now.present) {
        return now;
    }
    m_opening->meet();
    return m_opening->offers(m_ordinal) ? now : Seen{};
}

}  // namespace jeton::pkcs11
