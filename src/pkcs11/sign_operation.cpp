#include "pkcs11/sign_operation.hpp"

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

/// SignatureInput gathers what is signed or verified: a running hash, or the bytes themselves for mechanisms
/// that do not hash.
class SignatureInput {
  public:
    explicit SignatureInput(const MechanismRow& row) : m_longest(longest_input(row.scheme)) {
        if (row.hash) {
            m_digest.emplace(*row.hash);
        }
    }

    void update(View data) {
        if (m_digest) {
            m_digest->update(data);
            return;
        }
        require(data.size() <= m_longest - m_data.size(), CKR_DATA_LEN_RANGE,
                "more data than the key can sign");
        append(m_data, data);
    }

    /// finish gives the hash, or the bytes.
    Bytes finish(View last) {
        update(last);
        return m_digest ? m_digest->finish() : std::move(m_data);
    }

  private:
    std::optional<crypto::Digest> m_digest;
    std::size_t m_longest;
    Bytes m_data;
};

/// CardSigner asks the card for the signature at the end.
class CardSigner final : public SignEngine {
  public:
    CardSigner(std::shared_ptr<Token> token, CardKey key, const MechanismRow& row,
               std::optional<PssParameters> pss)
        : m_token(std::move(token)), m_key(std::move(key)), m_row(row), m_pss(pss), m_input(row) {}

    std::size_t length() const override { return signature_length(m_key.public_key); }
    void update(View data) override { m_input.update(data); }

    Bytes finish(View last) override {
        const auto primitive = primitive_of(m_token->applet(), m_row, m_key.public_key);
        const SignatureUse use{m_row, m_key.public_key, m_pss};
        const Bytes input = m_input.finish(last);
        const Bytes block = primitive == card::Primitive::rsa_pkcs1 ? signature_content(use, input)
                                                                    : signature_block(use, input);
        try {
            return to_bytes(m_token->card().begin().compute(m_key.index, primitive, card::Verb::sign, block));
        } catch (const card::Error& error) {
            // Any message is good for EdDSA: the card can only find it too long.
            require(m_row.scheme != Scheme::eddsa || error.status() != card::sw::bad_data, CKR_DATA_LEN_RANGE,
                    "the message is longer than the card takes");
            throw;
        }
    }

  private:
    std::shared_ptr<Token> m_token;
    CardKey m_key;
    const MechanismRow& m_row;
    std::optional<PssParameters> m_pss;
    SignatureInput m_input;
};

class PublicKeyVerifier final : public VerifyEngine {
  public:
    PublicKeyVerifier(crypto::PublicKey key, const MechanismRow& row, std::optional<PssParameters> pss)
        : m_key(std::move(key)), m_row(row), m_pss(pss), m_input(row) {}

    void update(View data) override { m_input.update(data); }

    void finish(View last, View signature) override {
        const Bytes input = m_input.finish(last);
        require(signature.size() == signature_length(m_key), CKR_SIGNATURE_LEN_RANGE,
                "a signature of another length");
        require(signature_holds({m_row, m_key, m_pss}, input, signature), CKR_SIGNATURE_INVALID,
                "the signature does not fit the data");
    }

  private:
    crypto::PublicKey m_key;
    const MechanismRow& m_row;
    std::optional<PssParameters> m_pss;
    SignatureInput m_input;
};

}  // namespace

std::unique_ptr<SignEngine> make_signer(std::shared_ptr<Token> token, CardKey key, const MechanismRow& row,
                                        std::optional<PssParameters> pss) {
    return std::make_unique<CardSigner>(std::move(token), std::move(key), row, pss);
}

std::unique_ptr<VerifyEngine> make_verifier(crypto::PublicKey key, const MechanismRow& row,
                                            std::optional<PssParameters> pss) {
    return std::make_unique<PublicKeyVerifier>(std::move(key), row, pss);
}

}  // namespace jeton::pkcs11
