// C_Sign* with keys on the card, and C_Verify* in this process: hash, pad, then one primitive.
#pragma once

#include <memory>
#include <optional>

#include "crypto/digest.hpp"
#include "pkcs11/signature_scheme.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// SignatureInput gathers what is signed or verified: a running hash, or the bytes themselves for mechanisms
/// that do not hash.
class SignatureInput {
  public:
    explicit SignatureInput(const MechanismRow& row);

    bool is_multi_part() const { return m_multi_part; }
    void update(View data);

    /// finish gives the hash, or the bytes. DATA_LEN_RANGE was thrown before when they were too many.
    Bytes finish(View last);

  private:
    void take(View data);

    std::optional<crypto::Digest> m_digest;
    std::size_t m_longest;
    Bytes m_data;
    bool m_multi_part = false;
};

class SignOperation {
  public:
    SignOperation(std::shared_ptr<Token> token, std::shared_ptr<const Object> key, const MechanismRow& row,
                  std::optional<PssParameters> pss);

    /// length of the signature in bytes.
    std::size_t length() const { return signature_length(m_key.public_key); }

    bool is_multi_part() const { return m_input.is_multi_part(); }
    void update(View data) { m_input.update(data); }

    /// finish asks the card for the signature.
    Bytes finish(View last);

    /// needs_login: the key wants a C_Login(CKU_CONTEXT_SPECIFIC) that has not come yet.
    bool needs_login() const { return m_key.always_authenticate && !m_authenticated; }
    bool always_authenticates() const { return m_key.always_authenticate; }
    std::size_t key_index() const { return m_key.index; }
    void set_authenticated() { m_authenticated = true; }

  private:
    std::shared_ptr<Token> m_token;
    CardKey m_key;
    const MechanismRow& m_row;
    std::optional<PssParameters> m_pss;
    SignatureInput m_input;
    bool m_authenticated = false;
};

class VerifyOperation {
  public:
    VerifyOperation(std::shared_ptr<const Object> key, const MechanismRow& row,
                    std::optional<PssParameters> pss);

    bool is_multi_part() const { return m_input.is_multi_part(); }
    void update(View data) { m_input.update(data); }

    /// finish throws SIGNATURE_LEN_RANGE or SIGNATURE_INVALID.
    void finish(View last, View signature);

  private:
    crypto::PublicKey m_key;
    const MechanismRow& m_row;
    std::optional<PssParameters> m_pss;
    SignatureInput m_input;
};

}  // namespace jeton::pkcs11
