// A public key as PIV and OpenPGP write it: 81 modulus, 82 exponent, or 86 point (SP 800-73-4 part 2, table
// 21; OpenPGP card 3.4.1, 7.2.14).
#pragma once

#include "crypto/keys.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

inline Bytes public_key_fields(const crypto::PublicKey& key) {
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return TlvWriter().put(0x81, rsa->modulus).put(0x82, rsa->exponent).take();
    }
    if (const auto* const ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return TlvWriter().put(0x86, ec->point).take();
    }
    return TlvWriter().put(0x86, std::get<crypto::OkpPublicKey>(key).value).take();
}

}  // namespace jeton::softcard
