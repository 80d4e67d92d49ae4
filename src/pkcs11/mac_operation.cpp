// Message authentication codes with AES keys, in this process and on the card.
#include "card/card_aes.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/sign_operation.hpp"

namespace jeton::pkcs11 {

namespace {

/// The longest message for a key on the card, which is gathered first, in bytes.
constexpr std::size_t longest_message = 1048576;

class SessionMac final : public SignEngine {
  public:
    SessionMac(View key, std::size_t length) : m_cmac(key), m_length(length) {}

    std::size_t length() const override { return m_length; }
    void update(View data) override { m_cmac.update(data); }

    Bytes finish(View last) override {
        m_cmac.update(last);
        return to_bytes(View(m_cmac.finish()).first(m_length));
    }

  private:
    crypto::AesCmac m_cmac;
    std::size_t m_length;
};

class CardMac final : public SignEngine {
  public:
    CardMac(std::shared_ptr<Token> token, std::size_t secret_key, std::size_t length)
        : m_token(std::move(token)), m_aes(m_token->card(), secret_key), m_length(length) {}

    std::size_t length() const override { return m_length; }

    void update(View data) override {
        require(data.size() <= longest_message - m_message.size(), CKR_DATA_LEN_RANGE,
                "a longer message than is gathered for the card");
        append(m_message, data);
    }

    Bytes finish(View last) override {
        update(last);
        return to_bytes(View(m_aes.cmac(m_message)).first(m_length));
    }

  private:
    std::shared_ptr<Token> m_token;
    card::CardAes m_aes;
    std::size_t m_length;
    SecretBytes m_message;
};

class MacCheck final : public VerifyEngine {
  public:
    explicit MacCheck(std::unique_ptr<SignEngine> mac) : m_mac(std::move(mac)) {}

    void update(View data) override { m_mac->update(data); }

    void finish(View last, View signature) override {
        require(signature.size() == m_mac->length(), CKR_SIGNATURE_LEN_RANGE, "a code of another length");
        require(equal_secret(m_mac->finish(last), signature), CKR_SIGNATURE_INVALID,
                "the code does not fit the data");
    }

  private:
    std::unique_ptr<SignEngine> m_mac;
};

}  // namespace

std::unique_ptr<SignEngine> make_mac(std::shared_ptr<Token> token, const Object& object, std::size_t length) {
    const auto* const on_card = std::get_if<CardSecretKey>(&object.key);
    if (on_card == nullptr) {
        return std::make_unique<SessionMac>(std::get<SecretKey>(object.key).value, length);
    }
    require(token->card().claim_modes(on_card->index, false), CKR_KEY_FUNCTION_NOT_PERMITTED,
            "a key that was used with GCM is not used with other modes");
    return std::make_unique<CardMac>(std::move(token), on_card->index, length);
}

std::unique_ptr<VerifyEngine> make_mac_check(std::unique_ptr<SignEngine> mac) {
    return std::make_unique<MacCheck>(std::move(mac));
}

}  // namespace jeton::pkcs11
