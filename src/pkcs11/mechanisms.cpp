#include "pkcs11/mechanisms.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

using crypto::AesMode;
using crypto::Hash;

constexpr CK_FLAGS sign_flags = CKF_HW | CKF_SIGN | CKF_VERIFY;
constexpr CK_FLAGS rsa_flags = sign_flags | CKF_ENCRYPT | CKF_DECRYPT;
constexpr CK_FLAGS ec_shape = CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME | CKF_EC_UNCOMPRESS;
constexpr CK_FLAGS cipher_flags = CKF_ENCRYPT | CKF_DECRYPT;
constexpr CK_FLAGS pair_flags = CKF_HW | CKF_GENERATE_KEY_PAIR;

constexpr MechanismRow digest_row(CK_MECHANISM_TYPE type, const char* name, Hash hash) {
    return {type, name, Scheme::digest, hash, CKF_DIGEST, 0, 0, std::nullopt};
}

constexpr MechanismRow rsa_row(CK_MECHANISM_TYPE type, const char* name, Scheme scheme,
                               std::optional<Hash> hash, CK_FLAGS flags = sign_flags) {
    return {type, name, scheme, hash, flags, 0, 0, std::nullopt};
}

constexpr MechanismRow ecdsa_row(CK_MECHANISM_TYPE type, const char* name, std::optional<Hash> hash) {
    return {type, name, Scheme::ecdsa, hash, sign_flags | ec_shape, 0, 0, std::nullopt};
}

constexpr MechanismRow aes_row(CK_MECHANISM_TYPE type, const char* name, AesMode mode) {
    return {type, name, Scheme::aes, std::nullopt, cipher_flags, 16, 32, mode};
}

