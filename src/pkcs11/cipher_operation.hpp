// C_Encrypt* and C_Decrypt*: AES with session keys, RSA encryption in this process, RSA decryption on the
// card. AES with keys on the card is in card_cipher.hpp.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "crypto/aes.hpp"
#include "pkcs11/card_key_use.hpp"
#include "pkcs11/parameters.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// CipherEngine transforms a stream of bytes, once.
class CipherEngine {
  public:
    virtual ~CipherEngine() = default;

    /// update_length and finish_length are upper bounds of what the next update() or finish() gives.
    virtual std::size_t update_length(std::size_t input) const = 0;
    virtual std::size_t finish_length() const = 0;
    /// whole_length is an upper bound for update() of |input| bytes and finish() together, from the start.
    virtual std::size_t whole_length(std::size_t input) const = 0;

    virtual void update(View input, SecretBytes& out) = 0;

    /// finish is update() of |last| and the end. Whoever calls it first has the whole message in |last|.
    virtual void finish(View last, SecretBytes& out) = 0;
};

/// require_done: DATA_LEN_RANGE, ENCRYPTED_DATA_LEN_RANGE or ENCRYPTED_DATA_INVALID for anything but done.
void require_done(crypto::Direction direction, crypto::AesCipher::Result result);

/// whole_aes_length is CipherEngine::whole_length of AES with |parameters|.
std::size_t whole_aes_length(crypto::Direction direction, const crypto::AesParameters& parameters,
                             std::size_t input);

class CipherOperation {
  public:
    explicit CipherOperation(std::unique_ptr<CipherEngine> engine) : m_engine(std::move(engine)) {}

    bool is_multi_part() const { return m_multi_part; }
    std::size_t update_length(std::size_t input) const { return m_engine->update_length(input); }
    std::size_t finish_length() const { return m_result ? m_result->size() : m_engine->finish_length(); }
    std::size_t whole_length(std::size_t input) const {
        return m_result ? m_result->size() : m_engine->whole_length(input);
    }

    SecretBytes update(View input);

    /// finish processes |last| and ends the stream. The result stays, so that a caller whose buffer was too
    /// short gets it the second time without another command to the card.
    const SecretBytes& finish(View last);

  private:
    std::unique_ptr<CipherEngine> m_engine;
    std::optional<SecretBytes> m_result;
    bool m_multi_part = false;
};

class EncryptOperation final : public CipherOperation {
  public:
    using CipherOperation::CipherOperation;
};

class DecryptOperation final : public CipherOperation, public CardKeyOperation {
  public:
    DecryptOperation(std::unique_ptr<CipherEngine> engine, std::optional<CardKeyUse> card_key)
        : CipherOperation(std::move(engine)), CardKeyOperation(card_key) {}
};

/// RsaScheme is what stands around the data in an RSA block: PKCS#1 v1.5, OAEP, or nothing but zeros on the
/// left.
struct RsaPkcs {};
struct RsaUnpadded {};
using RsaScheme = std::variant<RsaPkcs, RsaUnpadded, OaepParameters>;

std::unique_ptr<CipherEngine> make_aes_engine(crypto::Direction direction, View key,
                                              const crypto::AesParameters& parameters);
std::unique_ptr<CipherEngine> make_rsa_encryption(crypto::RsaPublicKey key, RsaScheme scheme);
std::unique_ptr<CipherEngine> make_rsa_decryption(std::shared_ptr<Token> token, CardKey key,
                                                  card::Primitive primitive, RsaScheme scheme);

}  // namespace jeton::pkcs11
