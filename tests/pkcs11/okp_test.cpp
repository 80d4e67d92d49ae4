// Ed25519 and X25519 keys as objects, and CKM_EDDSA.
#include "crypto/keys.hpp"
#include "pkcs11/module_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::test {
namespace {

constexpr CK_MECHANISM eddsa{CKM_EDDSA, nullptr, 0};

class OkpTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        cards = new SoftCards;
        client = new Client;
        ASSERT_EQ(client->login(), CKR_OK);
        ed25519 = client->generate_ec(1, ed25519_params(), CKM_EC_EDWARDS_KEY_PAIR_GEN);
        x25519 = client->generate_ec(3, x25519_params(), CKM_EC_MONTGOMERY_KEY_PAIR_GEN);
    }
    static void TearDownTestSuite() {
        delete client;
        delete cards;
    }

    static inline SoftCards* cards = nullptr;
    static inline Client* client = nullptr;
    static inline Client::Pair ed25519, x25519;
};

TEST_F(OkpTest, objects_are_as_the_standard_has_them) {
    struct Row {
        Client::Pair pair;
        CK_KEY_TYPE type;
        CK_MECHANISM_TYPE generator;
        Bytes params;
    };
    for (const Row& row : {Row{ed25519, CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519_params()},
                           Row{x25519, CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519_params()}}) {
        for (const CK_OBJECT_HANDLE object : {row.pair.public_key, row.pair.private_key}) {
            EXPECT_EQ(client->attribute(object, CKA_KEY_TYPE), number(0, row.type).bytes);
            EXPECT_EQ(client->attribute(object, CKA_EC_PARAMS), row.params);
            EXPECT_EQ(client->attribute(object, CKA_KEY_GEN_MECHANISM), number(0, row.generator).bytes);
        }
        const Bytes point = client->attribute(row.pair.public_key, CKA_EC_POINT);
        const auto key = crypto::parse_spki(client->attribute(row.pair.public_key, CKA_PUBLIC_KEY_INFO));
        EXPECT_EQ(point, std::get<crypto::OkpPublicKey>(*key).value);
        CK_ATTRIBUTE seed{CKA_VALUE, nullptr, 0};
        EXPECT_EQ((*client)->C_GetAttributeValue(client->session(), row.pair.private_key, &seed, 1),
                  CKR_ATTRIBUTE_SENSITIVE);
    }
    EXPECT_TRUE(client->is_true(ed25519.private_key, CKA_SIGN));
    EXPECT_FALSE(client->is_true(ed25519.private_key, CKA_DERIVE));
    EXPECT_FALSE(client->is_true(x25519.private_key, CKA_SIGN));
    EXPECT_TRUE(client->is_true(x25519.private_key, CKA_DERIVE));
    EXPECT_EQ(client->find({number(CKA_CLASS, CKO_PRIVATE_KEY), flag(CKA_SIGN, true)}),
              std::vector{ed25519.private_key});
}

TEST_F(OkpTest, ed25519_signatures_verify_here_and_elsewhere) {
    const auto key = crypto::parse_spki(client->attribute(ed25519.public_key, CKA_PUBLIC_KEY_INFO));
    CK_EDDSA_PARAMS plain{CK_FALSE, 0, nullptr};
    for (const std::size_t length : {0, 1, 32, 1000}) {
        for (const CK_MECHANISM& mechanism : {eddsa, CK_MECHANISM{CKM_EDDSA, &plain, sizeof plain}}) {
            const Bytes message(length, 0x42);
            Bytes signature;
            ASSERT_EQ(client->sign(mechanism, ed25519.private_key, message, signature), CKR_OK);
            EXPECT_EQ(signature.size(), 64U);
            EXPECT_TRUE(crypto::verify_eddsa(std::get<crypto::OkpPublicKey>(*key), message, signature));
            EXPECT_EQ(client->verify(mechanism, ed25519.public_key, message, signature), CKR_OK);
            EXPECT_EQ(client->verify(mechanism, ed25519.public_key, Bytes(length + 1, 0x42), signature),
                      CKR_SIGNATURE_INVALID);
            signature[40] ^= 1;
            EXPECT_EQ(client->verify(mechanism, ed25519.public_key, message, signature),
                      CKR_SIGNATURE_INVALID);
            signature.pop_back();
            EXPECT_EQ(client->verify(mechanism, ed25519.public_key, message, signature),
                      CKR_SIGNATURE_LEN_RANGE);
        }
    }
}

TEST_F(OkpTest, prehash_and_context_are_refused) {
    Byte context[] = {1};
    Bytes signature;
    for (CK_EDDSA_PARAMS params : {CK_EDDSA_PARAMS{CK_TRUE, 0, nullptr}, {CK_FALSE, 1, context}}) {
        EXPECT_EQ(
            client->sign({CKM_EDDSA, &params, sizeof params}, ed25519.private_key, Bytes(3, 1), signature),
            CKR_MECHANISM_PARAM_INVALID);
    }
    CK_EDDSA_PARAMS plain{CK_FALSE, 0, nullptr};
    EXPECT_EQ(client->sign({CKM_EDDSA, &plain, 1}, ed25519.private_key, Bytes(3, 1), signature),
              CKR_MECHANISM_PARAM_INVALID);
}

