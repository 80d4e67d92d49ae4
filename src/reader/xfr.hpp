// Xfr is one exchange with a card: XfrBlock messages that together have a deadline.
#pragma once

#include <cstdint>

#include "reader/ccid_port.hpp"

namespace jeton::reader {

/// ApduResult is a response APDU and what the reader said about the card with it.
struct ApduResult {
    SecretBytes response;
    ccid::IccStatus icc = ccid::IccStatus::active;
};

class Xfr {
  public:
    /// |wait.first| is how long the reader may be silent, |wait.total| bounds all messages together.
    Xfr(CcidPort& port, Byte slot, Wait wait);

    /// block sends one XfrBlock; |waiting| is bBWI and multiplies the silence, |level| is wLevelParameter.
    /// Throws Error: no_card when the card is not there or has lost its power, timeout when the time is over,
    /// else as CardLink::transmit.
    ccid::Reply block(View data, std::uint16_t level = 0, Byte waiting = 0);

    /// attempt is block() that leaves it to the caller what a failure of the card's bytes means: a reply that
    /// failed is given, unless the card is not there.
    ccid::Reply attempt(View data, std::uint16_t level = 0, Byte waiting = 0);

    CcidPort& port() const { return m_port; }

    /// payload is the most data that one message carries.
    std::size_t payload() const { return m_port.descriptor().max_message - ccid::header_size; }

    /// icc is what the last reply said of the card.
    ccid::IccStatus icc() const { return m_icc; }

  private:
    CcidPort& m_port;
    Byte m_slot;
    Milliseconds m_silence;
    Deadline m_deadline;
    ccid::IccStatus m_icc = ccid::IccStatus::active;
};

}  // namespace jeton::reader
