// Keys as OpenSSL holds them. Private to src/crypto.
#pragma once

#include <optional>
#include <string_view>

#include "crypto/keys.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

/// The kinds of keys, by object identifier. By a name that it knows, OpenSSL would look for an engine that
/// the application made its default, even in a library context of our own, and hand our keys to it.
inline constexpr std::size_t largest_modulus_bits = 16384;
inline constexpr const char* rsa_kind = "1.2.840.113549.1.1.1";
inline constexpr const char* ec_kind = "1.2.840.10045.2.1";
const char* okp_kind(OkpCurve curve);

/// make_pkey gives |key| in OpenSSL's form; null when it is not valid.
openssl::Pkey make_pkey(const PublicKey& key);

/// make_ec_pkey takes a point in any form, compressed too; null when it is not a point of |curve|.
openssl::Pkey make_ec_pkey(Curve curve, View point);

/// public_part reads the public key out of |pkey|; nullopt for a kind or curve that we do not know.
std::optional<PublicKey> public_part(const EVP_PKEY* pkey);

/// operation_on gives a new context for one operation with |pkey|.
openssl::PkeyContext operation_on(EVP_PKEY* pkey);

/// curve_of_name finds a curve by one of its names: "P-256", "secp256r1", "prime256v1".
std::optional<Curve> curve_of_name(std::string_view name);

/// is_below compares two big-endian numbers of the same length.
bool is_below(View number, View limit);

}  // namespace jeton::crypto
