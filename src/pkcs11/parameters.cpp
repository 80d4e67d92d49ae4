#include "pkcs11/parameters.hpp"

#include <cstring>

#include "crypto/aes.hpp"
#include "crypto/cmac.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr CK_ULONG longest_aad = 1UL << 30;
constexpr CK_ULONG longest_iv = 1UL << 16;
constexpr CK_ULONG longest_shared_data = 1UL << 16;
constexpr CK_ULONG longest_point = 1UL << 10;

/// CK_GCM_PARAMS as the text of PKCS#11 2.40 has it.
struct GcmParamsWithoutIvBits {
    CK_BYTE_PTR iv;
    CK_ULONG iv_length;
    CK_BYTE_PTR aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
};

void require_parameter(bool condition, const char* sentence) {
    require(condition, CKR_MECHANISM_PARAM_INVALID, sentence);
}

/// read_struct copies a parameter of just that size, whatever its alignment.
template <typename T>
T read_struct(const CK_MECHANISM& mechanism) {
    require_parameter(mechanism.pParameter != nullptr && mechanism.ulParameterLen == sizeof(T),
                      "the mechanism's parameter is missing or has another size");
    T value;
    std::memcpy(&value, mechanism.pParameter, sizeof value);
    return value;
}

Bytes read_bytes(const void* data, CK_ULONG length, CK_ULONG longest) {
    require_parameter((data != nullptr || length == 0) && length <= longest,
                      "a part of the parameter is null or endless");
    const auto* bytes = static_cast<const Byte*>(data);
    return {bytes, bytes + length};
}

crypto::AesParameters gcm_parameters(const CK_MECHANISM& mechanism) {
    GcmParamsWithoutIvBits given{};
    if (mechanism.ulParameterLen == sizeof(GcmParamsWithoutIvBits)) {
        given = read_struct<GcmParamsWithoutIvBits>(mechanism);
    } else {
        const auto full = read_struct<CK_GCM_PARAMS>(mechanism);
        given = {full.pIv, full.ulIvLen, full.pAAD, full.ulAADLen, full.ulTagBits};
    }
    // SP 800-38D, 5.2.1.2 allows 128, 120, 112, 104, 96, 64 and 32 bits.
    const bool tag_ok = given.tag_bits == 32 || given.tag_bits == 64 ||
                        (given.tag_bits >= 96 && given.tag_bits <= 128 && given.tag_bits % 8 == 0);
    require_parameter(tag_ok, "the tag of GCM has 32, 64, 96, 104, 112, 120 or 128 bits");
    require_parameter(given.iv_length > 0, "GCM needs an initialization vector");
    return {crypto::AesMode::gcm, read_bytes(given.iv, given.iv_length, longest_iv),
            read_bytes(given.aad, given.aad_length, longest_aad), given.tag_bits / 8};
}

}  // namespace

void require_no_parameter(const CK_MECHANISM& mechanism) {
    require_parameter(mechanism.ulParameterLen == 0, "this mechanism takes no parameter");
}

PssParameters pss_parameters(const CK_MECHANISM& mechanism, const MechanismRow& row) {
    const auto given = read_struct<CK_RSA_PKCS_PSS_PARAMS>(mechanism);
    const auto hash = hash_of(given.hashAlg);
    const auto mgf = hash_of_mgf(given.mgf);
    require_parameter(hash && mgf, "PSS with an unknown hash or mask generation function");
    require_parameter(!row.hash || row.hash == hash, "PSS with another hash than the mechanism's");
    require_parameter(given.sLen <= 2048, "PSS with an endless salt");
    return {*hash, *mgf, given.sLen};
}

OaepParameters oaep_parameters(const CK_MECHANISM& mechanism) {
    const auto given = read_struct<CK_RSA_PKCS_OAEP_PARAMS>(mechanism);
    const auto hash = hash_of(given.hashAlg);
    const auto mgf = hash_of_mgf(given.mgf);
    require_parameter(hash && mgf, "OAEP with an unknown hash or mask generation function");
    // Many callers leave the source at 0 when there is no label.
    require_parameter(given.source == CKZ_DATA_SPECIFIED || given.ulSourceDataLen == 0,
                      "OAEP with an unknown source");
    return {*hash, *mgf, read_bytes(given.pSourceData, given.ulSourceDataLen, longest_aad)};
}

void require_plain_eddsa(const CK_MECHANISM& mechanism) {
    if (mechanism.ulParameterLen == 0) {
        return;
    }
    const auto given = read_struct<CK_EDDSA_PARAMS>(mechanism);
    require_parameter(given.phFlag == CK_FALSE && given.ulContextDataLen == 0,
                      "cards sign with Ed25519 itself: no prehash, no context");
}

std::size_t cmac_length(const CK_MECHANISM& mechanism) {
    if (mechanism.mechanism == CKM_AES_CMAC) {
        require_no_parameter(mechanism);
        return crypto::cmac_bytes;
    }
    const auto length = read_struct<CK_MAC_GENERAL_PARAMS>(mechanism);
    require_parameter(length >= 1 && length <= crypto::cmac_bytes, "a CMAC has 1 to 16 bytes");
    return length;
}

EcdhParameters ecdh_parameters(const CK_MECHANISM& mechanism) {
    const auto given = read_struct<CK_ECDH1_DERIVE_PARAMS>(mechanism);
    EcdhParameters parameters;
    parameters.kdf = hash_of_kdf(given.kdf);
    require_parameter(parameters.kdf || given.kdf == CKD_NULL, "an unknown key derivation function");
    parameters.shared_data = read_bytes(given.pSharedData, given.ulSharedDataLen, longest_shared_data);
    require_parameter(parameters.kdf || parameters.shared_data.empty(),
                      "shared data without a key derivation function");
    parameters.public_data = read_bytes(given.pPublicData, given.ulPublicDataLen, longest_point);
    return parameters;
}

crypto::AesParameters aes_parameters(const CK_MECHANISM& mechanism, crypto::AesMode mode) {
    crypto::AesParameters parameters;
    parameters.mode = mode;
    switch (mode) {
        case crypto::AesMode::ecb:
            require_no_parameter(mechanism);
            break;
        case crypto::AesMode::cbc:
        case crypto::AesMode::cbc_pad:
            require_parameter(mechanism.ulParameterLen == crypto::aes_block_bytes,
                              "CBC needs an IV of 16 bytes");
            parameters.iv =
                read_bytes(mechanism.pParameter, mechanism.ulParameterLen, crypto::aes_block_bytes);
            break;
        case crypto::AesMode::ctr: {
            const auto given = read_struct<CK_AES_CTR_PARAMS>(mechanism);
            require_parameter(given.ulCounterBits > 0 && given.ulCounterBits <= 8 * crypto::aes_block_bytes,
                              "a counter has 1 to 128 bits");
            parameters.iv = read_bytes(given.cb, crypto::aes_block_bytes, crypto::aes_block_bytes);
            break;
        }
        case crypto::AesMode::gcm:
            parameters = gcm_parameters(mechanism);
            break;
    }
    return parameters;
}

}  // namespace jeton::pkcs11
