// Asymmetric algorithms, as every application of a software card has them.
#pragma once

#include <variant>

#include "crypto/keys.hpp"

namespace jeton::softcard {

/// Origins of a key, as PIV's metadata and OpenPGP's key information tell them.
inline constexpr Byte origin_generated = 1;
inline constexpr Byte origin_imported = 2;

struct RsaModulus {
    std::size_t bits;
    std::size_t bytes() const { return bits / 8; }
};

/// KeyAlgorithm is an asymmetric algorithm.
struct KeyAlgorithm {
    Byte id;  ///< as the application writes it
    std::variant<RsaModulus, crypto::Curve, crypto::OkpCurve> kind;
    bool may_generate;  ///< false: such keys are imported and used alone

    /// describes tells whether |key| is a key of this algorithm.
    bool describes(const crypto::PublicKey& key) const;
};

/// generate_key makes a key of |algorithm|; RSA takes its time.
crypto::PrivateKey generate_key(const KeyAlgorithm& algorithm);

}  // namespace jeton::softcard
