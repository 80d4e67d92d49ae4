// The card side of the emulated reader: what a card does at its contacts.
#pragma once

#include <cstdint>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

class SimulatedCard {
  public:
    virtual ~SimulatedCard() = default;

    /// present tells whether the card is in the reader now.
    virtual bool present() = 0;

    /// insertion changes when the card was taken out and put in, or another one was: it has no power then.
    virtual std::uint64_t insertion() { return 0; }

    /// power_on resets the card and gives its ATR.
    virtual Bytes power_on() = 0;
    virtual void power_off() = 0;

    /// transmit carries out one command APDU (short or extended) and gives the response APDU, SW1 SW2 at its
    /// end.
    virtual SecretBytes transmit(View command) = 0;
};

}  // namespace jeton::reader
