#include "pkcs11/cipher_operation.hpp"

#include "crypto/padding.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

class AesEngine final : public CipherEngine {
  public:
    AesEngine(crypto::Direction direction, View key, const crypto::AesParameters& parameters)
        : m_direction(direction), m_cipher(direction, key, parameters) {
        m_shape.mode = parameters.mode;
        m_shape.tag_bytes = parameters.tag_bytes;
    }

    std::size_t update_length(std::size_t input) const override { return m_cipher.update_length(input); }
    std::size_t finish_length() const override { return m_cipher.finish_length(); }
    std::size_t whole_length(std::size_t input) const override {
        return whole_aes_length(m_direction, m_shape, input);
    }

    void update(View input, SecretBytes& out) override { m_cipher.update(input, out); }

    void finish(View last, SecretBytes& out) override {
        m_cipher.update(last, out);
        require_done(m_direction, m_cipher.finish(out));
    }

  private:
    crypto::Direction m_direction;
    crypto::AesParameters m_shape{};  ///< mode and length of the tag
    crypto::AesCipher m_cipher;
};

/// RSA takes its whole input at the end.
class RsaEngine : public CipherEngine {
  public:
    explicit RsaEngine(std::size_t modulus_bytes) : m_modulus_bytes(modulus_bytes) {}

    std::size_t update_length(std::size_t) const override { return 0; }
    std::size_t finish_length() const override { return m_modulus_bytes; }
    std::size_t whole_length(std::size_t) const override { return m_modulus_bytes; }

    void update(View input, SecretBytes&) override {
        require(input.size() <= m_modulus_bytes - m_input.size(), too_long(), "more data than the modulus");
        append(m_input, input);
    }
    void finish(View last, SecretBytes& out) final {
        update(last, out);
        transform(out);
    }

  protected:
    virtual void transform(SecretBytes& out) = 0;
    virtual CK_RV too_long() const = 0;
    const SecretBytes& gathered() const { return m_input; }

  private:
    std::size_t m_modulus_bytes;
    SecretBytes m_input;
};

class RsaEncryption final : public RsaEngine {
  public:
    RsaEncryption(crypto::RsaPublicKey key, RsaScheme scheme)
        : RsaEngine(key.modulus_bytes()), m_key(std::move(key)), m_scheme(std::move(scheme)) {}

  private:
    void transform(SecretBytes& out) override {
        const auto encrypted = std::visit([&](const auto& scheme) { return encrypt(scheme); }, m_scheme);
        require(encrypted.has_value(), CKR_DATA_LEN_RANGE, "more data than the padding leaves room for");
        append(out, *encrypted);
    }

    CK_RV too_long() const override { return CKR_DATA_LEN_RANGE; }

    std::optional<Bytes> encrypt(const RsaPkcs&) const { return crypto::encrypt_pkcs(m_key, gathered()); }
    std::optional<Bytes> encrypt(const OaepParameters& oaep) const {
        return crypto::encrypt_oaep(m_key, oaep.hash, oaep.mgf, oaep.label, gathered());
    }
    std::optional<Bytes> encrypt(const RsaUnpadded&) const {
        SecretBytes block(finish_length() - gathered().size());
        append(block, gathered());
        auto encrypted = crypto::rsa_public(m_key, block);
        require(encrypted.has_value(), CKR_DATA_INVALID, "the data, as a number, are not below the modulus");
        return encrypted;
    }

    crypto::RsaPublicKey m_key;
    RsaScheme m_scheme;
};

class RsaDecryption final : public RsaEngine {
  public:
    RsaDecryption(std::shared_ptr<Token> token, CardKey key, card::Primitive primitive, RsaScheme scheme)
        : RsaEngine(std::get<crypto::RsaPublicKey>(key.public_key).modulus_bytes()),
          m_token(std::move(token)),
          m_key(std::move(key)),
          m_primitive(primitive),
          m_scheme(std::move(scheme)) {}

  private:
    void transform(SecretBytes& out) override {
        require(gathered().size() == finish_length(), CKR_ENCRYPTED_DATA_LEN_RANGE,
                "RSA decrypts just as many bytes as the modulus has");
        const SecretBytes block =
            m_token->card().begin().compute(m_key.index, m_primitive, card::Verb::decipher, gathered());
        if (m_primitive == card::Primitive::rsa_pkcs1) {
            append(out, block);
            return;
        }
        const auto plain = std::visit([&](const auto& scheme) { return unpad(scheme, block); }, m_scheme);
        require(plain.has_value(), CKR_ENCRYPTED_DATA_INVALID, "the decrypted block is malformed");
        append(out, *plain);
    }

    CK_RV too_long() const override { return CKR_ENCRYPTED_DATA_LEN_RANGE; }

    static std::optional<SecretBytes> unpad(const RsaPkcs&, View block) { return crypto::unpad_pkcs(block); }
    static std::optional<SecretBytes> unpad(const RsaUnpadded&, View block) { return to_secret(block); }
    static std::optional<SecretBytes> unpad(const OaepParameters& oaep, View block) {
        return crypto::unpad_oaep(block, oaep.hash, oaep.mgf, oaep.label);
    }

    std::shared_ptr<Token> m_token;
    CardKey m_key;
    card::Primitive m_primitive;
    RsaScheme m_scheme;
};

}  // namespace

void require_done(crypto::Direction direction, crypto::AesCipher::Result result) {
    using Result = crypto::AesCipher::Result;
    const bool encrypts = direction == crypto::Direction::encrypt;
    require(result != Result::bad_length, encrypts ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE,
            "not a whole number of blocks, or shorter than the tag");
    require(result == Result::done, CKR_ENCRYPTED_DATA_INVALID, "the padding or the tag does not fit");
}

std::size_t whole_aes_length(crypto::Direction direction, const crypto::AesParameters& parameters,
                             std::size_t input) {
    const bool encrypts = direction == crypto::Direction::encrypt;
    if (parameters.mode == crypto::AesMode::gcm) {
        return encrypts ? input + parameters.tag_bytes : input - std::min(input, parameters.tag_bytes);
    }
    if (parameters.mode == crypto::AesMode::cbc_pad && encrypts) {
        return (input / crypto::aes_block_bytes + 1) * crypto::aes_block_bytes;
    }
    return input;
}

SecretBytes CipherOperation::update(View input) {
    m_multi_part = true;
    SecretBytes out;
    m_engine->update(input, out);
    return out;
}

const SecretBytes& CipherOperation::finish(View last) {
    if (!m_result) {
        SecretBytes out;
        m_engine->finish(last, out);
        m_result = std::move(out);
    }
    return *m_result;
}

std::unique_ptr<CipherEngine> make_aes_engine(crypto::Direction direction, View key,
                                              const crypto::AesParameters& parameters) {
    return std::make_unique<AesEngine>(direction, key, parameters);
}

std::unique_ptr<CipherEngine> make_rsa_encryption(crypto::RsaPublicKey key, RsaScheme scheme) {
    return std::make_unique<RsaEncryption>(std::move(key), std::move(scheme));
}

std::unique_ptr<CipherEngine> make_rsa_decryption(std::shared_ptr<Token> token, CardKey key,
                                                  card::Primitive primitive, RsaScheme scheme) {
    return std::make_unique<RsaDecryption>(std::move(token), std::move(key), primitive, std::move(scheme));
}

}  // namespace jeton::pkcs11
