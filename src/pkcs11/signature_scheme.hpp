// What each signature scheme makes of its input: a block for the card, or the answer whether a signature
// fits.
#pragma once

#include <optional>

#include "pkcs11/mechanisms.hpp"
#include "pkcs11/parameters.hpp"

namespace jeton::pkcs11 {

/// SignatureUse is one use of a mechanism with a key.
struct SignatureUse {
    const MechanismRow& row;
    const crypto::PublicKey& key;
    const std::optional<PssParameters>& pss;
};

/// signature_block makes what the card computes with out of the hash or, where the mechanism does not hash,
/// of the data: DATA_LEN_RANGE, DATA_INVALID.
Bytes signature_block(const SignatureUse& use, View input);

/// signature_content is what the card pads itself (card::Primitive::rsa_pkcs1): DATA_LEN_RANGE.
Bytes signature_content(const SignatureUse& use, View input);

/// signature_holds checks |signature|, which has signature_length.
bool signature_holds(const SignatureUse& use, View input, View signature);

/// signature_length is what a key of this kind makes, in bytes; 0 for one that does not sign.
std::size_t signature_length(const crypto::PublicKey& key);

/// longest_input is the most that a mechanism which does not hash takes, in bytes.
std::size_t longest_input(Scheme scheme);

}  // namespace jeton::pkcs11
