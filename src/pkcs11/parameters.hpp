// Mechanism parameters, copied out of the application's memory and checked. Everything here throws
// Error(MECHANISM_PARAM_INVALID) for what the mechanism does not allow.
#pragma once

#include <optional>

#include "pkcs11/mechanisms.hpp"

namespace jeton::pkcs11 {

struct PssParameters {
    crypto::Hash hash = crypto::Hash::sha1;
    crypto::Hash mgf = crypto::Hash::sha1;
    std::size_t salt_bytes = 0;
};

struct OaepParameters {
    crypto::Hash hash = crypto::Hash::sha1;
    crypto::Hash mgf = crypto::Hash::sha1;
    Bytes label;
};

/// EcdhParameters say what the other party sent, and what becomes of the shared secret.
struct EcdhParameters {
    std::optional<crypto::Hash> kdf;  ///< nullopt: the secret itself is the key (CKD_NULL)
    Bytes shared_data;                ///< for the key derivation function
    Bytes public_data;                ///< the other party's point, bare or in an OCTET STRING
};

/// require_no_parameter is for mechanisms without one.
void require_no_parameter(const CK_MECHANISM& mechanism);

PssParameters pss_parameters(const CK_MECHANISM& mechanism, const MechanismRow& row);
OaepParameters oaep_parameters(const CK_MECHANISM& mechanism);

/// require_plain_eddsa lets pass what says Ed25519 itself: no parameter, or one without prehash and context.
void require_plain_eddsa(const CK_MECHANISM& mechanism);

/// cmac_length is what CKM_AES_CMAC (16) or the parameter of CKM_AES_CMAC_GENERAL asks for: 1 to 16 bytes.
std::size_t cmac_length(const CK_MECHANISM& mechanism);

EcdhParameters ecdh_parameters(const CK_MECHANISM& mechanism);

/// aes_parameters reads an IV, CK_AES_CTR_PARAMS, or CK_GCM_PARAMS in its layout with ulIvBits (48 bytes) and
/// without (40 bytes: the text of PKCS#11 2.40). ulIvBits is ignored.
crypto::AesParameters aes_parameters(const CK_MECHANISM& mechanism, crypto::AesMode mode);

}  // namespace jeton::pkcs11
