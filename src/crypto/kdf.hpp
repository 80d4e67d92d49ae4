// Keys from passwords and from other keys.
#pragma once

#include "crypto/digest.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// pbkdf2 is PBKDF2 with HMAC (RFC 8018, 5.2). Throws Error for no iterations or a |length| of 0.
SecretBytes pbkdf2(Hash hash, View password, View salt, unsigned iterations, std::size_t length);

/// hkdf extracts and expands (RFC 5869, 2.2 and 2.3). Throws Error for a |length| of 0 or more than 255
/// digests, an empty |secret|, or an |info| that is longer than OpenSSL takes (1024 bytes).
SecretBytes hkdf(Hash hash, View secret, View salt, View info, std::size_t length);

}  // namespace jeton::crypto
