// What is special about OpenPGP cards as applications see them; the rest is in common_*_test.cpp.
#include "crypto/keys.hpp"
#include "pkcs11/private_key_template.hpp"

namespace jeton::test {
namespace {

constexpr std::string_view user_pin = "123456";
constexpr std::string_view officer_pin = "12345678";
constexpr Byte signature_key = 1;
constexpr Byte encryption_key = 2;
constexpr Byte authentication_key = 3;

Value id(Byte value) {
    return bytes(CKA_ID, View(&value, 1));
}

class OpenPgpTest : public testing::Test {
  protected:
    /// as_officer runs |work| in a process state of its own, with the security officer logged in.
    template <typename Work>
    static void as_officer(Work&& work) {
        const Client client;
        ASSERT_EQ(client.login(officer_pin, CKU_SO), CKR_OK);
        work(client);
    }

    /// bring puts |key| into the slot.
    static void bring(Byte slot, const crypto::PrivateKey& key) {
        as_officer([&](const Client& client) {
            CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
            ASSERT_EQ(
                client.create(private_template(key) + std::vector{flag(CKA_TOKEN, true), id(slot)}, handle),
                CKR_OK);
        });
    }

    static CK_OBJECT_HANDLE find(const Client& client, CK_OBJECT_CLASS object_class, Byte slot) {
        return client.find_one({number(CKA_CLASS, object_class), id(slot)});
    }

    /// sign signs with a key of the slot, entering the PIN once more where the key wants it, and verifies.
    static void sign(const Client& client, Byte slot, CK_MECHANISM_TYPE mechanism) {
        const CK_OBJECT_HANDLE key = find(client, CKO_PRIVATE_KEY, slot);
        CK_MECHANISM native{mechanism, nullptr, 0};
        Bytes message(100, 0x4D);
        Bytes signature(1024);
        CK_ULONG length = signature.size();
        ASSERT_EQ(client->C_SignInit(client.session(), &native, key), CKR_OK);
        if (client.is_true(key, CKA_ALWAYS_AUTHENTICATE)) {
            ASSERT_EQ(client.login(user_pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
        }
        ASSERT_EQ(client->C_Sign(client.session(), message.data(), message.size(), signature.data(), &length),
                  CKR_OK);
        signature.resize(length);
        EXPECT_EQ(client.verify(native, find(client, CKO_PUBLIC_KEY, slot), message, signature), CKR_OK);
    }

    SoftCards m_cards{std::vector<std::string>{"openpgp"}};
};

TEST_F(OpenPgpTest, TellsWhatItIs) {
    const Client client;
    CK_TOKEN_INFO info;
    ASSERT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.label), 12), "OpenPGP card");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.serialNumber), 2), "FF");
    EXPECT_EQ(info.ulMinPinLen, 6U);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).empty());
}

TEST_F(OpenPgpTest, TheOfficerMakesKeysAndTheUserUsesThem) {
    as_officer([](const Client& client) {
        client.generate_ec(signature_key, p256_params());
        client.generate_rsa(encryption_key);
        client.generate_ec(authentication_key, ed25519_params(), CKM_EC_EDWARDS_KEY_PAIR_GEN);
    });
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).size(), 3U);
    EXPECT_TRUE(client.is_true(find(client, CKO_PRIVATE_KEY, signature_key), CKA_LOCAL));
    sign(client, signature_key, CKM_ECDSA_SHA384);
    sign(client, authentication_key, CKM_EDDSA);
    const Bytes allowed =
        client.attribute(find(client, CKO_PRIVATE_KEY, encryption_key), CKA_ALLOWED_MECHANISMS);
    EXPECT_EQ(allowed, number(0, CKM_RSA_PKCS).bytes) << "the card has no other";

    const CK_MECHANISM rsa{CKM_RSA_PKCS, nullptr, 0};
    const Bytes text(32, 0x11);
    Bytes encrypted;
    Bytes plain;
    ASSERT_EQ(client.encrypt(rsa, find(client, CKO_PUBLIC_KEY, encryption_key), text, encrypted), CKR_OK);
    const CK_OBJECT_HANDLE private_key = find(client, CKO_PRIVATE_KEY, encryption_key);
    ASSERT_EQ(client.decrypt(rsa, private_key, encrypted, plain), CKR_OK);
    EXPECT_EQ(plain, text);
    encrypted.back() ^= 1;
    EXPECT_EQ(client.decrypt(rsa, private_key, encrypted, plain), CKR_ENCRYPTED_DATA_INVALID);
    EXPECT_FALSE(client.is_true(private_key, CKA_SIGN));
}

TEST_F(OpenPgpTest, EachKindOfKeyThatIsBroughtWorks) {
    bring(authentication_key, crypto::PrivateKey::generate_rsa(2048));
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        sign(client, authentication_key, CKM_SHA256_RSA_PKCS);
    }
    using crypto::Curve;
    for (const Curve curve :
         {Curve::p384, Curve::p521, Curve::brainpoolP256r1, Curve::brainpoolP512r1, Curve::secp256k1}) {
        SCOPED_TRACE(crypto::curve_facts(curve).name);
        m_cards.write_config(R"({"readers": {"access": "none"}, "overwrite": true})");
        bring(authentication_key, crypto::PrivateKey::generate_ec(curve));
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        sign(client, authentication_key, CKM_ECDSA_SHA512);
        sign(client, authentication_key, CKM_ECDSA_SHA1);
    }
}

