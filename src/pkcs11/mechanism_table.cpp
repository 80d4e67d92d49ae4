// The rows of the mechanism table, and the numbers that stand for hashes elsewhere.
#include <algorithm>
#include <array>

#include "pkcs11/mechanisms.hpp"

namespace jeton::pkcs11 {

namespace {

using crypto::AesMode;
using crypto::Hash;

constexpr CK_FLAGS sign_flags = CKF_HW | CKF_SIGN | CKF_VERIFY;
constexpr CK_FLAGS cipher_flags = CKF_ENCRYPT | CKF_DECRYPT;
constexpr CK_FLAGS rsa_flags = sign_flags | cipher_flags;
constexpr CK_FLAGS ec_names = CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME;
constexpr CK_FLAGS ec_shape = ec_names | CKF_EC_UNCOMPRESS;
constexpr CK_FLAGS pair_flags = CKF_HW | CKF_GENERATE_KEY_PAIR;
constexpr CK_FLAGS derive_flags = CKF_HW | CKF_DERIVE;

/// Generic secrets have their sizes in bits, AES keys in bytes (PKCS#11 3.2, 6.8 and 6.13).
constexpr CK_ULONG shortest_generic = 8;
constexpr CK_ULONG longest_generic = 8 * longest_secret;

constexpr MechanismRow digest_row(CK_MECHANISM_TYPE type, const char* name, Hash hash) {
    return {type, name, Scheme::digest, hash, CKF_DIGEST, 0, 0, std::nullopt};
}

/// A row whose sizes are those of the card's keys.
constexpr MechanismRow key_row(CK_MECHANISM_TYPE type, const char* name, Scheme scheme, CK_FLAGS flags) {
    return {type, name, scheme, std::nullopt, flags, 0, 0, std::nullopt};
}

constexpr MechanismRow rsa_row(CK_MECHANISM_TYPE type, const char* name, Scheme scheme, Hash hash) {
    return {type, name, scheme, hash, sign_flags, 0, 0, std::nullopt};
}

constexpr MechanismRow ecdsa_row(CK_MECHANISM_TYPE type, const char* name, Hash hash) {
    return {type, name, Scheme::ecdsa, hash, sign_flags | ec_shape, 0, 0, std::nullopt};
}

constexpr MechanismRow aes_row(CK_MECHANISM_TYPE type, const char* name, AesMode mode) {
    return {type, name, Scheme::aes, std::nullopt, cipher_flags, 16, 32, mode};
}

constexpr MechanismRow cmac_row(CK_MECHANISM_TYPE type, const char* name) {
    return {type, name, Scheme::aes_cmac, std::nullopt, CKF_SIGN | CKF_VERIFY, 16, 32, std::nullopt};
}

constexpr std::array rows{
    key_row(CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN", Scheme::rsa_pair, pair_flags),
    key_row(CKM_RSA_PKCS, "CKM_RSA_PKCS", Scheme::rsa_pkcs, rsa_flags),
    key_row(CKM_RSA_X_509, "CKM_RSA_X_509", Scheme::rsa_x509, rsa_flags),
    rsa_row(CKM_SHA1_RSA_PKCS, "CKM_SHA1_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha1),
    rsa_row(CKM_SHA224_RSA_PKCS, "CKM_SHA224_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha224),
    rsa_row(CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha256),
    rsa_row(CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha384),
    rsa_row(CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha512),
    rsa_row(CKM_SHA3_224_RSA_PKCS, "CKM_SHA3_224_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha3_224),
    rsa_row(CKM_SHA3_256_RSA_PKCS, "CKM_SHA3_256_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha3_256),
    rsa_row(CKM_SHA3_384_RSA_PKCS, "CKM_SHA3_384_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha3_384),
    rsa_row(CKM_SHA3_512_RSA_PKCS, "CKM_SHA3_512_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha3_512),
    key_row(CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS", Scheme::rsa_pss, sign_flags),
    rsa_row(CKM_SHA1_RSA_PKCS_PSS, "CKM_SHA1_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha1),
    rsa_row(CKM_SHA224_RSA_PKCS_PSS, "CKM_SHA224_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha224),
    rsa_row(CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha256),
    rsa_row(CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha384),
    rsa_row(CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha512),
    rsa_row(CKM_SHA3_224_RSA_PKCS_PSS, "CKM_SHA3_224_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha3_224),
    rsa_row(CKM_SHA3_256_RSA_PKCS_PSS, "CKM_SHA3_256_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha3_256),
    rsa_row(CKM_SHA3_384_RSA_PKCS_PSS, "CKM_SHA3_384_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha3_384),
    rsa_row(CKM_SHA3_512_RSA_PKCS_PSS, "CKM_SHA3_512_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha3_512),
    key_row(CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP", Scheme::rsa_oaep, CKF_HW | cipher_flags),
    key_row(CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN", Scheme::ec_pair, pair_flags | ec_shape),
    key_row(CKM_ECDSA, "CKM_ECDSA", Scheme::ecdsa, sign_flags | ec_shape),
    ecdsa_row(CKM_ECDSA_SHA1, "CKM_ECDSA_SHA1", Hash::sha1),
    ecdsa_row(CKM_ECDSA_SHA224, "CKM_ECDSA_SHA224", Hash::sha224),
    ecdsa_row(CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256", Hash::sha256),
    ecdsa_row(CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384", Hash::sha384),
    ecdsa_row(CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512", Hash::sha512),
    ecdsa_row(CKM_ECDSA_SHA3_224, "CKM_ECDSA_SHA3_224", Hash::sha3_224),
    ecdsa_row(CKM_ECDSA_SHA3_256, "CKM_ECDSA_SHA3_256", Hash::sha3_256),
    ecdsa_row(CKM_ECDSA_SHA3_384, "CKM_ECDSA_SHA3_384", Hash::sha3_384),
    ecdsa_row(CKM_ECDSA_SHA3_512, "CKM_ECDSA_SHA3_512", Hash::sha3_512),
    key_row(CKM_ECDH1_DERIVE, "CKM_ECDH1_DERIVE", Scheme::ecdh, derive_flags | ec_shape),
    // The curves in use have the cofactor 1, or clear it in the key (X25519): both mechanisms are one.
    key_row(CKM_ECDH1_COFACTOR_DERIVE, "CKM_ECDH1_COFACTOR_DERIVE", Scheme::ecdh, derive_flags | ec_shape),
    key_row(CKM_EC_EDWARDS_KEY_PAIR_GEN, "CKM_EC_EDWARDS_KEY_PAIR_GEN", Scheme::edwards_pair,
            pair_flags | ec_names),
    key_row(CKM_EDDSA, "CKM_EDDSA", Scheme::eddsa, sign_flags | ec_names),
    key_row(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, "CKM_EC_MONTGOMERY_KEY_PAIR_GEN", Scheme::montgomery_pair,
            pair_flags | ec_names),
    digest_row(CKM_SHA_1, "CKM_SHA_1", Hash::sha1),
    digest_row(CKM_SHA224, "CKM_SHA224", Hash::sha224),
    digest_row(CKM_SHA256, "CKM_SHA256", Hash::sha256),
    digest_row(CKM_SHA384, "CKM_SHA384", Hash::sha384),
    digest_row(CKM_SHA512, "CKM_SHA512", Hash::sha512),
    digest_row(CKM_SHA3_224, "CKM_SHA3_224", Hash::sha3_224),
    digest_row(CKM_SHA3_256, "CKM_SHA3_256", Hash::sha3_256),
    digest_row(CKM_SHA3_384, "CKM_SHA3_384", Hash::sha3_384),
    digest_row(CKM_SHA3_512, "CKM_SHA3_512", Hash::sha3_512),
    MechanismRow{CKM_GENERIC_SECRET_KEY_GEN,
                 "CKM_GENERIC_SECRET_KEY_GEN",
                 Scheme::generic_key,
                 {},
                 CKF_GENERATE,
                 shortest_generic,
                 longest_generic,
                 {}},
    MechanismRow{CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", Scheme::aes_key, {}, CKF_GENERATE, 16, 32, {}},
    aes_row(CKM_AES_ECB, "CKM_AES_ECB", AesMode::ecb),
    aes_row(CKM_AES_CBC, "CKM_AES_CBC", AesMode::cbc),
    aes_row(CKM_AES_CBC_PAD, "CKM_AES_CBC_PAD", AesMode::cbc_pad),
    aes_row(CKM_AES_CTR, "CKM_AES_CTR", AesMode::ctr),
    aes_row(CKM_AES_GCM, "CKM_AES_GCM", AesMode::gcm),
    cmac_row(CKM_AES_CMAC, "CKM_AES_CMAC"),
    cmac_row(CKM_AES_CMAC_GENERAL, "CKM_AES_CMAC_GENERAL"),
};

/// HashRow is a hash by its mask generation function and by its key derivation function.
struct HashRow {
    Hash hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
    CK_EC_KDF_TYPE kdf;
};

constexpr std::array hash_rows{
    HashRow{Hash::sha1, CKG_MGF1_SHA1, CKD_SHA1_KDF},
    HashRow{Hash::sha224, CKG_MGF1_SHA224, CKD_SHA224_KDF},
    HashRow{Hash::sha256, CKG_MGF1_SHA256, CKD_SHA256_KDF},
    HashRow{Hash::sha384, CKG_MGF1_SHA384, CKD_SHA384_KDF},
    HashRow{Hash::sha512, CKG_MGF1_SHA512, CKD_SHA512_KDF},
    HashRow{Hash::sha3_224, CKG_MGF1_SHA3_224, CKD_SHA3_224_KDF},
    HashRow{Hash::sha3_256, CKG_MGF1_SHA3_256, CKD_SHA3_256_KDF},
    HashRow{Hash::sha3_384, CKG_MGF1_SHA3_384, CKD_SHA3_384_KDF},
    HashRow{Hash::sha3_512, CKG_MGF1_SHA3_512, CKD_SHA3_512_KDF},
};

template <typename Number>
std::optional<Hash> hash_by(Number HashRow::* column, Number number) {
    const auto* const found = std::ranges::find(hash_rows, number, column);
    return found == hash_rows.end() ? std::nullopt : std::optional(found->hash);
}

}  // namespace

std::span<const MechanismRow> mechanism_rows() {
    return rows;
}

std::optional<Hash> hash_of(CK_MECHANISM_TYPE type) {
    const auto* const found = std::ranges::find(rows, type, &MechanismRow::type);
    return found != rows.end() && found->scheme == Scheme::digest ? found->hash : std::nullopt;
}

std::optional<Hash> hash_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf) {
    return hash_by(&HashRow::mgf, mgf);
}

std::optional<Hash> hash_of_kdf(CK_EC_KDF_TYPE kdf) {
    return hash_by(&HashRow::kdf, kdf);
}

}  // namespace jeton::pkcs11
