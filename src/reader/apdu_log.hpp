// What of an APDU may stand in a log: never a PIN, a key, or what a key deciphered.
#pragma once

#include <string>

#include "reader/secret_mask_rules.hpp"
#include "util/bytes.hpp"

namespace jeton::reader {

/// ApduLog renders the APDUs of one card opening, in order.
class ApduLog {
  public:
    /// command renders a command APDU; what is secret is replaced by its length.
    std::string command(View apdu);

    /// response renders the response to the last command.
    std::string response(View apdu) const;

  private:
    SecretTracker m_tracker;
    Secrets m_secrets;
};

}  // namespace jeton::reader
