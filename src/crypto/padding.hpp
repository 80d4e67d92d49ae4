// RSA paddings on the host, around a card that computes the raw operation (RFC 8017). OpenSSL pads only
// together with a key of its own, so the block formats stand here; hashes and comparison come from OpenSSL.
#pragma once

#include <optional>

#include "crypto/digest.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// pkcs_overhead is the least that PKCS #1 v1.5 adds to what it pads, in bytes (RFC 8017, 7.2).
inline constexpr std::size_t pkcs_overhead = 11;

/// digest_info is the DER DigestInfo of |digest| (RFC 8017, 9.2, note 1).
Bytes digest_info(Hash hash, View digest);

/// pad_pkcs_signature gives the block 00 01 FF.. 00 content (EMSA-PKCS1-v1_5); nullopt when |content| is
/// longer than |block_bytes| - 11.
std::optional<Bytes> pad_pkcs_signature(std::size_t block_bytes, View content);

/// pad_pss gives the EMSA-PSS block of |digest| for a modulus of |modulus_bits|, as long as the modulus, with
/// a random salt; nullopt when the modulus is too short for hash and salt.
std::optional<Bytes> pad_pss(std::size_t modulus_bits, Hash hash, Hash mgf, std::size_t salt_bytes,
                             View digest);

/// unpad_pkcs takes an RSAES-PKCS1-v1_5 block apart; nullopt when it is malformed. Its time does not depend
/// on where.
std::optional<SecretBytes> unpad_pkcs(View block);

/// unpad_oaep takes an RSAES-OAEP block apart; nullopt when it is malformed. Its time does not depend on
/// where.
std::optional<SecretBytes> unpad_oaep(View block, Hash hash, Hash mgf, View label);

}  // namespace jeton::crypto
