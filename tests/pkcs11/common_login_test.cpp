// Logins, PINs and their counters, and tokens made as new, on every kind of token.
#include "pkcs11/common_tokens.hpp"

namespace jeton::test {
namespace {

constexpr CK_FLAGS counter_flags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

CK_FLAGS token_flags(const Client& client) {
    CK_TOKEN_INFO info{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    return info.flags & counter_flags;
}

CK_STATE state_of(const Client& client) {
    CK_SESSION_INFO info{};
    EXPECT_EQ(client->C_GetSessionInfo(client.session(), &info), CKR_OK);
    return info.state;
}

class CommonLogin : public TokenTest {
  protected:
    static void block_pin(const Client& client) {
        for (int i = 0; i < 3; ++i) {
            client.login("111111");
        }
        ASSERT_EQ(client.login(), CKR_PIN_LOCKED);
    }
};

TEST_P(CommonLogin, flags_follow_the_counter_of_the_card) {
    const Client client;
    EXPECT_EQ(token_flags(client), 0U);
    EXPECT_EQ(client.login("111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW);
    EXPECT_EQ(client.login("111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(token_flags(client), 0U);
}

TEST_P(CommonLogin, counter_survives_the_process_and_locks) {
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

TEST_P(CommonLogin, pin_of_a_wrong_length_costs_no_try) {
    const Client client;
    CK_TOKEN_INFO info{};
    ASSERT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(info.ulMinPinLen, 6U);
    for (const std::size_t length : {std::size_t{0}, info.ulMinPinLen - 1, info.ulMaxPinLen + 1}) {
        EXPECT_EQ(client.login(std::string(length, '1')), CKR_PIN_LEN_RANGE) << length;
    }
    EXPECT_EQ(set_pin(client, SoftCards::pin, "12345"), CKR_PIN_LEN_RANGE);
    EXPECT_EQ(token_flags(client), 0U);
}

TEST_P(CommonLogin, one_logs_in_at_a_time_and_the_session_tells_who) {
    const Client client;
    EXPECT_EQ(state_of(client), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(client->C_Logout(client.session()), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(client.login(SoftCards::pin, 99), CKR_USER_TYPE_INVALID);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(state_of(client), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(client.login(), CKR_USER_ALREADY_LOGGED_IN);
    EXPECT_EQ(client.login(kind().unblocker, CKU_SO), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    ASSERT_EQ(client.login(kind().unblocker, CKU_SO), CKR_OK);
    EXPECT_EQ(state_of(client), CKS_RW_SO_FUNCTIONS);
    EXPECT_EQ(client.login(), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(state_of(client), CKS_RW_PUBLIC_SESSION);
}

TEST_P(CommonLogin, officer_needs_sessions_that_write) {
    const Client client(0);
    EXPECT_EQ(client.login(kind().unblocker, CKU_SO), CKR_SESSION_READ_ONLY_EXISTS);
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(set_pin(client, SoftCards::pin, "13579246"), CKR_SESSION_READ_ONLY);
}

TEST_P(CommonLogin, changed_pin_holds) {
    const std::string new_pin = "13579246";
    {
        const Client client;
        EXPECT_EQ(set_pin(client, "111111", new_pin), CKR_PIN_INCORRECT);
        EXPECT_EQ(token_flags(client), CKF_USER_PIN_COUNT_LOW);
        ASSERT_EQ(set_pin(client, SoftCards::pin, new_pin), CKR_OK);
        EXPECT_EQ(token_flags(client), 0U);
        EXPECT_EQ(client.login(new_pin), CKR_OK);
    }
    const Client client;
    EXPECT_EQ(client.login(), CKR_PIN_INCORRECT);
    EXPECT_EQ(client.login(new_pin), CKR_OK);
}

TEST_P(CommonLogin, officer_sets_a_new_pin_where_the_old_one_is_locked) {
    const Client client;
    block_pin(client);
    EXPECT_EQ(init_pin(client, "246802"), CKR_USER_NOT_LOGGED_IN);
    ASSERT_EQ(client.login(kind().unblocker, CKU_SO), CKR_OK);
    EXPECT_EQ(init_pin(client, "2468"), CKR_PIN_LEN_RANGE);
    ASSERT_EQ(init_pin(client, "246802"), CKR_OK);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(client.login(), CKR_PIN_INCORRECT);
    EXPECT_EQ(client.login("246802"), CKR_OK);
    EXPECT_EQ(token_flags(client), 0U);
}

TEST_P(CommonLogin, wrong_officer_s_pin_is_told_at_once_or_when_it_is_used) {
    const Client client;
    block_pin(client);
    std::string wrong(kind().unblocker);
    wrong.back() = '1';
    if (kind().unblocker_is_verified) {
        EXPECT_EQ(client.login(wrong, CKU_SO), CKR_PIN_INCORRECT);
    } else {
        EXPECT_EQ(client.login(wrong, CKU_SO), CKR_OK);
        EXPECT_EQ(init_pin(client, "246802"), CKR_PIN_INCORRECT);
    }
    CK_TOKEN_INFO info{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_NE(info.flags & CKF_USER_PIN_LOCKED, 0U) << "nothing was changed";
    EXPECT_EQ(state_of(client), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(client.login(kind().unblocker, CKU_SO), CKR_OK);
    EXPECT_EQ(init_pin(client, "246802"), CKR_OK);
}

TEST_P(CommonLogin, officer_changes_the_own_secret) {
    const Client client;
    ASSERT_EQ(client.login(kind().unblocker, CKU_SO), CKR_OK);
    EXPECT_EQ(set_pin(client, std::string(kind().other_unblocker), std::string(kind().other_unblocker)),
              CKR_PIN_INCORRECT);
    ASSERT_EQ(set_pin(client, std::string(kind().unblocker), std::string(kind().other_unblocker)), CKR_OK);
    EXPECT_EQ(init_pin(client, "246802"), CKR_OK) << "with the new secret";
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    const CK_RV old = client.login(kind().unblocker, CKU_SO);
    if (kind().unblocker_is_verified) {
        EXPECT_EQ(old, CKR_PIN_INCORRECT);
    } else {
        EXPECT_EQ(old, CKR_OK) << "it is found out when it is used";
        EXPECT_EQ(init_pin(client, "135791"), CKR_PIN_INCORRECT);
    }
    EXPECT_EQ(client.login(kind().other_unblocker, CKU_SO), CKR_OK);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(client.login("246802"), CKR_OK);
}

TEST_P(CommonLogin, private_objects_come_and_go_with_the_login) {
    make_ec(kind().signer, p256_params());
    const Client client;
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size(), 1U);
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_KEY_HANDLE_INVALID);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_KEY_HANDLE_INVALID)
        << "a handle from before the logout must stay dead";
    EXPECT_NE(client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)}), key);
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonLogin, testing::ValuesIn(token_kinds()), token_name);

class CommonInitialisation : public TokenTest {};

TEST_P(CommonInitialisation, makes_the_token_as_new) {
    make_ec(kind().signer, p256_params());
    const Client client;
    ASSERT_EQ(set_pin(client, SoftCards::pin, "87654321"), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY)});
    EXPECT_EQ(init_token(client, kind().initialiser), CKR_SESSION_EXISTS);
    ASSERT_EQ(client->C_CloseAllSessions(client.slot()), CKR_OK);
    std::string wrong(kind().initialiser);
    wrong.back() = wrong.back() == '9' ? '1' : '9';
    EXPECT_EQ(init_token(client, wrong), CKR_PIN_INCORRECT);
    EXPECT_EQ(init_token(client, "1"), CKR_PIN_LEN_RANGE);
    ASSERT_EQ(init_token(client, kind().initialiser), CKR_OK);

    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    ASSERT_EQ(
        client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
        CKR_OK);
    CK_ATTRIBUTE item{CKA_CLASS, nullptr, 0};
    EXPECT_EQ(client->C_GetAttributeValue(session, key, &item, 1), CKR_OBJECT_HANDLE_INVALID);
}

TEST_P(CommonInitialisation, leaves_no_keys_the_officer_s_secret_and_a_pin_that_the_user_gets) {
    make_ec(kind().signer, p256_params());
    std::string secret(kind().initialiser);
    if (kind().unblocker == kind().initialiser) {  // one that no new card has by itself
        const Client client;
        ASSERT_EQ(client.login(secret, CKU_SO), CKR_OK);
        ASSERT_EQ(set_pin(client, secret, std::string(kind().other_unblocker)), CKR_OK);
        secret = kind().other_unblocker;
    }
    {
        const Client client;
        ASSERT_EQ(client->C_CloseAllSessions(client.slot()), CKR_OK);
        ASSERT_EQ(init_token(client, secret), CKR_OK);
    }
    const Client client;
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).empty());
    if (!kind().new_pin_is_usual) {
        EXPECT_EQ(client.login(), CKR_PIN_INCORRECT) << "nobody knows the PIN";
        ASSERT_EQ(client.login(secret, CKU_SO), CKR_OK);
        ASSERT_EQ(init_pin(client, SoftCards::pin), CKR_OK);
        ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    }
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(client.login(secret, CKU_SO), CKR_OK) << "the officer's secret stays";
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonInitialisation, testing::ValuesIn(initialisable_kinds()), token_name);

}  // namespace
}  // namespace jeton::test
