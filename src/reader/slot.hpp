// Slot is one card opening of a Reader, as a CardLink.
#pragma once

#include "reader/apdu_exchange.hpp"
#include "reader/apdu_log.hpp"
#include "reader/card_link.hpp"
#include "reader/interface.hpp"

namespace jeton::reader {

class Slot final : public CardLink {
  public:
    /// |owner| must outlive it; |index| is less than most_slots.
    Slot(InterfaceOwner& owner, std::size_t index) : m_owner(owner), m_index(index) {}

    std::string name() const override;
    LinkLimits limits() const override;
    bool present() override;
    std::uint64_t insertion() const override;
    std::unique_ptr<Lease> acquire(Deadline deadline) override;
    bool others_wrote() override;
    std::size_t told_tokens() override;
    void tell_tokens(std::size_t count) override;
    View atr() const override;
    SecretBytes transmit(View command, Milliseconds limit) override;
    bool has_pinpad(PadUse use) const override;
    SecretBytes verify_on_pinpad(const PinEntry& entry) override;
    SecretBytes modify_on_pinpad(const PinEntry& entry) override;
    void reset() override;

  private:
    class Burst;

    template <typename Exchange>
    ApduResult guarded(Interface& interface, Exchange&& exchange);
    SecretBytes on_pinpad(const PinEntry& entry, PadUse use);
    Byte number() const { return static_cast<Byte>(m_index); }
    Interface& leased_interface() const;
    bool trusted(Interface& interface) const;
    bool shareable(Interface& interface) const;
    void share(Interface& interface);
    Continuity establish(Interface& interface);
    void power_card(Interface& interface, ccid::IccStatus icc);
    void note_status(Interface& interface, ccid::IccStatus icc);
    void note_atr(SlotMemory& memory, Bytes atr);
    void distrust(Interface& interface);
    bool take_note_of_writes(Interface& interface);

    InterfaceOwner& m_owner;
    const std::size_t m_index;
    ApduLog m_log;  ///< under a Lease
};

}  // namespace jeton::reader
