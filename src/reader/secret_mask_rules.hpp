// Which commands to a card carry secrets, and which answers do. The log and the trace go by it.
#pragma once

#include "util/bytes.hpp"

namespace jeton::reader {

/// Secrets tells which half of an exchange must not be shown.
struct Secrets {
    bool command = false;   ///< the data field
    bool response = false;  ///< all but the status word
};

/// SecretTracker judges the commands of one card, in order: what GET RESPONSE fetches belongs to the command
/// before it, and the links of a chain belong together. Instructions that it does not know are secret.
class SecretTracker {
  public:
    /// command judges |apdu|: the whole of it, or its beginning of at least four bytes.
    Secrets command(View apdu, bool whole);

  private:
    bool m_response = false;      ///< of the last command
    bool m_chain = false;         ///< more links follow
    bool m_secret_chain = false;  ///< and their data are secret
};

}  // namespace jeton::reader
