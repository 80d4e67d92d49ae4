// The security officer: management key and PUK, and a card made as new.
#include "pkcs11/module_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::test {
namespace {

CK_UTF8CHAR_PTR chars(std::string& text) {
    return reinterpret_cast<CK_UTF8CHAR_PTR>(text.data());
}

CK_RV set_pin(const Client& client, std::string old_pin, std::string new_pin) {
    return client->C_SetPIN(client.session(), chars(old_pin), old_pin.size(), chars(new_pin), new_pin.size());
}

CK_RV init_pin(const Client& client, std::string pin) {
    return client->C_InitPIN(client.session(), chars(pin), pin.size());
}

CK_RV init_token(const Client& client, std::string pin) {
    CK_UTF8CHAR label[32];
    std::fill_n(label, sizeof label, ' ');
    return client->C_InitToken(client.slot(), chars(pin), pin.size(), label);
}

/// The management key in hex, which the card gives to whoever knows the PIN.
std::string management_key(const Client& client) {
    const Bytes printed =
        client.attribute(client.find_one({text(CKA_LABEL, "Printed Information")}), CKA_VALUE);
    return to_hex(find_tlv_path(printed, {0x88, 0x89}).value());
}

class ManagementTest : public testing::Test {
  protected:
    ManagementTest() {
        EXPECT_EQ(client.login(), CKR_OK);
        key = management_key(client);
        EXPECT_EQ(client->C_Logout(client.session()), CKR_OK);
    }

    CK_RV login_so(std::string_view secret) const { return client.login(secret, CKU_SO); }
    void logout() const { EXPECT_EQ(client->C_Logout(client.session()), CKR_OK); }

    SoftCards cards;
    Client client;
    std::string key;
};

TEST_F(ManagementTest, officer_logs_in_with_the_management_key_and_may_write) {
    std::string wrong = key;
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    EXPECT_EQ(login_so(wrong), CKR_PIN_INCORRECT);
    EXPECT_EQ(login_so(std::string(48, 'x')), CKR_PIN_LEN_RANGE);
    ASSERT_EQ(login_so(key), CKR_OK);
    CK_SESSION_INFO info{};
    EXPECT_EQ(client->C_GetSessionInfo(client.session(), &info), CKR_OK);
    EXPECT_EQ(info.state, CKS_RW_SO_FUNCTIONS);
    const auto pair = client.generate_ec(1, p256_params());
    EXPECT_NE(pair.public_key, CK_INVALID_HANDLE);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty())
        << "private objects are the user's";
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}), std::vector{pair.public_key});
}

TEST_F(ManagementTest, officer_changes_the_management_key) {
    ASSERT_EQ(login_so(key), CKR_OK);
    for (const std::size_t digits : {64, 32, 48}) {
        const std::string fresh(digits, 'A');
        EXPECT_EQ(set_pin(client, std::string(key.size(), '0'), fresh), CKR_PIN_INCORRECT);
        ASSERT_EQ(set_pin(client, key, fresh), CKR_OK);
        key = fresh;
        client.generate_ec(static_cast<Byte>(digits / 16), p256_params());
    }
    EXPECT_EQ(set_pin(client, key, "12345678"), CKR_PIN_LEN_RANGE) << "that would be a PUK";
    logout();
    ASSERT_EQ(login_so(key), CKR_OK);
    logout();
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(management_key(client), key) << "the card keeps it for its user";
    client.generate_ec(1, p256_params());
}

TEST_F(ManagementTest, officer_changes_the_puk) {
    ASSERT_EQ(login_so(SoftCards::puk), CKR_OK);
    EXPECT_EQ(set_pin(client, "87654321", "13572468"), CKR_PIN_INCORRECT);
    CK_TOKEN_INFO info{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_NE(info.flags & CKF_SO_PIN_COUNT_LOW, 0U);
    ASSERT_EQ(set_pin(client, SoftCards::puk, "13572468"), CKR_OK);
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(info.flags & CKF_SO_PIN_COUNT_LOW, 0U);
    EXPECT_EQ(init_pin(client, "246802"), CKR_OK) << "with the new PUK";
    logout();
    ASSERT_EQ(login_so(SoftCards::puk), CKR_OK) << "it is found out when it is used";
    EXPECT_EQ(init_pin(client, "135791"), CKR_PIN_INCORRECT);
    EXPECT_EQ(client.login("246802"), CKR_OK);
}

TEST_F(ManagementTest, blocked_puk_is_told) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(login_so("87654321"), CKR_OK);
        EXPECT_EQ(init_pin(client, "246802"), i < 2 ? CKR_PIN_INCORRECT : CKR_PIN_LOCKED);
    }
    CK_TOKEN_INFO info{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_NE(info.flags & CKF_SO_PIN_LOCKED, 0U);
}

TEST_F(ManagementTest, user_cannot_do_what_is_the_officer_s) {
    EXPECT_EQ(init_pin(client, "246802"), CKR_USER_NOT_LOGGED_IN);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(init_pin(client, "246802"), CKR_USER_NOT_LOGGED_IN);
    logout();
    ASSERT_EQ(login_so(SoftCards::puk), CKR_OK);
    EXPECT_EQ(init_pin(client, "2468"), CKR_PIN_LEN_RANGE);
    Client::Pair pair{};
    EXPECT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())}, {}, pair),
              CKR_USER_NOT_LOGGED_IN)
        << "the PUK is no management key";
}

TEST_F(ManagementTest, initialised_card_is_as_new) {
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = client.generate_ec(1, p256_params());
    const CK_OBJECT_HANDLE chuid = client.find_one({text(CKA_LABEL, "Card Holder Unique Identifier")});
    ASSERT_EQ(set_pin(client, SoftCards::pin, "87654321"), CKR_OK);
    EXPECT_EQ(init_token(client, key), CKR_SESSION_EXISTS);
    ASSERT_EQ(client->C_CloseAllSessions(client.slot()), CKR_OK);
    std::string wrong = key;
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    EXPECT_EQ(init_token(client, wrong), CKR_PIN_INCORRECT);
    EXPECT_EQ(client->C_InitToken(client.slot(), chars(key), key.size(), nullptr), CKR_ARGUMENTS_BAD);
    CK_UTF8CHAR label[32] = {'x'};
    EXPECT_EQ(client->C_InitToken(client.slot(), nullptr, key.size(), label), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(client->C_InitToken(999999, chars(key), key.size(), label), CKR_SLOT_ID_INVALID);
    ASSERT_EQ(init_token(client, key), CKR_OK);

    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    ASSERT_EQ(
        client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
        CKR_OK);
    CK_ATTRIBUTE item{CKA_CLASS, nullptr, 0};
    for (const CK_OBJECT_HANDLE dead : {pair.public_key, pair.private_key, chuid}) {
        EXPECT_EQ(client->C_GetAttributeValue(session, dead, &item, 1), CKR_OBJECT_HANDLE_INVALID);
    }
    std::string pin = SoftCards::pin;
    EXPECT_EQ(client->C_Login(session, CKU_USER, chars(pin), pin.size()), CKR_OK) << "the factory's PIN";
    CK_ULONG count = 0;
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    TemplateOf keys{number(CKA_CLASS, CKO_PRIVATE_KEY)};
    EXPECT_EQ(client->C_FindObjectsInit(session, keys.data(), keys.size()), CKR_OK);
    EXPECT_EQ(client->C_FindObjects(session, &found, 1, &count), CKR_OK);
    EXPECT_EQ(count, 0U);
}

}  // namespace
}  // namespace jeton::test
