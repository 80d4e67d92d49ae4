// The numbers behind a named curve, and whole points: what cards tell and compute that name no curves.
#pragma once

#include <optional>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// DomainParameters are those of a curve over a prime field (SEC 1, 3.1.1): big-endian, each number as long
/// as a coordinate.
struct DomainParameters {
    Bytes prime, a, b;
    Bytes generator;  ///< uncompressed: 04, X, Y
    Bytes order;
    Bytes cofactor;  ///< without leading zeros
};

DomainParameters domain_parameters(Curve curve);

/// agree_on_point gives the shared point 04, X, Y whose X PrivateKey::agree gives; nullopt when |peer| is not
/// a point of the curve. Throws Error when |key| is not an EC key.
std::optional<SecretBytes> agree_on_point(const PrivateKey& key, View peer);

}  // namespace jeton::crypto