TEST_F(OkpTest, endless_messages_and_other_keys_are_refused) {
    Bytes signature;
    EXPECT_EQ(client->sign(eddsa, ed25519.private_key, Bytes(70000, 1), signature), CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->sign(eddsa, ed25519.private_key, Bytes(65000, 1), signature), CKR_DATA_LEN_RANGE)
        << "more than the card takes";
    EXPECT_EQ(client->sign(eddsa, x25519.private_key, Bytes(3, 1), signature), CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(client->sign({CKM_ECDSA, nullptr, 0}, ed25519.private_key, Bytes(32, 1), signature),
              CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(client->verify(eddsa, x25519.public_key, Bytes(3, 1), Bytes(64)), CKR_KEY_TYPE_INCONSISTENT);
}

TEST_F(OkpTest, signature_in_parts_equals_signature_at_once) {
    const Client& c = *client;
    Bytes message(300, 0x33);
    Bytes whole;
    ASSERT_EQ(c.sign(eddsa, ed25519.private_key, message, whole), CKR_OK);
    CK_MECHANISM mechanism = eddsa;
    ASSERT_EQ(c->C_SignInit(c.session(), &mechanism, ed25519.private_key), CKR_OK);
    ASSERT_EQ(c->C_SignUpdate(c.session(), message.data(), 100), CKR_OK);
    ASSERT_EQ(c->C_SignUpdate(c.session(), message.data() + 100, 200), CKR_OK);
    Bytes signature(64);
    CK_ULONG length = signature.size();
    ASSERT_EQ(c->C_SignFinal(c.session(), signature.data(), &length), CKR_OK);
    EXPECT_EQ(signature, whole) << "Ed25519 is deterministic";
}

TEST_F(OkpTest, public_session_key_takes_both_forms_of_params_and_point) {
    const Bytes point = client->attribute(ed25519.public_key, CKA_EC_POINT);
    Bytes signature;
    ASSERT_EQ(client->sign(eddsa, ed25519.private_key, Bytes(5, 5), signature), CKR_OK);
    for (const char* params : {"06032B6570", "130C656477617264733235353139", "130745643235353139"}) {
        for (const Bytes& value : {point, TlvWriter().put(0x04, point).take()}) {
            CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
            ASSERT_EQ(client->create({number(CKA_CLASS, CKO_PUBLIC_KEY), number(CKA_KEY_TYPE, CKK_EC_EDWARDS),
                                      bytes(CKA_EC_PARAMS, *from_hex(params)), bytes(CKA_EC_POINT, value)},
                                     key),
                      CKR_OK);
            EXPECT_EQ(client->verify(eddsa, key, Bytes(5, 5), signature), CKR_OK);
            EXPECT_EQ(client->attribute(key, CKA_EC_POINT), point);
            EXPECT_EQ(client->attribute(key, CKA_EC_PARAMS), ed25519_params());
        }
    }
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    EXPECT_EQ(client->create({number(CKA_CLASS, CKO_PUBLIC_KEY), number(CKA_KEY_TYPE, CKK_EC_EDWARDS),
                              bytes(CKA_EC_PARAMS, ed25519_params()), bytes(CKA_EC_POINT, Bytes(31, 1))},
                             key),
              CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(client->create({number(CKA_CLASS, CKO_PUBLIC_KEY), number(CKA_KEY_TYPE, CKK_EC_EDWARDS),
                              bytes(CKA_EC_PARAMS, x25519_params()), bytes(CKA_EC_POINT, point)},
                             key),
              CKR_CURVE_NOT_SUPPORTED);
}

TEST_F(OkpTest, mechanisms_make_their_own_curves_only) {
    struct Row {
        CK_MECHANISM_TYPE mechanism;
        Bytes params;
    };
    const Bytes ed448 = *from_hex("06032B6571");
    for (const Row& row :
         {Row{CKM_EC_KEY_PAIR_GEN, ed25519_params()}, Row{CKM_EC_EDWARDS_KEY_PAIR_GEN, x25519_params()},
          Row{CKM_EC_EDWARDS_KEY_PAIR_GEN, ed448}, Row{CKM_EC_EDWARDS_KEY_PAIR_GEN, p256_params()},
          Row{CKM_EC_MONTGOMERY_KEY_PAIR_GEN, ed25519_params()}}) {
        Client::Pair pair{};
        EXPECT_EQ(client->generate(row.mechanism, {bytes(CKA_EC_PARAMS, row.params)},
                                   {flag(CKA_TOKEN, true), bytes(CKA_ID, Bytes{6})}, pair),
                  CKR_CURVE_NOT_SUPPORTED);
    }
    Client::Pair pair{};
    const Bytes of_pkcs11_tool = *from_hex("130B63757276653235353139");
    EXPECT_EQ(client->generate(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, of_pkcs11_tool)},
                               {flag(CKA_TOKEN, true), bytes(CKA_ID, Bytes{6})}, pair),
              CKR_OK);
}

}  // namespace
}  // namespace jeton::test
