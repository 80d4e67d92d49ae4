// What a PrivateKey holds. Private to src/crypto.
#pragma once

#include "crypto/keys.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

struct PrivateKey::State {
    openssl::Pkey pkey;
    PublicKey public_key;
};

}  // namespace jeton::crypto
