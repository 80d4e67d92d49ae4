// One APDU at the exchange level of the reader: in one message (short APDU), in as many as it takes (extended
// APDU), or by T=0 or T=1 that the host speaks (TPDU and character level).
#pragma once

#include "reader/card_protocol.hpp"
#include "reader/xfr.hpp"

namespace jeton::reader {

/// exchange_apdu sends |command| to the card of which |card| says how it is talked to, and gives the
/// response, at least 2 bytes. |limit| bounds the whole exchange. Throws Error: unsupported when the path
/// cannot carry the command, no_card when the card is not there or has lost its power, else as
/// CardLink::transmit.
ApduResult exchange_apdu(CcidPort& port, Byte slot, CardProtocol& card, View command, Milliseconds limit);

}  // namespace jeton::reader
