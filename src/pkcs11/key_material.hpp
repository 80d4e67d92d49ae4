// Key pairs as attributes: the numbers in templates and in objects (PKCS#11 3.2, 6.1 and 6.3).
#pragma once

#include "card/key_type.hpp"
#include "crypto/keys.hpp"
#include "pkcs11/attributes.hpp"

namespace jeton::pkcs11 {

/// KeyKind is the standard's name of a family of keys, and of the mechanism that generates them.
struct KeyKind {
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE generator;
};

KeyKind kind_of(const crypto::PublicKey& key);

/// type_generated_by is the CKA_KEY_TYPE of what a mechanism for key pairs makes.
CK_KEY_TYPE type_generated_by(CK_MECHANISM_TYPE generator);

/// add_public_values adds the numbers of a public key: CKA_MODULUS or CKA_EC_PARAMS and the rest.
/// CKA_EC_POINT and CKA_MODULUS_BITS belong to public keys alone.
void add_public_values(Attributes& attributes, const crypto::PublicKey& key, bool is_public_object);

/// asked_type is the kind of key pair that a template for generation asks for: TEMPLATE_INCOMPLETE,
/// KEY_SIZE_RANGE, CURVE_NOT_SUPPORTED, and ATTRIBUTE_VALUE_INVALID for another public exponent than 65537.
card::KeyType asked_type(const Template& given, CK_KEY_TYPE type);

/// public_key_in reads a sound public key: TEMPLATE_INCOMPLETE, ATTRIBUTE_VALUE_INVALID, CURVE_NOT_SUPPORTED.
crypto::PublicKey public_key_in(const Template& given, CK_KEY_TYPE type);

/// GivenPrivateKey is a private key that an application brings.
struct GivenPrivateKey {
    card::KeyType type;
    crypto::PrivateParts parts;
};

/// private_key_in reads one; an RSA key comes with its primes or with the private exponent. Errors as
/// public_key_in.
GivenPrivateKey private_key_in(const Template& given, CK_KEY_TYPE type);

/// bare_octets gives |value| when it is |length| bytes long, or else what the OCTET STRING |value| holds,
/// when that is; empty for anything else. Modules and applications disagree on which form keys take.
View bare_octets(View value, std::size_t length);

}  // namespace jeton::pkcs11
