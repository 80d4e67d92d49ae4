// The card side of vpcd: answers its messages with the card behind a CardLink.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "reader/card_link.hpp"
#include "reader/vpcd_messages.hpp"

namespace jeton::tool {

/// VpcdCard holds the Lease of its card from power on to power off, so that the programs of the virtual
/// reader and those that use the card without it take turns, and none meets what another one verified or
/// selected.
class VpcdCard {
  public:
    /// |link| must outlive it. |stop| is asked during a wait and ends it when it is true.
    VpcdCard(reader::CardLink& link, std::function<bool()> stop) : m_link(link), m_stop(std::move(stop)) {}

    /// meet powers the card once, to learn the ATR. False when |stop| ended the wait. Throws reader::Error.
    bool meet();

    /// answer carries out |message| and gives what is to be sent back, if anything is. Throws reader::Error
    /// when there is no card any more, or somebody else keeps it.
    std::optional<SecretBytes> answer(const reader::VpcdMessage& message);

    bool powered() const { return m_lease != nullptr; }

  private:
    bool power_on();
    SecretBytes atr();
    SecretBytes transmit(View command);

    reader::CardLink& m_link;
    std::function<bool()> m_stop;
    std::unique_ptr<reader::Lease> m_lease;  ///< while the card is powered
    bool m_used = false;                     ///< since power on
    SecretBytes m_atr;
};

}  // namespace jeton::tool
