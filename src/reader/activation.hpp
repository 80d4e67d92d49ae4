// Powering a card: voltages, ATR, and the parameters that some readers want to be told.
#pragma once

#include "reader/atr.hpp"
#include "reader/ccid_port.hpp"

namespace jeton::reader {

/// power_cycle gives the card in |slot| a cold reset and returns its ATR (2 to 33 bytes). |powered|: it has
/// to be powered off first. Throws Error: no_card, mute, protocol, unsupported, timeout, gone.
Bytes power_cycle(CcidPort& port, Byte slot, bool powered);

/// card_parameters is the data of SetParameters (6.1.7) for |protocol| 0 or 1, with the speed |fi_di|.
Bytes card_parameters(const Atr& atr, Byte protocol, Byte fi_di);

/// card_silence is how long the card may be silent before it has to ask for more time, plus what the reader
/// takes: the waiting times of ISO/IEC 7816-3, 10.2 and 11.4.3 (BWT, WWT), of the slower protocol that the
/// ATR offers. A card that computes for longer asks, and the reader passes that on as time extension.
Milliseconds card_silence(View atr, const ClassDescriptor& reader);

/// best_speed is the card's Fi and Di if the reader can follow and will negotiate it, else the default 11.
Byte best_speed(const Atr& atr, const ClassDescriptor& reader);

}  // namespace jeton::reader
