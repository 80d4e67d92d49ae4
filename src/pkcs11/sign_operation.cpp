#include "pkcs11/sign_operation.hpp"

#include "crypto/padding.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

/// What mechanisms that do not hash take at most: more than any modulus or digest.
constexpr std::size_t longest_direct_input = 2048;

/// The content of an EMSA-PKCS1-v1_5 block: the application's DigestInfo, or ours around the hash.
Bytes pkcs_content(const MechanismRow& row, View input) {
    return row.hash ? crypto::digest_info(*row.hash, input) : to_bytes(input);
}

void require_pss_length(const PssParameters& pss, View input) {
    require(input.size() == crypto::digest_length(pss.hash), CKR_DATA_LEN_RANGE,
            "PSS signs a digest of its hash's length");
}

}  // namespace

std::size_t signature_length(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return rsa->modulus_bytes();
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return 2 * crypto::curve_facts(ec->curve).field_bytes;
    }
    return crypto::okp_facts(std::get<crypto::OkpPublicKey>(key).curve).signature_bytes;
}

SignatureInput::SignatureInput(std::optional<crypto::Hash> hash) {
    if (hash) {
        m_digest.emplace(*hash);
    }
}

void SignatureInput::update(View data) {
    m_multi_part = true;
    take(data);
}

void SignatureInput::take(View data) {
    if (m_digest) {
        m_digest->update(data);
        return;
    }
    require(data.size() <= longest_direct_input - m_data.size(), CKR_DATA_LEN_RANGE,
            "more data than the key can sign");
    append(m_data, data);
}

Bytes SignatureInput::finish(View last) {
    take(last);
    return m_digest ? m_digest->finish() : std::move(m_data);
}

SignOperation::SignOperation(std::shared_ptr<Token> token, std::shared_ptr<const Object> key,
                             const MechanismRow& row, std::optional<PssParameters> pss)
    : m_token(std::move(token)),
      m_key(std::get<CardKey>(key->key)),
      m_row(row),
      m_pss(pss),
      m_input(row.hash) {}

std::size_t SignOperation::length() const {
    return signature_length(m_key.public_key);
}

Bytes SignOperation::finish(View last) {
    const Bytes input = m_input.finish(last);
    SecretBytes signature;
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&m_key.public_key)) {
        const Bytes block = block_to_sign(*rsa, input);
        signature =
            m_token->card().begin().compute(m_key.index, card::Primitive::rsa_raw, card::Verb::sign, block);
    } else {
        require(std::holds_alternative<crypto::EcPublicKey>(m_key.public_key), CKR_KEY_TYPE_INCONSISTENT,
                "no mechanism signs with this type of key");
        require(!input.empty(), CKR_DATA_LEN_RANGE, "ECDSA signs a digest of at least one byte");
        signature =
            m_token->card().begin().compute(m_key.index, card::Primitive::ecdsa, card::Verb::sign, input);
    }
    return to_bytes(signature);
}

Bytes SignOperation::block_to_sign(const crypto::RsaPublicKey& key, View input) const {
    std::optional<Bytes> block;
    if (m_pss) {
        require_pss_length(*m_pss, input);
        block = crypto::pad_pss(key.modulus_bits(), m_pss->hash, m_pss->mgf, m_pss->salt_bytes, input);
    } else {
        block = crypto::pad_pkcs_signature(key.modulus_bytes(), pkcs_content(m_row, input));
    }
    require(block.has_value(), CKR_DATA_LEN_RANGE, "more data than the modulus can hold");
    return std::move(*block);
}

VerifyOperation::VerifyOperation(std::shared_ptr<const Object> key, const MechanismRow& row,
                                 std::optional<PssParameters> pss)
    : m_key(std::get<crypto::PublicKey>(key->key)), m_row(row), m_pss(pss), m_input(row.hash) {}

void VerifyOperation::finish(View last, View signature) {
    const Bytes input = m_input.finish(last);
    require(signature.size() == signature_length(m_key), CKR_SIGNATURE_LEN_RANGE,
            "a signature of another length");
    require(holds(input, signature), CKR_SIGNATURE_INVALID, "the signature does not fit the data");
}

bool VerifyOperation::holds(View input, View signature) const {
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&m_key)) {
        return crypto::verify_ecdsa(*ec, input, signature);
    }
    const auto* rsa = std::get_if<crypto::RsaPublicKey>(&m_key);
    require(rsa != nullptr, CKR_KEY_TYPE_INCONSISTENT, "no mechanism verifies with this type of key");
    if (m_pss) {
        require_pss_length(*m_pss, input);
        return crypto::verify_rsa_pss(*rsa, m_pss->hash, m_pss->mgf, m_pss->salt_bytes, input, signature);
    }
    return crypto::verify_rsa_pkcs(*rsa, pkcs_content(m_row, input), signature);
}

}  // namespace jeton::pkcs11
