// Powering a card: voltages, ATR, negotiation of protocol and speed, and the parameters that some readers
// want to be told.
#pragma once

#include "reader/card_protocol.hpp"
#include "reader/ccid_port.hpp"

namespace jeton::reader {

/// Activated is a card that has power and waits for its first command.
struct Activated {
    Bytes atr;  ///< 2 to 33 bytes
    CardProtocol protocol;
};

/// power_cycle gives the card in |slot| a cold reset and agrees with it and with the reader how to talk
/// (CCID 6.1.7, ISO/IEC 7816-3, 9). |powered|: it has to be powered off first. A card that refuses the
/// negotiation is reset once more and taken as it is. Throws Error: no_card, mute, protocol, unsupported,
/// timeout, gone.
Activated power_cycle(CcidPort& port, Byte slot, bool powered);

}  // namespace jeton::reader
