// The contacts of a simulated card that speaks T=0 or T=1 there: ATR, PPS, and the protocol.
#pragma once

#include <deque>
#include <variant>

#include "reader/emulated_t0.hpp"
#include "reader/emulated_t1.hpp"

namespace jeton::reader::emulated {

/// contact_atr is an ATR that says what |options| choose, with the historical bytes of |atr|.
Bytes contact_atr(View atr, const ContactOptions& options);

class Contacts {
  public:
    /// |card| must outlive it.
    Contacts(SimulatedCard& card, const ContactOptions& options, Milliseconds command_time)
        : m_card(card), m_options(options), m_command_time(command_time) {}

    /// power_on resets the card. Throws what the card throws.
    Bytes power_on();

    /// say gives the card characters, of which the first may be a PPS. Throws what the card throws.
    void say(View bytes);

    /// listen takes at most |count| of the characters that the card says, fewer where it stops; |pause| grows
    /// by the time for which it is silent before and between them.
    SecretBytes listen(std::size_t count, Milliseconds& pause);

    /// protocol is what the card speaks now: the one it begins with or the one of a PPS; speed is Fi and Di.
    Byte protocol() const { return m_protocol; }
    Byte speed() const { return m_speed; }

    /// negotiate sends a PPS for the reader; false when the card does not agree.
    bool negotiate(Byte protocol, Byte fi_di);

  private:
    bool take_pps(View bytes);
    void begin();

    SimulatedCard& m_card;
    const ContactOptions m_options;
    const Milliseconds m_command_time;
    std::variant<std::monostate, T0Card, T1Card> m_speaker;
    std::deque<Utterance> m_said;
    bool m_fresh = false;  ///< nothing was said to it since its reset
    bool m_deaf = false;   ///< until its reset
    Byte m_protocol = 0;
    Byte m_speed = 0x11;
};

}  // namespace jeton::reader::emulated
