// Certificates, data objects, searches, what they cost, and cards that are taken out, on every kind of token.
#include "pkcs11/common_tokens.hpp"

namespace jeton::test {
namespace {

class CommonObjects : public TokenTest {
  protected:
    static std::vector<Value> certificate_of(const Bytes& value) {
        return {number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), id_of(kind().signer),
                bytes(CKA_VALUE, value)};
    }

    static std::vector<Value> data(View value) {
        return {number(CKA_CLASS, CKO_DATA), flag(CKA_TOKEN, true), text(CKA_LABEL, kind().data_label),
                bytes(CKA_VALUE, value)};
    }

    /// as_data_writer is as_maker.
    template <typename Work>
    static void as_data_writer(Work&& work) {
        const Client client;
        ASSERT_EQ(
            kind().data_writer == CKU_USER ? client.login() : client.login(kind().maker_secret, kind().maker),
            CKR_OK);
        work(client);
    }

    static CK_RV sign(const Client& client, Byte id) {
        const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), id_of(id)});
        Bytes signature;
        return client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, Bytes(10), signature);
    }
};

TEST_P(CommonObjects, certificate_stands_beside_its_key) {
    Bytes value;
    as_maker([&](const Client& client) {
        const auto pair = client.generate_ec(kind().signer, p256_params());
        value = self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Somebody", 700);
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        ASSERT_EQ(client.create(certificate_of(value), handle), CKR_OK);
        EXPECT_EQ(client.attribute(handle, CKA_VALUE), value);
        EXPECT_EQ(client.create(certificate_of(value), handle), CKR_ATTRIBUTE_VALUE_INVALID)
            << "it is there already";
    });
    {
        const Client client;
        const CK_OBJECT_HANDLE found = client.find_one({number(CKA_CLASS, CKO_CERTIFICATE)});
        EXPECT_EQ(client.attribute(found, CKA_VALUE), value) << "without a login";
        EXPECT_EQ(client.attribute(found, CKA_ID), Bytes{kind().signer});
        EXPECT_NE(to_text(client.attribute(found, CKA_SUBJECT)).find("Somebody"), std::string::npos);
        EXPECT_EQ(client.destroy(found), CKR_USER_NOT_LOGGED_IN);
        ASSERT_EQ(client.login(), CKR_OK);
        EXPECT_EQ(sign(client, kind().signer), CKR_OK);
    }
    as_maker([](const Client& client) {
        EXPECT_EQ(client.destroy(client.find_one({number(CKA_CLASS, CKO_CERTIFICATE)})), CKR_OK);
    });
    const Client client;
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).empty());
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size(), 1U) << "the key stays";
}

TEST_P(CommonObjects, what_is_no_certificate_is_refused) {
    as_maker([](const Client& client) {
        client.generate_ec(kind().signer, p256_params());
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        EXPECT_EQ(client.create(certificate_of(Bytes(100, 0x30)), handle), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(client.create(certificate_of({}), handle), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).empty());
    });
}

TEST_P(CommonObjects, data_come_change_and_go) {
    const std::vector<Value> wanted{number(CKA_CLASS, CKO_DATA), text(CKA_LABEL, kind().data_label)};
    const auto found = [&](const Client& client) { return client.find({wanted[0], wanted[1]}); };
    as_data_writer([&](const Client& client) {
        for (const CK_OBJECT_HANDLE old : found(client)) {
            ASSERT_EQ(client.destroy(old), CKR_OK) << "cards of some kinds come with one";
        }
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        ASSERT_EQ(client.create(data(Bytes(200, 0x11)), handle), CKR_OK);
        EXPECT_EQ(client.attribute(handle, CKA_VALUE), Bytes(200, 0x11));
        ASSERT_EQ(client.set(handle, {bytes(CKA_VALUE, Bytes{4, 5, 6})}), CKR_OK);
    });
    {
        const Client client;
        ASSERT_EQ(found(client).size(), 1U);
        const CK_OBJECT_HANDLE object = found(client).front();
        EXPECT_EQ(client.attribute(object, CKA_VALUE), (Bytes{4, 5, 6}))
            << "a shorter content is all there is";
        EXPECT_EQ(client.destroy(object), CKR_USER_NOT_LOGGED_IN);
    }
    as_data_writer([&](const Client& client) {
        EXPECT_EQ(client.destroy(found(client).at(0)), CKR_OK);
        EXPECT_TRUE(found(client).empty());
    });
    EXPECT_TRUE(found(Client()).empty());
}

