// Keys that tests share, because RSA keys take their time.
#pragma once

#include "crypto/keys.hpp"

namespace jeton::test {

inline constexpr crypto::Curve all_curves[] = {crypto::Curve::p256,
                                               crypto::Curve::p384,
                                               crypto::Curve::p521,
                                               crypto::Curve::brainpoolP256r1,
                                               crypto::Curve::brainpoolP384r1,
                                               crypto::Curve::brainpoolP512r1,
                                               crypto::Curve::secp256k1};

/// sample_rsa is one key of 2048 bits.
inline const crypto::PrivateKey& sample_rsa() {
    static const crypto::PrivateKey key = crypto::PrivateKey::generate_rsa(2048);
    return key;
}

inline crypto::RsaPublicKey sample_rsa_public() {
    return std::get<crypto::RsaPublicKey>(sample_rsa().public_key());
}

}  // namespace jeton::test
