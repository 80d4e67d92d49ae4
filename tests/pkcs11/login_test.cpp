// Keys of PIV cards that want the PIN each time; what holds for logins to every kind of token is in
// common_login_test.cpp.
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

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
