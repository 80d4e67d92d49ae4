#include "reader/auto_link.hpp"

#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader {

using Kind = Error::Kind;

/// Fresh is the first Lease after a change: whatever the way thinks of the card, others have used it since.
class AutoLink::Fresh final : public Lease {
  public:
    explicit Fresh(std::unique_ptr<Lease> lease) : m_lease(std::move(lease)) {}

    Continuity continuity() const override { return Continuity::reset; }
    bool others_wrote() const override { return true; }
    void mark_written() override { m_lease->mark_written(); }

  private:
    std::unique_ptr<Lease> m_lease;
};

AutoLink::AutoLink(std::shared_ptr<CardLink> direct, std::function<std::unique_ptr<CardLink>()> find_other)
    : m_direct(std::move(direct)), m_find_other(std::move(find_other)), m_current(m_direct.get()) {}

std::uint64_t AutoLink::insertion() const {
    const std::lock_guard lock(m_mutex);
    return m_base + current().insertion();
}

/// present asks pcscd as well where the direct way knows of no card: who meets a reader that pcscd has had
/// all along has never seen its card.
bool AutoLink::present() {
    CardLink& way = current();
    try {
        if (way.present()) {
            return true;
        }
    } catch (const Error& error) {
        if (error.kind() != Kind::gone) {
            throw;
        }
        if (&way != m_direct.get()) {
            return m_direct->present();
        }
    }
    if (&way != m_direct.get()) {
        return false;
    }
    const auto other = m_find_other();
    return other != nullptr && other->present();
}

std::unique_ptr<Lease> AutoLink::acquire(Deadline deadline) {
    std::unique_ptr<Lease> lease;
    while (!lease) {
        CardLink* const way = m_current.load();
        try {
            lease = way->acquire(deadline);
        } catch (const Error& error) {
            const bool changed =
                (error.kind() == Kind::busy && go_over(way)) || (error.kind() == Kind::gone && go_back(way));
            if (!changed || deadline.passed()) {
                throw;
            }
        }
    }
    if (!m_changed.exchange(false)) {
        return lease;
    }
    if (lease->continuity() != Continuity::reset) {
        current().reset();  // a record that knows nothing of pcscd may call the card ours
    }
    return std::make_unique<Fresh>(std::move(lease));
}

/// go_over changes to pcscd's way; true too when another thread did it.
bool AutoLink::go_over(CardLink* from) {
    const std::lock_guard lock(m_mutex);
    if (m_current.load() != from) {
        return true;
    }
    if (from != m_direct.get()) {
        return false;
    }
    auto other = m_find_other();
    if (other == nullptr) {
        return false;
    }
    if (m_other == nullptr || m_other->name() != other->name()) {
        m_other = std::move(other);
    }
    log::info("{}: pcscd has the reader; going through it, as \"{}\"", m_direct->name(), m_other->name());
    change_to(*m_other);
    return true;
}

bool AutoLink::go_back(CardLink* from) {
    const std::lock_guard lock(m_mutex);
    if (m_current.load() != from) {
        return true;
    }
    if (from == m_direct.get()) {
        return false;
    }
    log::info("{}: pcscd does not have the reader any more; going without it", m_direct->name());
    change_to(*m_direct);
    return true;
}

void AutoLink::change_to(CardLink& link) {
    m_base += current().insertion() - link.insertion();
    m_current = &link;
    m_changed = true;
}

}  // namespace jeton::reader
