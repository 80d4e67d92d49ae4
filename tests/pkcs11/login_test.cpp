// Login, PIN counters and keys that want the PIN each time.
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

CK_FLAGS token_flags(const Client& client) {
    CK_TOKEN_INFO info{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    return info.flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
}

TEST(LoginTest, flags_follow_the_counter_of_the_card) {
    const SoftCards cards;
    const Client client;
    EXPECT_EQ(token_flags(client), 0U);
    EXPECT_EQ(client.login("111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW);
    EXPECT_EQ(client.login("111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(token_flags(client), 0U);
}

TEST(LoginTest, counter_survives_the_process_and_locks) {
    const SoftCards cards;
    {
        EXPECT_EQ(Client().login("111111"), CKR_PIN_INCORRECT);
    }
    const Client client;
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW);
    EXPECT_EQ(client.login("111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(client.login("111111"), CKR_PIN_LOCKED);
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_LOCKED);
    EXPECT_EQ(client.login(), CKR_PIN_LOCKED);
}

TEST(LoginTest, puk_unblocks_a_locked_pin) {
    const SoftCards cards;
    const Client client;
    for (int i = 0; i < 3; ++i) {
        client.login("111111");
    }
    ASSERT_EQ(client.login(), CKR_PIN_LOCKED);
    ASSERT_EQ(client.login(SoftCards::puk, CKU_SO), CKR_OK);
    std::string pin = "246802";
    ASSERT_EQ(client->C_InitPIN(client.session(), reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size()),
              CKR_OK);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(client.login(pin), CKR_OK);
    EXPECT_EQ(token_flags(client), 0U);
}

TEST(LoginTest, pin_of_a_wrong_form_costs_no_try) {
    const SoftCards cards;
    const Client client;
    for (const char* pin : {"", "12345", "123456789"}) {
        EXPECT_EQ(client.login(pin), CKR_PIN_LEN_RANGE) << pin;
    }
    EXPECT_EQ(token_flags(client), 0U);
}

TEST(LoginTest, changed_pin_holds) {
    const SoftCards cards;
    std::string old_pin = SoftCards::pin;
    std::string new_pin = "13579246";
    {
        const Client client;
        ASSERT_EQ(client->C_SetPIN(client.session(), reinterpret_cast<CK_UTF8CHAR_PTR>(old_pin.data()),
                                   old_pin.size(), reinterpret_cast<CK_UTF8CHAR_PTR>(new_pin.data()),
                                   new_pin.size()),
                  CKR_OK);
        EXPECT_EQ(client.login(new_pin), CKR_OK);
    }
    const Client client;
    EXPECT_EQ(client.login(old_pin), CKR_PIN_INCORRECT);
    EXPECT_EQ(client.login(new_pin), CKR_OK);
}

TEST(LoginTest, private_objects_come_and_go_with_the_login) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = client.generate_ec(1, p256_params());
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).size(), 1U);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size(), 1U);
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, pair.private_key), CKR_KEY_HANDLE_INVALID);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, pair.private_key), CKR_KEY_HANDLE_INVALID)
        << "a handle from before the logout must stay dead";
    EXPECT_NE(client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)}), pair.private_key);
}

class AlwaysAuthenticateTest : public testing::Test {
  protected:
    AlwaysAuthenticateTest() {
        EXPECT_EQ(m_client.login(), CKR_OK);
        m_key = m_client.generate_ec(2, p256_params()).private_key;
        EXPECT_EQ(m_client.attribute(m_key, CKA_ALWAYS_AUTHENTICATE), Bytes{1});
        EXPECT_EQ(m_client->C_SignInit(m_client.session(), &m_mechanism, m_key), CKR_OK);
    }

    CK_RV sign() {
        CK_ULONG length = m_signature.size();
        return m_client->C_Sign(m_client.session(), m_digest.data(), m_digest.size(), m_signature.data(),
                                &length);
    }

    const SoftCards m_cards;
    const Client m_client;
    CK_MECHANISM m_mechanism{CKM_ECDSA, nullptr, 0};
    CK_OBJECT_HANDLE m_key = CK_INVALID_HANDLE;
    Bytes m_digest = Bytes(32, 1);
    Bytes m_signature = Bytes(64);
};

TEST_F(AlwaysAuthenticateTest, wants_a_login_for_each_signature) {
    EXPECT_EQ(sign(), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(m_client.login("111111", CKU_CONTEXT_SPECIFIC), CKR_PIN_INCORRECT);
    EXPECT_EQ(sign(), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(m_client.login(SoftCards::pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
    EXPECT_EQ(sign(), CKR_OK);
    EXPECT_EQ(m_client->C_SignInit(m_client.session(), &m_mechanism, m_key), CKR_OK);
    EXPECT_EQ(sign(), CKR_USER_NOT_LOGGED_IN) << "one login, one signature";
}

TEST_F(AlwaysAuthenticateTest, length_query_and_attribute_reads_keep_the_login) {
    EXPECT_EQ(m_client.login(SoftCards::pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
    CK_ULONG length = 0;
    EXPECT_EQ(m_client->C_Sign(m_client.session(), m_digest.data(), m_digest.size(), nullptr, &length),
              CKR_OK);
    EXPECT_EQ(length, 64U);
    EXPECT_EQ(m_client.attribute(m_key, CKA_ALWAYS_AUTHENTICATE), Bytes{1});
    EXPECT_EQ(sign(), CKR_OK);
}

TEST_F(AlwaysAuthenticateTest, another_command_in_between_costs_a_second_verification_but_no_prompt) {
    EXPECT_EQ(m_client.login(SoftCards::pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
    EXPECT_TRUE(m_client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).empty());
    EXPECT_EQ(sign(), CKR_OK);
}

}  // namespace
}  // namespace jeton::test
