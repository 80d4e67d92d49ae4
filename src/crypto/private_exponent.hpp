// The private exponent of an RSA key, for formats that carry it in place of the primes.
#pragma once

#include "crypto/keys.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// private_exponent gives d, big-endian without leading zeros (RFC 8017, 3.2, first form). Throws Error when
/// the parts are no sound key.
SecretBytes private_exponent(const RsaPrivateParts& parts);

}  // namespace jeton::crypto
