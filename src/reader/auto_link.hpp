// AutoLink is one card opening that can be reached in two ways: by this process itself, and through pcscd
// when that has the reader.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "reader/card_link.hpp"

namespace jeton::reader {

/// AutoLink goes directly until a Lease meets a reader that is busy and that pcscd turns out to have; from
/// then on it goes through pcscd, until that is gone. It changes over between Leases alone, and says `reset`
/// then, so that a login is proved again as after any reset; the card's identity is compared with it.
/// insertion() does not change.
class AutoLink final : public CardLink {
  public:
    /// |find_other| gives the way through pcscd, nullptr where that does not have the reader now.
    AutoLink(std::shared_ptr<CardLink> direct, std::function<std::unique_ptr<CardLink>()> find_other);

    std::string name() const override { return m_direct->name(); }
    LinkLimits limits() const override { return current().limits(); }
    bool present() override;
    std::uint64_t insertion() const override;
    std::unique_ptr<Lease> acquire(Deadline deadline) override;
    void hold(bool on) override { current().hold(on); }
    bool others_wrote() override { return current().others_wrote(); }
    std::size_t told_tokens() override { return current().told_tokens(); }
    void tell_tokens(std::size_t count) override { current().tell_tokens(count); }
    View atr() const override { return current().atr(); }
    SecretBytes transmit(View command, Milliseconds limit) override {
        return current().transmit(command, limit);
    }
    void reset() override { current().reset(); }

    /// through_pcscd tells which way it goes now.
    bool through_pcscd() const { return m_current.load() != m_direct.get(); }

  private:
    class Fresh;

    CardLink& current() const { return *m_current.load(); }
    bool go_over(CardLink* from, std::uint64_t shown);
    bool go_back(CardLink* from, std::uint64_t shown);
    void change_to(CardLink& link, std::uint64_t shown);
    std::unique_ptr<Lease> acquire_some_way(Deadline deadline);

    const std::shared_ptr<CardLink> m_direct;
    const std::function<std::unique_ptr<CardLink>()> m_find_other;
    std::atomic<CardLink*> m_current;
    mutable std::mutex m_mutex;            ///< of a change, and of what follows
    std::unique_ptr<CardLink> m_other;     ///< kept once it was used: leases may point to it
    std::uint64_t m_base = 0;              ///< makes insertion() go on where the way changed
    std::optional<std::uint64_t> m_shown;  ///< insertion() since a change, until the first Lease after it
};

}  // namespace jeton::reader
