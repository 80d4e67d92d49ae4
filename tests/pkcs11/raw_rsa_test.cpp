// CKM_RSA_X_509: the RSA operation itself, with zeros on the left.
#include "crypto/keys.hpp"
#include "crypto/padding.hpp"
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

constexpr CK_MECHANISM raw{CKM_RSA_X_509, nullptr, 0};

class RawRsaTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        cards = new SoftCards;
        client = new Client;
        ASSERT_EQ(client->login(), CKR_OK);
        pair = client->generate_rsa(1);
        key.modulus = client->attribute(pair.public_key, CKA_MODULUS);
        key.exponent = client->attribute(pair.public_key, CKA_PUBLIC_EXPONENT);
    }
    static void TearDownTestSuite() {
        delete client;
        delete cards;
    }

    static inline SoftCards* cards = nullptr;
    static inline Client* client = nullptr;
    static inline Client::Pair pair;
    static inline crypto::RsaPublicKey key;
};

TEST_F(RawRsaTest, signature_opens_to_the_data_behind_zeros) {
    for (const std::size_t length : {1, 32, 255}) {
        SCOPED_TRACE(length);
        const Bytes data(length, 0x5A);
        Bytes signature;
        ASSERT_EQ(client->sign(raw, pair.private_key, data, signature), CKR_OK);
        EXPECT_EQ(crypto::rsa_public(key, signature), left_padded(data, 256));
        EXPECT_EQ(client->verify(raw, pair.public_key, data, signature), CKR_OK);
        EXPECT_EQ(client->verify(raw, pair.public_key, Bytes(length, 0x5B), signature),
                  CKR_SIGNATURE_INVALID);
        EXPECT_EQ(client->verify(raw, pair.public_key, data, View(signature).first(255)),
                  CKR_SIGNATURE_LEN_RANGE);
    }
}

TEST_F(RawRsaTest, block_padded_by_the_application_gives_the_signature_of_the_padding_mechanism) {
    const Bytes info = crypto::digest_info(crypto::Hash::sha256, Bytes(32, 7));
    Bytes with_padding;
    Bytes by_hand;
    ASSERT_EQ(client->sign({CKM_RSA_PKCS, nullptr, 0}, pair.private_key, info, with_padding), CKR_OK);
    ASSERT_EQ(client->sign(raw, pair.private_key, *crypto::pad_pkcs_signature(256, info), by_hand), CKR_OK);
    EXPECT_EQ(by_hand, with_padding);
}

TEST_F(RawRsaTest, data_that_are_not_below_the_modulus_are_refused) {
    Bytes out;
    EXPECT_EQ(client->sign(raw, pair.private_key, key.modulus, out), CKR_DATA_INVALID);
    EXPECT_EQ(client->sign(raw, pair.private_key, Bytes(257, 1), out), CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->encrypt(raw, pair.public_key, key.modulus, out), CKR_DATA_INVALID);
    EXPECT_EQ(client->encrypt(raw, pair.public_key, Bytes(257, 1), out), CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->verify(raw, pair.public_key, Bytes(257, 1), Bytes(256, 1)), CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->verify(raw, pair.public_key, Bytes(1, 1), key.modulus), CKR_SIGNATURE_INVALID);
}

TEST_F(RawRsaTest, decryption_gives_the_whole_block) {
    const Bytes data(20, 0x33);
    Bytes sealed;
    Bytes opened;
    ASSERT_EQ(client->encrypt(raw, pair.public_key, data, sealed), CKR_OK);
    EXPECT_EQ(sealed, crypto::rsa_public(key, *left_padded(data, 256)));
    ASSERT_EQ(client->decrypt(raw, pair.private_key, sealed, opened), CKR_OK);
    EXPECT_EQ(opened, left_padded(data, 256));
    sealed.pop_back();
    EXPECT_EQ(client->decrypt(raw, pair.private_key, sealed, opened), CKR_ENCRYPTED_DATA_LEN_RANGE);
    EXPECT_NE(client->decrypt(raw, pair.private_key, key.modulus, opened), CKR_OK);
}

}  // namespace
}  // namespace jeton::test
