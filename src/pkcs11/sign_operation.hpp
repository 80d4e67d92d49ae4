// C_Sign* and C_Verify*: with key pairs (hash, pad, then one primitive of the card, or verification in this
// process), and message authentication codes with AES keys.
#pragma once

#include <memory>
#include <optional>

#include "crypto/cmac.hpp"
#include "crypto/digest.hpp"
#include "pkcs11/card_key_use.hpp"
#include "pkcs11/signature_scheme.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// SignEngine makes one signature or code.
class SignEngine {
  public:
    virtual ~SignEngine() = default;

    /// length of what finish() gives, in bytes.
    virtual std::size_t length() const = 0;
    virtual void update(View data) = 0;
    virtual Bytes finish(View last) = 0;
};

/// VerifyEngine checks one.
class VerifyEngine {
  public:
    virtual ~VerifyEngine() = default;

    virtual void update(View data) = 0;

    /// finish throws SIGNATURE_LEN_RANGE or SIGNATURE_INVALID.
    virtual void finish(View last, View signature) = 0;
};

class SignOperation final : public CardKeyOperation {
  public:
    SignOperation(std::unique_ptr<SignEngine> engine, std::optional<CardKeyUse> card_key)
        : CardKeyOperation(card_key), m_engine(std::move(engine)) {}

    std::size_t length() const { return m_engine->length(); }
    bool is_multi_part() const { return m_multi_part; }
    void update(View data) {
        m_multi_part = true;
        m_engine->update(data);
    }
    Bytes finish(View last) { return m_engine->finish(last); }

  private:
    std::unique_ptr<SignEngine> m_engine;
    bool m_multi_part = false;
};

class VerifyOperation final {
  public:
    explicit VerifyOperation(std::unique_ptr<VerifyEngine> engine) : m_engine(std::move(engine)) {}

    bool is_multi_part() const { return m_multi_part; }
    void update(View data) {
        m_multi_part = true;
        m_engine->update(data);
    }
    void finish(View last, View signature) { m_engine->finish(last, signature); }

  private:
    std::unique_ptr<VerifyEngine> m_engine;
    bool m_multi_part = false;
};

/// make_signer works with a private key on the card, make_verifier with a public key in this process.
std::unique_ptr<SignEngine> make_signer(std::shared_ptr<Token> token, CardKey key, const MechanismRow& row,
                                        std::optional<PssParameters> pss);
std::unique_ptr<VerifyEngine> make_verifier(crypto::PublicKey key, const MechanismRow& row,
                                            std::optional<PssParameters> pss);

/// make_mac computes AES-CMAC with the key of |object|, cut to |length| bytes; a key on the card takes a
/// message of at most 1 MiB: DATA_LEN_RANGE. make_mac_check compares such a code.
std::unique_ptr<SignEngine> make_mac(std::shared_ptr<Token> token, const Object& object, std::size_t length);
std::unique_ptr<VerifyEngine> make_mac_check(std::unique_ptr<SignEngine> mac);

}  // namespace jeton::pkcs11
