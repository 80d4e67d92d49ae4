// One APDU at the exchange level of the reader: in one message (short APDU), or in as many as it takes
// (extended APDU).
#pragma once

#include "reader/ccid_port.hpp"

namespace jeton::reader {

/// ApduResult is a response APDU and what the reader said about the card with it.
struct ApduResult {
    SecretBytes response;
    ccid::IccStatus icc = ccid::IccStatus::active;
};

/// exchange_apdu sends |command| and gives the response, at least 2 bytes. |wait.total| bounds the whole
/// exchange. Throws Error: unsupported when the reader's level cannot carry the command, no_card when the
/// card is not there or has lost its power, else as CardLink::transmit.
ApduResult exchange_apdu(CcidPort& port, Byte slot, View command, Wait wait);

/// require_apdu_level throws Error(unsupported) for readers that leave T=0 and T=1 to the host.
void require_apdu_level(ExchangeLevel level, const std::string& reader_name);

}  // namespace jeton::reader