TEST_F(OpenPgpTest, AgreesOnSecretsWithX25519) {
    const auto own = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    const auto other = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    bring(encryption_key, own);
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    Bytes point = to_bytes(std::get<crypto::OkpPublicKey>(other.public_key()).value);
    CK_ECDH1_DERIVE_PARAMS params{CKD_NULL, 0, nullptr, point.size(), point.data()};
    CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
    ASSERT_EQ(client.derive({CKM_ECDH1_DERIVE, &params, sizeof params},
                            find(client, CKO_PRIVATE_KEY, encryption_key),
                            {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                             flag(CKA_SENSITIVE, false), flag(CKA_EXTRACTABLE, true)},
                            secret),
              CKR_OK);
    const auto expected = other.agree(std::get<crypto::OkpPublicKey>(own.public_key()).value);
    EXPECT_EQ(client.attribute(secret, CKA_VALUE), to_bytes(expected.value()));
}

TEST_F(OpenPgpTest, TheSignatureKeyAsksForThePinEachTime) {
    as_officer([](const Client& client) { client.generate_ec(signature_key, p256_params()); });
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = find(client, CKO_PRIVATE_KEY, signature_key);
    EXPECT_TRUE(client.is_true(key, CKA_ALWAYS_AUTHENTICATE)) << "C4 begins with 00";
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, Bytes(10), signature), CKR_USER_NOT_LOGGED_IN);
    client->C_SessionCancel(client.session(), CKF_SIGN);
    sign(client, signature_key, CKM_ECDSA_SHA256);
    sign(client, signature_key, CKM_ECDSA_SHA256);
}

TEST_F(OpenPgpTest, CertificatesStandBesideTheirKeys) {
    as_officer([](const Client& client) {
        for (const Byte slot : {signature_key, encryption_key, authentication_key}) {
            const auto pair = client.generate_ec(slot, p256_params());
            const Bytes certificate = self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO),
                                                  "Certificate " + std::to_string(slot));
            CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
            EXPECT_EQ(client.create({number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                                     bytes(CKA_VALUE, certificate)},
                                    handle),
                      CKR_OK);
        }
    });
    const Client client;
    for (const Byte slot : {signature_key, encryption_key, authentication_key}) {
        const CK_OBJECT_HANDLE certificate = find(client, CKO_CERTIFICATE, slot);
        const std::string subject = to_text(client.attribute(certificate, CKA_SUBJECT));
        EXPECT_NE(subject.find("Certificate " + std::to_string(slot)), std::string::npos);
    }
    ASSERT_EQ(client.login(officer_pin, CKU_SO), CKR_OK);
    EXPECT_EQ(client.destroy(find(client, CKO_CERTIFICATE, encryption_key)), CKR_OK);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).size(), 2U);
}

TEST_F(OpenPgpTest, PrivateDataAreTheUsers) {
    const auto data = [](const char* label, View content) {
        return std::vector{number(CKA_CLASS, CKO_DATA), flag(CKA_TOKEN, true), text(CKA_LABEL, label),
                           bytes(CKA_VALUE, content)};
    };
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        EXPECT_EQ(client.create(data("PrivDO1", view_of("one")), handle), CKR_OK);
        EXPECT_EQ(client.create(data("PrivDO2", view_of("two")), handle), CKR_USER_NOT_LOGGED_IN)
            << "PW3 writes it";
        EXPECT_EQ(client.create(data("PrivDO3", view_of("three")), handle), CKR_OK);
    }
    const Client client;
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_DATA)}).size(), 1U);
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client.attribute(client.find_one({text(CKA_LABEL, "PrivDO3")}), CKA_VALUE),
              to_bytes(view_of("three")));
}

TEST_F(OpenPgpTest, SignaturesCostFewCommandsBesideRsaKeys) {
    as_officer([](const Client& client) {
        client.generate_rsa(encryption_key);
        client.generate_rsa(authentication_key);
        client.generate_ec(signature_key, p256_params());
    });
    m_cards.apdus();
    const Client client;
    CK_TOKEN_INFO info;
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).back();
    Bytes signature;
    ASSERT_EQ(client.sign({CKM_SHA256_RSA_PKCS, nullptr, 0}, key, Bytes(10), signature), CKR_OK);
    const std::size_t first = m_cards.apdus();
    RecordProperty("apdus", static_cast<int>(first));
    EXPECT_LE(first, carries_extended_apdus() ? 12U : 16U) << "with GET RESPONSE for long answers";
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(client.sign({CKM_SHA256_RSA_PKCS, nullptr, 0}, key, Bytes(10), signature), CKR_OK);
        EXPECT_EQ(m_cards.apdus(), 1U) << "the block fits into a short APDU";
    }
    client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    EXPECT_EQ(m_cards.apdus(), 0U) << "what was found is remembered";
}

}  // namespace
}  // namespace jeton::test
