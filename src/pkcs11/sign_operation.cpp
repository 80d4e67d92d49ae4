#include "pkcs11/sign_operation.hpp"

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

SignatureInput::SignatureInput(const MechanismRow& row) : m_longest(longest_input(row.scheme)) {
    if (row.hash) {
        m_digest.emplace(*row.hash);
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
    require(data.size() <= m_longest - m_data.size(), CKR_DATA_LEN_RANGE, "more data than the key can sign");
    append(m_data, data);
}

Bytes SignatureInput::finish(View last) {
    take(last);
    return m_digest ? m_digest->finish() : std::move(m_data);
}

SignOperation::SignOperation(std::shared_ptr<Token> token, std::shared_ptr<const Object> key,
                             const MechanismRow& row, std::optional<PssParameters> pss)
    : m_token(std::move(token)), m_key(std::get<CardKey>(key->key)), m_row(row), m_pss(pss), m_input(row) {}

Bytes SignOperation::finish(View last) {
    const auto primitive = primitive_of(m_token->applet(), m_row, m_key.public_key);
    const SignatureUse use{m_row, m_key.public_key, m_pss};
    const Bytes input = m_input.finish(last);
    const Bytes block =
        primitive == card::Primitive::rsa_pkcs1 ? signature_content(use, input) : signature_block(use, input);
    try {
        return to_bytes(m_token->card().begin().compute(m_key.index, primitive, card::Verb::sign, block));
    } catch (const card::Error& error) {
        // Any message is good for EdDSA: the card can only find it too long.
        require(m_row.scheme != Scheme::eddsa || error.status() != card::sw::bad_data, CKR_DATA_LEN_RANGE,
                "the message is longer than the card takes");
        throw;
    }
}

VerifyOperation::VerifyOperation(std::shared_ptr<const Object> key, const MechanismRow& row,
                                 std::optional<PssParameters> pss)
    : m_key(std::get<crypto::PublicKey>(key->key)), m_row(row), m_pss(pss), m_input(row) {}

void VerifyOperation::finish(View last, View signature) {
    const Bytes input = m_input.finish(last);
    require(signature.size() == signature_length(m_key), CKR_SIGNATURE_LEN_RANGE,
            "a signature of another length");
    require(signature_holds({m_row, m_key, m_pss}, input, signature), CKR_SIGNATURE_INVALID,
            "the signature does not fit the data");
}

}  // namespace jeton::pkcs11
