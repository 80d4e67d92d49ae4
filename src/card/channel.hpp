// Channel carries commands over a CardLink under a Lease: it chooses short, extended or chained form, fetches
// what the card holds back (61xx), repeats with the length that the card names (6Cxx), and counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "card/apdu.hpp"
#include "card/profile.hpp"
#include "reader/card_link.hpp"

namespace jeton::card {

/// Channel lives as long as its Card, because it remembers whether the card takes extended APDUs.
class Channel {
  public:
    /// |link| and |rule| must live longer.
    Channel(reader::CardLink& link, const TransportRule& rule);

    /// transmit carries out one command, whatever its size. |limit| bounds the wait for each APDU. Throws
    /// reader::Error, or Error(malformed) when the card never stops answering 61xx, or Error(too_large) when
    /// the command is longer than the card takes; nothing was sent then.
    Response transmit(const Apdu& apdu, Milliseconds limit = default_limit);

    /// has_pad, and enter_on_pad, which has the PINs of |entry| typed on the reader and gives the status
    /// word.
    bool has_pad(reader::PadUse use) const { return m_link.has_pinpad(use); }
    StatusWord enter_on_pad(const reader::PinEntry& entry, reader::PadUse use);

    /// longest_data is how many bytes of data one command carries to this card through this reader, as far
    /// as is known; |chained| tells whether it may go in several links. Any thread may ask.
    std::size_t longest_data(bool chained) const;

    /// exchanges counts the APDUs that went to the card, links and GET RESPONSE included. Any thread may ask.
    std::uint64_t exchanges() const { return m_exchanges.load(std::memory_order_relaxed); }

    /// atr of the card at the last power on. Valid under a Lease.
    View atr() const { return m_link.atr(); }

    // Limits for a card that keeps asking for more time; one that is silent is given up long before.
    static constexpr Milliseconds default_limit{30000};  ///< a touch of the card within
    static constexpr Milliseconds slow_limit{300000};    ///< key generation

  private:
    enum class Extended { untried, proved, refused };

    bool has_extended() const;
    bool wants_extended(const Apdu& apdu) const;
    Response carry_out(const Apdu& apdu, bool extended, Milliseconds limit);
    std::optional<Response> send_links(Apdu& apdu, Milliseconds limit);
    Response exchange(const Apdu& apdu, bool extended, Milliseconds limit);
    void collect(Response& response, const Apdu& apdu, Milliseconds limit);

    reader::CardLink& m_link;
    const TransportRule& m_rule;
    std::atomic<Extended> m_extended = Extended::untried;
    std::atomic<std::uint64_t> m_exchanges = 0;
};

}  // namespace jeton::card
