// What public keys compute.
#include "crypto/keys.hpp"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "crypto/der.hpp"
#include "crypto/padding.hpp"
#include "crypto/pkey.hpp"

namespace jeton::crypto {

namespace {

/// start_encryption makes a context that encrypts with |padding|; null when |key| is not valid. The key stays
/// alive in the context.
openssl::PkeyContext start_encryption(const RsaPublicKey& key, int padding) {
    const openssl::Pkey pkey = make_pkey(key);
    if (!pkey) {
        return nullptr;
    }
    openssl::PkeyContext context = operation_on(pkey.get());
    openssl::require(EVP_PKEY_encrypt_init(context.get()), "start RSA");
    openssl::require(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding), "set an RSA padding");
    return context;
}

Bytes finish_encryption(const openssl::PkeyContext& context, const RsaPublicKey& key, View plain) {
    Bytes out(key.modulus_bytes());
    std::size_t length = out.size();
    openssl::require(EVP_PKEY_encrypt(context.get(), out.data(), &length, openssl::data(plain), plain.size()),
                     "encrypt with RSA");
    out.resize(length);
    return out;
}

void set_oaep(EVP_PKEY_CTX* context, Hash hash, Hash mgf, View label) {
    openssl::require(EVP_PKEY_CTX_set_rsa_oaep_md(context, openssl::md(hash)), "set the OAEP hash");
    openssl::require(EVP_PKEY_CTX_set_rsa_mgf1_md(context, openssl::md(mgf)), "set the OAEP mask");
    if (!label.empty()) {
        Bytes copy = to_bytes(label);
        const OSSL_PARAM params[] = {
            OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, copy.data(), copy.size()),
            OSSL_PARAM_END};
        openssl::require(EVP_PKEY_CTX_set_params(context, params), "set the OAEP label");
    }
}

}  // namespace

bool verify_ecdsa(const EcPublicKey& key, View digest, View signature) {
    const openssl::ErrorScope errors;
    const std::size_t field_bytes = curve_facts(key.curve).field_bytes;
    const openssl::Pkey pkey = make_pkey(key);
    if (!pkey || signature.size() != 2 * field_bytes) {
        return false;
    }
    TlvWriter writer;
    writer.nest(der_sequence, [&](TlvWriter& numbers) {
        put_unsigned(numbers, signature.first(field_bytes));
        put_unsigned(numbers, signature.last(field_bytes));
    });
    const Bytes der = writer.take();
    const openssl::PkeyContext context = operation_on(pkey.get());
    openssl::require(EVP_PKEY_verify_init(context.get()), "start ECDSA");
    return EVP_PKEY_verify(context.get(), der.data(), der.size(), openssl::data(digest), digest.size()) == 1;
}

bool verify_eddsa(const OkpPublicKey& key, View message, View signature) {
    const openssl::ErrorScope errors;
    const std::size_t signature_bytes = okp_facts(key.curve).signature_bytes;
    if (signature_bytes == 0 || signature.size() != signature_bytes) {
        return false;
    }
    const openssl::Pkey pkey = make_pkey(key);
    if (!pkey) {
        return false;
    }
    const openssl::DigestContext context(openssl::required(EVP_MD_CTX_new(), "make a verification"));
    openssl::require(EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, openssl::context(), nullptr,
                                             pkey.get(), nullptr),
                     "start EdDSA");
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), openssl::data(message),
                            message.size()) == 1;
}

bool verify_rsa_pkcs(const RsaPublicKey& key, View content, View signature) {
    if (signature.size() != key.modulus_bytes()) {
        return false;
    }
    // RFC 8017, 8.2.2: encode again and compare whole blocks, so that no parser can be tricked.
    const auto block = rsa_public(key, signature);
    const auto expected = pad_pkcs_signature(key.modulus_bytes(), content);
    return block && expected && equal(*block, *expected);
}

bool verify_rsa_pss(const RsaPublicKey& key, Hash hash, Hash mgf, std::size_t salt_bytes, View digest,
                    View signature) {
    const openssl::ErrorScope errors;
    const openssl::Pkey pkey = make_pkey(key);
    if (!pkey || digest.size() != digest_length(hash) || signature.size() != key.modulus_bytes() ||
        salt_bytes > key.modulus_bytes()) {
        return false;
    }
    const openssl::PkeyContext context = operation_on(pkey.get());
    openssl::require(EVP_PKEY_verify_init(context.get()), "start RSASSA-PSS");
    openssl::require(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING),
                     "set an RSA padding");
    openssl::require(EVP_PKEY_CTX_set_signature_md(context.get(), openssl::md(hash)), "set the PSS hash");
    openssl::require(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), openssl::md(mgf)), "set the PSS mask");
    openssl::require(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), static_cast<int>(salt_bytes)),
                     "set the PSS salt");
    return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) ==
           1;
}

std::optional<Bytes> rsa_public(const RsaPublicKey& key, View block) {
    const openssl::ErrorScope errors;
    const auto padded = left_padded(without_leading_zeros(block), key.modulus_bytes());
    if (!padded || !is_below(*padded, key.modulus)) {
        return std::nullopt;
    }
    const openssl::PkeyContext context = start_encryption(key, RSA_NO_PADDING);
    return context ? std::optional(finish_encryption(context, key, *padded)) : std::nullopt;
}

std::optional<Bytes> encrypt_pkcs(const RsaPublicKey& key, View plain) {
    const openssl::ErrorScope errors;
    if (key.modulus_bytes() < plain.size() + pkcs_overhead) {
        return std::nullopt;
    }
    const openssl::PkeyContext context = start_encryption(key, RSA_PKCS1_PADDING);
    return context ? std::optional(finish_encryption(context, key, plain)) : std::nullopt;
}

std::optional<Bytes> encrypt_oaep(const RsaPublicKey& key, Hash hash, Hash mgf, View label, View plain) {
    const openssl::ErrorScope errors;
    if (key.modulus_bytes() < plain.size() + 2 * digest_length(hash) + 2) {
        return std::nullopt;
    }
    const openssl::PkeyContext context = start_encryption(key, RSA_PKCS1_OAEP_PADDING);
    if (!context) {
        return std::nullopt;
    }
    set_oaep(context.get(), hash, mgf, label);
    return finish_encryption(context, key, plain);
}

}  // namespace jeton::crypto