constexpr std::array rows{
    rsa_row(CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN", Scheme::rsa_pair, {}, pair_flags),
    rsa_row(CKM_RSA_PKCS, "CKM_RSA_PKCS", Scheme::rsa_pkcs, {}, rsa_flags),
    rsa_row(CKM_SHA1_RSA_PKCS, "CKM_SHA1_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha1),
    rsa_row(CKM_SHA224_RSA_PKCS, "CKM_SHA224_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha224),
    rsa_row(CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha256),
    rsa_row(CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha384),
    rsa_row(CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS", Scheme::rsa_pkcs, Hash::sha512),
    rsa_row(CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS", Scheme::rsa_pss, {}),
    rsa_row(CKM_SHA1_RSA_PKCS_PSS, "CKM_SHA1_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha1),
    rsa_row(CKM_SHA224_RSA_PKCS_PSS, "CKM_SHA224_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha224),
    rsa_row(CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha256),
    rsa_row(CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha384),
    rsa_row(CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS", Scheme::rsa_pss, Hash::sha512),
    rsa_row(CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP", Scheme::rsa_oaep, {}, CKF_HW | cipher_flags),
    ecdsa_row(CKM_ECDSA, "CKM_ECDSA", {}),
    ecdsa_row(CKM_ECDSA_SHA1, "CKM_ECDSA_SHA1", Hash::sha1),
    ecdsa_row(CKM_ECDSA_SHA224, "CKM_ECDSA_SHA224", Hash::sha224),
    ecdsa_row(CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256", Hash::sha256),
    ecdsa_row(CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384", Hash::sha384),
    ecdsa_row(CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512", Hash::sha512),
    MechanismRow{
        CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN", Scheme::ec_pair, {}, pair_flags | ec_shape, 0, 0, {}},
    digest_row(CKM_SHA_1, "CKM_SHA_1", Hash::sha1),
    digest_row(CKM_SHA224, "CKM_SHA224", Hash::sha224),
    digest_row(CKM_SHA256, "CKM_SHA256", Hash::sha256),
    digest_row(CKM_SHA384, "CKM_SHA384", Hash::sha384),
    digest_row(CKM_SHA512, "CKM_SHA512", Hash::sha512),
    digest_row(CKM_SHA3_224, "CKM_SHA3_224", Hash::sha3_224),
    digest_row(CKM_SHA3_256, "CKM_SHA3_256", Hash::sha3_256),
    digest_row(CKM_SHA3_384, "CKM_SHA3_384", Hash::sha3_384),
    digest_row(CKM_SHA3_512, "CKM_SHA3_512", Hash::sha3_512),
    MechanismRow{CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN", Scheme::aes_key, {}, CKF_GENERATE, 16, 32, {}},
    aes_row(CKM_AES_ECB, "CKM_AES_ECB", AesMode::ecb),
    aes_row(CKM_AES_CBC, "CKM_AES_CBC", AesMode::cbc),
    aes_row(CKM_AES_CBC_PAD, "CKM_AES_CBC_PAD", AesMode::cbc_pad),
    aes_row(CKM_AES_CTR, "CKM_AES_CTR", AesMode::ctr),
    aes_row(CKM_AES_GCM, "CKM_AES_GCM", AesMode::gcm),
};

struct KeySize {
    card::KeyType type;
    CK_ULONG bits;
    card::Primitive primitive;
};

constexpr std::array key_sizes{
    KeySize{card::KeyType::rsa1024, 1024, card::Primitive::rsa_raw},
    KeySize{card::KeyType::rsa2048, 2048, card::Primitive::rsa_raw},
    KeySize{card::KeyType::rsa3072, 3072, card::Primitive::rsa_raw},
    KeySize{card::KeyType::rsa4096, 4096, card::Primitive::rsa_raw},
    KeySize{card::KeyType::p256, 256, card::Primitive::ecdsa},
    KeySize{card::KeyType::p384, 384, card::Primitive::ecdsa},
    KeySize{card::KeyType::p521, 521, card::Primitive::ecdsa},
};

/// The primitive of the card that a scheme needs; nullopt for what the software does alone.
std::optional<card::Primitive> needed_primitive(Scheme scheme) {
    switch (scheme) {
        case Scheme::rsa_pkcs:
        case Scheme::rsa_pss:
        case Scheme::rsa_oaep:
        case Scheme::rsa_pair:
            return card::Primitive::rsa_raw;
        case Scheme::ecdsa:
        case Scheme::ec_pair:
            return card::Primitive::ecdsa;
        case Scheme::digest:
        case Scheme::aes:
        case Scheme::aes_key:
            return std::nullopt;
    }
    return std::nullopt;
}

struct Sizes {
    CK_ULONG smallest = 0;
    CK_ULONG largest = 0;
};

/// The sizes of the keys for which the card offers |primitive|; zeros when there are none.
Sizes sizes_on_card(const card::Applet& applet, card::Primitive primitive) {
    Sizes sizes;
    for (const KeySize& row : key_sizes) {
        if (row.primitive == primitive && applet.offers(primitive, row.type)) {
            sizes.smallest = sizes.smallest == 0 ? row.bits : std::min(sizes.smallest, row.bits);
            sizes.largest = std::max(sizes.largest, row.bits);
        }
    }
    return sizes;
}

bool is_offered(const Token& token, const MechanismRow& row) {
    const auto& rules = token.profile().mechanisms;
    if (const auto rule = rules.find(row.name); rule != rules.end() && !rule->second.enabled) {
        return false;
    }
    const auto primitive = needed_primitive(row.scheme);
    return !primitive || sizes_on_card(token.applet(), *primitive).largest != 0;
}

struct MgfRow {
    CK_RSA_PKCS_MGF_TYPE mgf;
    Hash hash;
};

constexpr std::array mgf_rows{
    MgfRow{CKG_MGF1_SHA1, Hash::sha1},         MgfRow{CKG_MGF1_SHA224, Hash::sha224},
    MgfRow{CKG_MGF1_SHA256, Hash::sha256},     MgfRow{CKG_MGF1_SHA384, Hash::sha384},
    MgfRow{CKG_MGF1_SHA512, Hash::sha512},     MgfRow{CKG_MGF1_SHA3_224, Hash::sha3_224},
    MgfRow{CKG_MGF1_SHA3_256, Hash::sha3_256}, MgfRow{CKG_MGF1_SHA3_384, Hash::sha3_384},
    MgfRow{CKG_MGF1_SHA3_512, Hash::sha3_512},
};

}  // namespace

bool MechanismRow::serves(const crypto::PublicKey& key, bool sign, bool decrypt) const {
    if ((flags & CKF_GENERATE_KEY_PAIR) != 0 || std::holds_alternative<crypto::OkpPublicKey>(key)) {
        return false;
    }
    const auto wanted =
        std::holds_alternative<crypto::RsaPublicKey>(key) ? card::Primitive::rsa_raw : card::Primitive::ecdsa;
    return needed_primitive(scheme) == wanted && ((sign && can(CKF_SIGN)) || (decrypt && can(CKF_DECRYPT)));
}

std::span<const MechanismRow> mechanism_rows() {
    return rows;
}

std::vector<const MechanismRow*> offered_mechanisms(const Token& token) {
    std::vector<const MechanismRow*> offered;
    for (const MechanismRow& row : rows) {
        if (is_offered(token, row)) {
            offered.push_back(&row);
        }
    }
    return offered;
}

const MechanismRow& find_mechanism(const Token& token, CK_MECHANISM_TYPE type, CK_FLAGS flags) {
    const auto found = std::ranges::find(rows, type, &MechanismRow::type);
    require(found != rows.end() && (found->flags & flags) == flags && is_offered(token, *found),
            CKR_MECHANISM_INVALID, "this token does not offer the mechanism for that");
    return *found;
}

CK_MECHANISM_INFO mechanism_info(const Token& token, const MechanismRow& row) {
    if (const auto primitive = needed_primitive(row.scheme)) {
        const Sizes sizes = sizes_on_card(token.applet(), *primitive);
        return {sizes.smallest, sizes.largest, row.flags};
    }
    return {row.min_size, row.max_size, row.flags};
}

std::optional<Hash> hash_of(CK_MECHANISM_TYPE type) {
    const auto found = std::ranges::find(rows, type, &MechanismRow::type);
    return found != rows.end() && found->scheme == Scheme::digest ? found->hash : std::nullopt;
}

std::optional<Hash> hash_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf) {
    const auto found = std::ranges::find(mgf_rows, mgf, &MgfRow::mgf);
    return found == mgf_rows.end() ? std::nullopt : std::optional(found->hash);
}

}  // namespace jeton::pkcs11