TEST_P(CommonObjects, searches_name_what_they_want) {
    as_maker([](const Client& client) {
        for (const Byte id : kind().places) {
            client.generate_ec(id, p256_params());
        }
    });
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const std::size_t count = kind().places.size();
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).size(), count);
    EXPECT_EQ(client.find({number(CKA_KEY_TYPE, CKK_EC)}).size(), 2 * count);
    EXPECT_TRUE(client.find({number(CKA_KEY_TYPE, CKK_RSA)}).empty());
    EXPECT_TRUE(client.find({id_of(0x7E)}).empty());
    for (const Byte id : kind().places) {
        const auto pair = find_pair(client, id);
        EXPECT_EQ(client.find_one({bytes(CKA_EC_POINT, client.attribute(pair.public_key, CKA_EC_POINT)),
                                   number(CKA_CLASS, CKO_PUBLIC_KEY)}),
                  pair.public_key);
    }
}

TEST_P(CommonObjects, signatures_and_searches_cost_few_commands) {
    as_maker([](const Client& client) {
        for (const Byte id : kind().places) {
            client.generate_ec(id, p256_params());
        }
    });
    cards().apdus();
    const Client client;
    CK_TOKEN_INFO info;
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(sign(client, kind().signer), CKR_OK);
    const std::size_t first = cards().apdus();
    RecordProperty("apdus", static_cast<int>(first));
    EXPECT_LE(first, carries_extended_apdus() ? kind().first_signature : kind().first_signature_short);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(sign(client, kind().signer), CKR_OK);
        EXPECT_EQ(cards().apdus(), 1U);
    }
    const auto all = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    cards().apdus();
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}), all);
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(cards().apdus(), 0U) << "what was found is remembered";
}

TEST_P(CommonObjects, card_that_is_taken_out_ends_its_sessions_and_a_new_one_works) {
    make_ec(kind().signer, p256_params());
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    const auto away = cards().directory() / "away";
    std::filesystem::rename(cards().card_file(), away);
    CK_SLOT_INFO info{};
    EXPECT_EQ(client->C_GetSlotInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(info.flags & CKF_TOKEN_PRESENT, 0U);
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_SESSION_HANDLE_INVALID);
    CK_TOKEN_INFO token{};
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &token), CKR_TOKEN_NOT_PRESENT);
    std::filesystem::rename(away, cards().card_file());
    CK_SESSION_HANDLE fresh = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &fresh), CKR_OK);
    CK_SESSION_INFO state{};
    EXPECT_EQ(client->C_GetSessionInfo(fresh, &state), CKR_OK);
    EXPECT_EQ(state.state, CKS_RO_PUBLIC_SESSION);
}

TEST_P(CommonObjects, card_that_is_taken_out_during_an_operation_says_so) {
    make_ec(kind().signer, p256_params());
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    ASSERT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_OK);
    std::filesystem::rename(cards().card_file(), cards().directory() / "away");
    Bytes digest(32, 1);
    Bytes signature(64);
    CK_ULONG length = signature.size();
    const auto finish = [&] {
        return client->C_Sign(client.session(), digest.data(), digest.size(), signature.data(), &length);
    };
    EXPECT_EQ(finish(), CKR_DEVICE_REMOVED);
    EXPECT_EQ(finish(), CKR_SESSION_HANDLE_INVALID);
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonObjects, testing::ValuesIn(token_kinds()), token_name);

}  // namespace
}  // namespace jeton::test
