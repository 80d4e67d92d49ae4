#include "reader/auto_link.hpp"

#include <thread>
#include <utility>

#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader {

using Kind = Error::Kind;

namespace {

constexpr Milliseconds ending_patience{2000};  ///< a daemon that ends gives the reader up moments later
constexpr Milliseconds pause{50};

}  // namespace

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
    return m_shown ? *m_shown : m_base + current().insertion();
}

/// present asks pcscd as well where the direct way knows of no card: who meets a reader that pcscd has had
/// all along has never seen its card.
bool AutoLink::present() {
    const std::uint64_t shown = insertion();
    CardLink& way = current();
    try {
        if (way.present()) {
            return true;
        }
    } catch (const Error& error) {
        if (error.kind() != Kind::gone) {
            throw;
        }
        if (go_back(&way, shown)) {
            return m_direct->present();
        }
    }
    if (&way != m_direct.get()) {
        return false;
    }
    const auto other = m_find_other();
    return other != nullptr && other->present();
}

std::unique_ptr<Lease> AutoLink::acquire_some_way(Deadline deadline) {
    std::optional<Deadline> patience;
    while (true) {
        const std::uint64_t shown = insertion();
        CardLink* const way = m_current.load();
        try {
            return way->acquire(deadline);
        } catch (const Error& error) {
            if (deadline.passed()) {
                throw;
            }
            if (error.kind() == Kind::gone && go_back(way, shown)) {
                patience = Deadline::after(ending_patience);
            } else if (error.kind() != Kind::busy) {
                throw;
            } else if (!go_over(way, shown)) {
                if (!patience || patience->passed()) {
                    throw;
                }
                std::this_thread::sleep_for(pause);
            }
        }
    }
}

/// acquire keeps insertion() as it was before a change: what either way makes of the daemon's coming and
/// going, of a reader that is gone or a card that lost its power, is nothing that the card did. Who has the
/// Lease compares.
std::unique_ptr<Lease> AutoLink::acquire(Deadline deadline) {
    std::unique_ptr<Lease> lease = acquire_some_way(deadline);
    const std::lock_guard lock(m_mutex);
    if (!m_shown) {
        return lease;
    }
    if (lease->continuity() != Continuity::reset) {
        current().reset();  // a record that knows nothing of pcscd may call the card ours
    }
    m_base = *std::exchange(m_shown, std::nullopt) - current().insertion();
    return std::make_unique<Fresh>(std::move(lease));
}

/// go_over changes to pcscd's way; true too when another thread did it.
bool AutoLink::go_over(CardLink* from, std::uint64_t shown) {
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
    change_to(*m_other, shown);
    return true;
}

bool AutoLink::go_back(CardLink* from, std::uint64_t shown) {
    const std::lock_guard lock(m_mutex);
    if (m_current.load() != from) {
        return true;
    }
    if (from == m_direct.get()) {
        return false;
    }
    log::info("{}: pcscd does not have the reader any more; going without it", m_direct->name());
    change_to(*m_direct, shown);
    return true;
}

void AutoLink::change_to(CardLink& link, std::uint64_t shown) {
    m_shown = shown;
    m_current = &link;
}

}  // namespace jeton::reader
