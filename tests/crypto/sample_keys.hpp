// Keys that tests share, because RSA keys take their time.
#pragma once

#include "crypto/keys.hpp"

namespace jeton::test {

/// sample_rsa is one key of 2048 bits.
inline const crypto::PrivateKey& sample_rsa() {
    static const crypto::PrivateKey key = crypto::PrivateKey::generate_rsa(2048);
    return key;
}

inline crypto::RsaPublicKey sample_rsa_public() {
    return std::get<crypto::RsaPublicKey>(sample_rsa().public_key());
}

}  // namespace jeton::test
