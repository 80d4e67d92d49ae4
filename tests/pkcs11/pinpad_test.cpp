// PINs typed on the reader's pad: the application never has them.
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

class PinpadTest : public testing::TestWithParam<const char*> {
  protected:
    /// Needs to come before the Client.
    void type(const std::string& words, const std::string& more = "") {
        m_cards.write_config(R"({"softCards": {"exchange": ")" + std::string(GetParam()) +
                             R"(", "pinpad": )" + words + "}" + more + "}");
    }

    static CK_RV login(const Client& client, CK_USER_TYPE user = CKU_USER) {
        return client->C_Login(client.session(), user, nullptr, 0);
    }

    static CK_FLAGS flags(const Client& client) {
        CK_TOKEN_INFO info{};
        EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
        return info.flags;
    }

    SoftCards m_cards{GetParam()};
};

TEST_P(PinpadTest, logs_in) {
    type(R"(["123456"])");
    const Client client;
    EXPECT_NE(flags(client) & CKF_PROTECTED_AUTHENTICATION_PATH, 0U);
    ASSERT_EQ(login(client), CKR_OK);
    EXPECT_EQ(login(client), CKR_USER_ALREADY_LOGGED_IN);
    const std::vector<std::string> commands = m_cards.commands();
    EXPECT_EQ(std::ranges::count(commands, "PIN pad: 00200080"), 1);
    EXPECT_EQ(std::ranges::count(commands, "00200080 [8 bytes]"), 0) << "a PIN of the application's";
}

TEST_P(PinpadTest, keys_that_end_an_entry_cancel_and_cost_no_try) {
    type(R"(["cancel", "timeout", "12345", "111111", "123456"])");
    const Client client;
    EXPECT_EQ(login(client), CKR_FUNCTION_CANCELED);
    EXPECT_EQ(login(client), CKR_FUNCTION_CANCELED);
    EXPECT_EQ(login(client), CKR_PIN_LEN_RANGE);
    EXPECT_EQ(flags(client) & CKF_USER_PIN_COUNT_LOW, 0U);
    EXPECT_EQ(login(client), CKR_PIN_INCORRECT);
    EXPECT_NE(flags(client) & CKF_USER_PIN_COUNT_LOW, 0U);
    EXPECT_EQ(login(client), CKR_OK);
}

TEST_P(PinpadTest, changes_the_pin) {
    type(R"(["123456", "65432100", "65432100", "123456", "222222", "333333", "cancel", "65432100"])");
    const Client client;
    const auto set_pin = [&] { return client->C_SetPIN(client.session(), nullptr, 0, nullptr, 0); };
    EXPECT_EQ(set_pin(), CKR_OK);
    EXPECT_EQ(set_pin(), CKR_PIN_INVALID) << "the new ones differ";
    EXPECT_EQ(set_pin(), CKR_FUNCTION_CANCELED);
    EXPECT_EQ(login(client), CKR_OK);
}

TEST_P(PinpadTest, a_pin_may_be_given_by_the_application_as_well) {
    type(R"([])");
    const Client client;
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(login(client), CKR_FUNCTION_CANCELED) << "nobody types";
    EXPECT_EQ(login(client, CKU_SO), CKR_ARGUMENTS_BAD) << "no pad has the keys for that";
    EXPECT_EQ(client->C_Login(client.session(), CKU_USER, nullptr, 6), CKR_ARGUMENTS_BAD);
}

TEST_P(PinpadTest, can_be_turned_off) {
    type(R"(["123456"])", R"(, "readers": {"pinpad": false})");
    const Client client;
    EXPECT_EQ(flags(client) & CKF_PROTECTED_AUTHENTICATION_PATH, 0U);
    EXPECT_EQ(login(client), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(client.login(), CKR_OK);
}

TEST_P(PinpadTest, keys_that_want_the_pin_each_time_get_it_typed_each_time) {
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        client.generate_rsa(2);
    }
    type(R"(["123456", "123456", "123456"])");
    const Client client;
    ASSERT_EQ(login(client), CKR_OK);
    const CK_OBJECT_HANDLE key =
        client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, Bytes{2})});
    for (int i = 0; i < 2; ++i) {
        CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
        Bytes data{1, 2, 3};
        Bytes signature(256);
        CK_ULONG length = signature.size();
        ASSERT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_OK);
        ASSERT_EQ(login(client, CKU_CONTEXT_SPECIFIC), CKR_OK);
        EXPECT_EQ(client->C_Sign(client.session(), data.data(), data.size(), signature.data(), &length),
                  CKR_OK);
    }
}

TEST_P(PinpadTest, nobody_repeats_the_pin_after_another_process_had_the_card) {
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        client.generate_ec(1, p256_params());
    }
    type(R"(["123456", "123456"])");
    const Client client;
    ASSERT_EQ(login(client), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, key, Bytes(32, 1), signature), CKR_OK);
    const pid_t child = fork();
    if (child == 0) {
        const Client other;
        _exit(other.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size() == 1 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, key, Bytes(32, 1), signature), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(login(client), CKR_OK);
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)}),
                          Bytes(32, 1), signature),
              CKR_OK);
}

INSTANTIATE_TEST_SUITE_P(Readers, PinpadTest,
                         testing::Values("extended-apdu", "short-apdu", "tpdu-t1", "tpdu-t0"));

}  // namespace
}  // namespace jeton::test
