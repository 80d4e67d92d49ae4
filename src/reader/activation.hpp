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

/// best_speed is the card's Fi and Di if the reader can follow and will negotiate it, else the default 11.
Byte best_speed(const Atr& atr, const ClassDescriptor& reader);

}  // namespace jeton::reader
