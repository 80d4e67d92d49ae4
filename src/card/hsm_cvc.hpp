// Card verifiable certificates as cards with the application sc-hsm write them: of keys, as requests, and of
// the device.
#pragma once

#include <optional>
#include <string>

#include "card/profile.hpp"
#include "crypto/keys.hpp"

namespace jeton::card::hsm {

/// holder_of gives the certificate holder reference of the first certificate in |file|; empty without one.
std::string holder_of(View file);

/// requested_key reads the public key of a certificate request (67); nullopt when it is malformed, or its
/// curve or kind is not one that we know.
std::optional<crypto::PublicKey> requested_key(View file);

/// pair_template is the data of the command that generates a key pair of |type| for |holder|; empty for a
/// kind that such cards do not have.
Bytes pair_template(KeyType type, const std::string& holder);

/// unsigned_request holds |key| in the form of a request whose signatures are zeros.
Bytes unsigned_request(const crypto::PublicKey& key, const std::string& holder);

}  // namespace jeton::card::hsm
