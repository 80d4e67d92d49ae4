// PINs that a person types on the reader's own pad (PC_to_RDR_Secure, CCID 6.1.11): the host never sees them.
#pragma once

#include "reader/card_link.hpp"
#include "reader/card_protocol.hpp"
#include "reader/ccid_port.hpp"

namespace jeton::reader {

/// can_enter_pins tells whether |reader| has a pad for |use|, at an exchange level at which it completes the
/// command by itself.
bool can_enter_pins(const ClassDescriptor& reader, PadUse use);

/// secure_structure is the data of PC_to_RDR_Secure for |entry|. |prologue| are NAD, PCB and LEN of a T=1
/// block, zeros where the host does not speak T=1.
Bytes secure_structure(const PinEntry& entry, PadUse use, const ClassDescriptor& reader,
                       const PinpadQuirks& quirks, View prologue);

/// pin_template is the command APDU around the PINs: the pad fills them in.
Bytes pin_template(const PinEntry& entry, PadUse use);

/// enter_pins waits until somebody has typed, and gives the status word: the card's, or 6401 for the cancel
/// key and 6400 when nobody typed in time; the card knows of neither. Throws Error as CardLink::transmit.
SecretBytes enter_pins(CcidPort& port, Byte slot, CardProtocol& card, const PinEntry& entry, PadUse use);

}  // namespace jeton::reader
