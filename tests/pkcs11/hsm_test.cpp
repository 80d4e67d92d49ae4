// What is special about SmartCard-HSMs as applications see them; the rest is in common_*_test.cpp.
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

class HsmTest : public testing::Test {
  protected:
    HsmTest() : m_cards(std::vector<std::string>{"sc-hsm"}) {}

    static std::vector<CK_OBJECT_HANDLE> keys(const Client& client) {
        return client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    }

    SoftCards m_cards;
};

TEST_F(HsmTest, makes_keys_under_the_names_that_were_asked_for) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_TRUE(keys(client).empty());
    Client::Pair pair{};
    ASSERT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())},
                              {bytes(CKA_ID, Bytes{0x42}), text(CKA_LABEL, "mine")}, pair),
              CKR_OK);
    EXPECT_EQ(client.attribute(pair.private_key, CKA_LABEL), to_bytes(view_of("mine")));
    EXPECT_EQ(client.attribute(pair.public_key, CKA_ID), Bytes{0x42});
    Client::Pair other{};
    EXPECT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())},
                              {bytes(CKA_ID, Bytes{0x42})}, other),
              CKR_ATTRIBUTE_VALUE_INVALID);
    ASSERT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())}, {}, other), CKR_OK);
    EXPECT_EQ(client.attribute(other.private_key, CKA_ID).size(), 20U);
    EXPECT_EQ(keys(client).size(), 2U);

    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, pair.private_key, view_of("message"), signature),
              CKR_OK);
    EXPECT_EQ(client.verify({CKM_ECDSA_SHA256, nullptr, 0}, pair.public_key, view_of("message"), signature),
              CKR_OK);
}

TEST_F(HsmTest, renames_and_destroys_keys_and_keeps_handles) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = client.generate_ec(7, p256_params());
    ASSERT_EQ(client.set(pair.private_key, {bytes(CKA_ID, Bytes{0x09}), text(CKA_LABEL, "new")}), CKR_OK);
    EXPECT_EQ(client.attribute(pair.public_key, CKA_ID), Bytes{0x09});
    EXPECT_EQ(client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), text(CKA_LABEL, "new")}),
              pair.private_key);
    EXPECT_EQ(client.destroy(pair.private_key), CKR_OK);
    EXPECT_TRUE(keys(client).empty());
    const auto again = client.generate_ec(9, p256_params());
    EXPECT_NE(again.private_key, pair.private_key);
}

TEST_F(HsmTest, keeps_data_objects) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    ASSERT_EQ(client.create(
                  {number(CKA_CLASS, CKO_DATA), flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true),
                   text(CKA_LABEL, "note"), text(CKA_APPLICATION, "app"), bytes(CKA_VALUE, Bytes(600, 0x11))},
                  object),
              CKR_OK);
    EXPECT_EQ(client.attribute(object, CKA_VALUE), Bytes(600, 0x11));
    EXPECT_TRUE(client.is_true(object, CKA_PRIVATE));
    ASSERT_EQ(client.set(object, {text(CKA_LABEL, "other"), bytes(CKA_VALUE, Bytes(5, 0x22))}), CKR_OK);
    EXPECT_EQ(client.find_one({number(CKA_CLASS, CKO_DATA), text(CKA_LABEL, "other")}), object);
    EXPECT_EQ(client.attribute(object, CKA_VALUE), Bytes(5, 0x22));
    EXPECT_EQ(client.destroy(object), CKR_OK);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_DATA)}).empty());
}

TEST_F(HsmTest, writes_certificates_beside_their_keys) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = client.generate_rsa(3);
    const Bytes certificate =
        self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Beside", 100);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    ASSERT_EQ(client.create({number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                             bytes(CKA_ID, Bytes{3}), bytes(CKA_VALUE, certificate)},
                            object),
              CKR_OK);
    EXPECT_EQ(client.attribute(object, CKA_VALUE), certificate);
    EXPECT_EQ(client.attribute(object, CKA_ID), Bytes{3});
    EXPECT_EQ(client.destroy(object), CKR_OK);
    EXPECT_EQ(keys(client), std::vector{pair.private_key}) << "the public key stays";
    ASSERT_EQ(
        client.create({number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_ID, Bytes{0x77}),
                       text(CKA_LABEL, "authority"), bytes(CKA_VALUE, certificate)},
                      object),
        CKR_OK);
    EXPECT_EQ(client.attribute(object, CKA_LABEL), to_bytes(view_of("authority")));
}

TEST_F(HsmTest, further_keys_cost_two_commands_each) {
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        for (const Byte id : Bytes{1, 2, 3, 4}) {
            client.generate_ec(id, p256_params());
        }
    }
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto sign = [&](Byte id) {
        const auto key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, View(&id, 1))});
        Bytes signature;
        EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, view_of("message"), signature), CKR_OK);
        return m_cards.apdus();
    };
    sign(1);
    for (const Byte id : Bytes{2, 3, 4}) {
        EXPECT_LE(sign(id), carries_extended_apdus() ? 2U : 4U);
        EXPECT_EQ(sign(id), 1U);
    }
}

TEST_F(HsmTest, takes_no_keys_that_were_made_elsewhere) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    EXPECT_EQ(client.create(
                  {number(CKA_CLASS, CKO_PRIVATE_KEY), number(CKA_KEY_TYPE, CKK_EC), flag(CKA_TOKEN, true),
                   bytes(CKA_EC_PARAMS, p256_params()), bytes(CKA_VALUE, Bytes(32, 0x11))},
                  handle),
              CKR_TEMPLATE_INCONSISTENT);
    EXPECT_TRUE(keys(client).empty());
}

}  // namespace
}  // namespace jeton::test
