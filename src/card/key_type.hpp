// The kinds of key pair that cards hold (KeyType), and what they are as keys of src/crypto.
#pragma once

#include <optional>

#include "card/profile.hpp"
#include "crypto/keys.hpp"

namespace jeton::card {

/// key_type_of gives the card's name for the kind of a key; nullopt for a modulus that no card has.
std::optional<KeyType> key_type_of(const crypto::PublicKey& key);
std::optional<KeyType> key_type_of_rsa(std::size_t modulus_bits);
KeyType key_type_of(crypto::Curve curve);
KeyType key_type_of(crypto::OkpCurve curve);

/// rsa_bits, curve_of and okp_of are the reverse; nullopt for a KeyType of another family.
std::optional<std::size_t> rsa_bits(KeyType type);
std::optional<crypto::Curve> curve_of(KeyType type);
std::optional<crypto::OkpCurve> okp_of(KeyType type);

/// key_identifier is the customary CKA_ID of a key pair: SHA-1 of the modulus, or of the public point.
Bytes key_identifier(const crypto::PublicKey& key);

/// may_generate tells whether new keys of |type| are made. RSA-1024 keys that are on a card, or come to it
/// from elsewhere, are used, but none are made (SP 800-131A).
bool may_generate(KeyType type);

}  // namespace jeton::card
