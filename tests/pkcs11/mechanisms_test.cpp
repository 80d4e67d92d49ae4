// Each mechanism that the token lists: used, checked against src/crypto in this process, and with wrong
// input.
#include <map>

#include "crypto/aes.hpp"
#include "crypto/keys.hpp"
#include "pkcs11/mechanism_rows.hpp"

namespace jeton::test {
namespace {

/// A card with an RSA key, two EC keys, and a login.
class MechanismTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        cards = new SoftCards;
        client = new Client;
        ASSERT_EQ(client->login(), CKR_OK);
        rsa = client->generate_rsa(1);
        p256 = client->generate_ec(3, p256_params());
        p384 = client->generate_ec(5, p384_params());
    }
    static void TearDownTestSuite() {
        delete client;
        delete cards;
    }

    static void sign_and_verify(CK_MECHANISM mechanism, const Client::Pair& pair, View data) {
        Bytes signature;
        ASSERT_EQ(client->sign(mechanism, pair.private_key, data, signature), CKR_OK);
        EXPECT_EQ(client->verify(mechanism, pair.public_key, data, signature), CKR_OK);
        Bytes damaged = signature;
        damaged[damaged.size() / 2] ^= 1;
        EXPECT_EQ(client->verify(mechanism, pair.public_key, data, damaged), CKR_SIGNATURE_INVALID);
        damaged.pop_back();
        EXPECT_EQ(client->verify(mechanism, pair.public_key, data, damaged), CKR_SIGNATURE_LEN_RANGE);
    }

    static inline SoftCards* cards = nullptr;
    static inline Client* client = nullptr;
    static inline Client::Pair rsa, p256, p384;
};

TEST_F(MechanismTest, hashed_signatures_verify) {
    const Bytes message(1000, 0x42);
    for (const HashCase& row : hash_cases) {
        SCOPED_TRACE(row.length);
        CK_RSA_PKCS_PSS_PARAMS pss{row.digest, row.mgf, row.length};
        sign_and_verify(plain(row.rsa_pkcs), rsa, message);
        sign_and_verify({row.rsa_pss, &pss, sizeof pss}, rsa, message);
        sign_and_verify(plain(row.ecdsa), p256, message);
        sign_and_verify(plain(row.ecdsa), p384, message);
    }
}

TEST_F(MechanismTest, direct_signatures_verify) {
    for (const HashCase& row : hash_cases) {
        SCOPED_TRACE(row.length);
        const Bytes digest(row.length, 0x17);
        CK_RSA_PKCS_PSS_PARAMS pss{row.digest, row.mgf, 0};
        sign_and_verify({CKM_RSA_PKCS_PSS, &pss, sizeof pss}, rsa, digest);
        sign_and_verify(plain(CKM_RSA_PKCS), rsa, digest);
        sign_and_verify(plain(CKM_ECDSA), p256, digest);
        sign_and_verify(plain(CKM_ECDSA), p384, digest);
    }
}

TEST_F(MechanismTest, signature_in_parts_equals_signature_at_once) {
    const Bytes message(300, 0x33);
    CK_MECHANISM mechanism = plain(CKM_SHA256_RSA_PKCS);
    Bytes whole;
    ASSERT_EQ(client->sign(mechanism, rsa.private_key, message, whole), CKR_OK);
    const Client& c = *client;
    Bytes part = message;
    ASSERT_EQ(c->C_SignInit(c.session(), &mechanism, rsa.private_key), CKR_OK);
    ASSERT_EQ(c->C_SignUpdate(c.session(), part.data(), 100), CKR_OK);
    ASSERT_EQ(c->C_SignUpdate(c.session(), part.data() + 100, 200), CKR_OK);
    Bytes signature(256);
    CK_ULONG length = 0;
    ASSERT_EQ(c->C_SignFinal(c.session(), nullptr, &length), CKR_OK);
    ASSERT_EQ(length, 256U);
    length = 255;
    ASSERT_EQ(c->C_SignFinal(c.session(), signature.data(), &length), CKR_BUFFER_TOO_SMALL);
    ASSERT_EQ(c->C_SignFinal(c.session(), signature.data(), &length), CKR_OK);
    EXPECT_EQ(signature, whole);
    EXPECT_EQ(c->C_SignFinal(c.session(), signature.data(), &length), CKR_OPERATION_NOT_INITIALIZED);
}

TEST_F(MechanismTest, wrong_data_lengths_are_told) {
    Bytes signature;
    EXPECT_EQ(client->sign(plain(CKM_RSA_PKCS), rsa.private_key, Bytes(246, 1), signature),
              CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->sign(plain(CKM_RSA_PKCS), rsa.private_key, Bytes(245, 1), signature), CKR_OK);
    CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, 32};
    EXPECT_EQ(client->sign({CKM_RSA_PKCS_PSS, &pss, sizeof pss}, rsa.private_key, Bytes(31, 1), signature),
              CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client->sign(plain(CKM_ECDSA), p256.private_key, {}, signature), CKR_DATA_LEN_RANGE);
}

TEST_F(MechanismTest, wrong_parameters_and_keys_are_told) {
    Bytes signature;
    const Bytes digest(32, 1);
    CK_RSA_PKCS_PSS_PARAMS other_hash{CKM_SHA384, CKG_MGF1_SHA384, 32};
    EXPECT_EQ(client->sign({CKM_SHA256_RSA_PKCS_PSS, &other_hash, sizeof other_hash}, rsa.private_key, digest,
                           signature),
              CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(client->sign(plain(CKM_SHA256_RSA_PKCS_PSS), rsa.private_key, digest, signature),
              CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(client->sign(plain(CKM_RSA_X9_31), rsa.private_key, digest, signature), CKR_MECHANISM_INVALID);
    EXPECT_EQ(client->sign(plain(CKM_ECDSA), rsa.private_key, digest, signature), CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(client->sign(plain(CKM_RSA_PKCS), rsa.public_key, digest, signature),
              CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(client->sign(plain(CKM_RSA_PKCS), 999999, digest, signature), CKR_KEY_HANDLE_INVALID);
}

TEST_F(MechanismTest, decrypts_what_the_public_key_encrypted) {
    const Bytes secret = to_bytes(view_of("a session key of thirty-two byte"));
    CK_RSA_PKCS_OAEP_PARAMS sha1{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    Byte label[] = {1, 2, 3};
    CK_RSA_PKCS_OAEP_PARAMS sha256{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, sizeof label};
    const CK_MECHANISM mechanisms[] = {plain(CKM_RSA_PKCS),
                                       {CKM_RSA_PKCS_OAEP, &sha1, sizeof sha1},
                                       {CKM_RSA_PKCS_OAEP, &sha256, sizeof sha256}};
    for (const CK_MECHANISM& mechanism : mechanisms) {
        Bytes encrypted;
        Bytes decrypted;
        ASSERT_EQ(client->encrypt(mechanism, rsa.public_key, secret, encrypted), CKR_OK);
        ASSERT_EQ(client->decrypt(mechanism, rsa.private_key, encrypted, decrypted), CKR_OK);
        EXPECT_EQ(decrypted, secret);
        encrypted.pop_back();
        EXPECT_EQ(client->decrypt(mechanism, rsa.private_key, encrypted, decrypted),
                  CKR_ENCRYPTED_DATA_LEN_RANGE);
    }
    Bytes encrypted;
    Bytes decrypted;
    ASSERT_EQ(client->encrypt({CKM_RSA_PKCS_OAEP, &sha256, sizeof sha256}, rsa.public_key, secret, encrypted),
              CKR_OK);
    EXPECT_EQ(client->decrypt({CKM_RSA_PKCS_OAEP, &sha1, sizeof sha1}, rsa.private_key, encrypted, decrypted),
              CKR_ENCRYPTED_DATA_INVALID);
}

TEST_F(MechanismTest, a_short_decryption_buffer_costs_no_second_command) {
    const Bytes secret(10, 7);
    Bytes encrypted;
    ASSERT_EQ(client->encrypt(plain(CKM_RSA_PKCS), rsa.public_key, secret, encrypted), CKR_OK);
    CK_MECHANISM mechanism = plain(CKM_RSA_PKCS);
    const Client& c = *client;
    ASSERT_EQ(c->C_DecryptInit(c.session(), &mechanism, rsa.private_key), CKR_OK);
    Bytes out(10);
    CK_ULONG length = 9;
    cards->apdus();
    EXPECT_EQ(c->C_Decrypt(c.session(), encrypted.data(), encrypted.size(), out.data(), &length),
              CKR_BUFFER_TOO_SMALL);
    EXPECT_EQ(length, 10U);
    EXPECT_EQ(c->C_Decrypt(c.session(), encrypted.data(), encrypted.size(), out.data(), &length), CKR_OK);
    EXPECT_EQ(out, secret);
    EXPECT_EQ(cards->apdus(), carries_extended_apdus() ? 1U : 3U);
}

TEST_F(MechanismTest, digests_agree_in_one_call_and_in_parts) {
    const Bytes message(1000, 0x61);
    const Client& c = *client;
    for (const HashCase& row : hash_cases) {
        CK_MECHANISM mechanism = plain(row.digest);
        Bytes data = message;
        Bytes once(row.length), parts(row.length);
        CK_ULONG length = 0;
        ASSERT_EQ(c->C_DigestInit(c.session(), &mechanism), CKR_OK);
        ASSERT_EQ(c->C_Digest(c.session(), data.data(), data.size(), nullptr, &length), CKR_OK);
        ASSERT_EQ(length, row.length);
        ASSERT_EQ(c->C_Digest(c.session(), data.data(), data.size(), once.data(), &length), CKR_OK);
        ASSERT_EQ(c->C_DigestInit(c.session(), &mechanism), CKR_OK);
        ASSERT_EQ(c->C_DigestUpdate(c.session(), data.data(), 1), CKR_OK);
        ASSERT_EQ(c->C_DigestUpdate(c.session(), data.data() + 1, data.size() - 1), CKR_OK);
        ASSERT_EQ(c->C_DigestFinal(c.session(), parts.data(), &length), CKR_OK);
        EXPECT_EQ(once, parts);
    }
}

/// SP 800-38D's example as published with GCM (test case 4): AES-128, 96-bit IV, 20 bytes of AAD.
struct GcmVector {
    Bytes key = *from_hex("feffe9928665731c6d6a8f9467308308");
    Bytes iv = *from_hex("cafebabefacedbaddecaf888");
    Bytes aad = *from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    Bytes plain = *from_hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16a"
        "edf5aa0de657ba63"
        "7b39");
    Bytes sealed = *from_hex(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba3"
        "0b396a0aac973d58"
        "e0915bc94fbc3221a5db94fae95ae7121a47");
};

struct ShortGcmParams {
    CK_BYTE_PTR iv;
    CK_ULONG iv_length;
    CK_BYTE_PTR aad;
    CK_ULONG aad_length;
    CK_ULONG tag_bits;
};

TEST_F(MechanismTest, gcm_takes_both_layouts_and_gives_the_published_result) {
    GcmVector vector;
    const CK_OBJECT_HANDLE key = client->aes_key(vector.key);
    CK_GCM_PARAMS full{vector.iv.data(), vector.iv.size(), 0, vector.aad.data(), vector.aad.size(), 128};
    ShortGcmParams brief{vector.iv.data(), vector.iv.size(), vector.aad.data(), vector.aad.size(), 128};
    for (const CK_MECHANISM& mechanism :
         {CK_MECHANISM{CKM_AES_GCM, &full, sizeof full}, CK_MECHANISM{CKM_AES_GCM, &brief, sizeof brief}}) {
        Bytes sealed;
        Bytes opened;
        ASSERT_EQ(client->encrypt(mechanism, key, vector.plain, sealed), CKR_OK);
        EXPECT_EQ(sealed, vector.sealed);
        ASSERT_EQ(client->decrypt(mechanism, key, sealed, opened), CKR_OK);
        EXPECT_EQ(opened, vector.plain);
        sealed.front() ^= 1;
        EXPECT_EQ(client->decrypt(mechanism, key, sealed, opened), CKR_ENCRYPTED_DATA_INVALID);
    }
    CK_MECHANISM odd_size{CKM_AES_GCM, &full, 44};
    EXPECT_EQ(client->encrypt(odd_size, key, vector.plain, vector.sealed), CKR_MECHANISM_PARAM_INVALID);
    full.ulTagBits = 129;
    EXPECT_EQ(client->encrypt({CKM_AES_GCM, &full, sizeof full}, key, vector.plain, vector.sealed),
              CKR_MECHANISM_PARAM_INVALID);
}

TEST_F(MechanismTest, gcm_decryption_gives_nothing_before_the_tag) {
    GcmVector vector;
    const Client& c = *client;
    const CK_OBJECT_HANDLE key = c.aes_key(vector.key);
    CK_GCM_PARAMS parameters{vector.iv.data(),  vector.iv.size(),  96,
                             vector.aad.data(), vector.aad.size(), 128};
    CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
    ASSERT_EQ(c->C_DecryptInit(c.session(), &mechanism, key), CKR_OK);
    Bytes out(100);
    CK_ULONG length = out.size();
    ASSERT_EQ(
        c->C_DecryptUpdate(c.session(), vector.sealed.data(), vector.sealed.size(), out.data(), &length),
        CKR_OK);
    EXPECT_EQ(length, 0U);
    ASSERT_EQ(c->C_DecryptFinal(c.session(), nullptr, &length), CKR_OK);
    EXPECT_EQ(length, vector.plain.size());
    length = out.size();
    ASSERT_EQ(c->C_DecryptFinal(c.session(), out.data(), &length), CKR_OK);
    out.resize(length);
    EXPECT_EQ(out, vector.plain);
}

TEST_F(MechanismTest, aes_modes_round_trip_with_all_key_lengths) {
    const Bytes iv(16, 9);
    CK_AES_CTR_PARAMS counter{128, {}};
    Bytes iv_copy = iv;
    const CK_MECHANISM mechanisms[] = {plain(CKM_AES_ECB),
                                       {CKM_AES_CBC, iv_copy.data(), iv_copy.size()},
                                       {CKM_AES_CBC_PAD, iv_copy.data(), iv_copy.size()},
                                       {CKM_AES_CTR, &counter, sizeof counter}};
    for (const std::size_t key_length : {16, 24, 32}) {
        const CK_OBJECT_HANDLE key = client->aes_key(Bytes(key_length, 3));
        for (const CK_MECHANISM& mechanism : mechanisms) {
            for (const std::size_t length : {0, 16, 48, 47}) {
                SCOPED_TRACE(testing::Message() << mechanism.mechanism << " " << length);
                const Bytes message(length, 0x5A);
                const bool whole_blocks =
                    mechanism.mechanism == CKM_AES_ECB || mechanism.mechanism == CKM_AES_CBC;
                Bytes sealed;
                Bytes opened;
                if (whole_blocks && length % 16 != 0) {
                    EXPECT_EQ(client->encrypt(mechanism, key, message, sealed), CKR_DATA_LEN_RANGE);
                    EXPECT_EQ(client->decrypt(mechanism, key, message, sealed), CKR_ENCRYPTED_DATA_LEN_RANGE);
                    continue;
                }
                ASSERT_EQ(client->encrypt(mechanism, key, message, sealed), CKR_OK);
                EXPECT_EQ(sealed.size(),
                          mechanism.mechanism == CKM_AES_CBC_PAD ? (length / 16 + 1) * 16 : length);
                ASSERT_EQ(client->decrypt(mechanism, key, sealed, opened), CKR_OK);
                EXPECT_EQ(opened, message);
            }
        }
    }
}

TEST_F(MechanismTest, listed_mechanisms_have_information_and_others_do_not) {
    const Client& c = *client;
    CK_ULONG count = 0;
    ASSERT_EQ(c->C_GetMechanismList(c.slot(), nullptr, &count), CKR_OK);
    std::vector<CK_MECHANISM_TYPE> list(count);
    ASSERT_EQ(c->C_GetMechanismList(c.slot(), list.data(), &count), CKR_OK);
    std::map<CK_MECHANISM_TYPE, CK_MECHANISM_INFO> seen;
    for (const CK_MECHANISM_TYPE type : list) {
        CK_MECHANISM_INFO info{};
        EXPECT_EQ(c->C_GetMechanismInfo(c.slot(), type, &info), CKR_OK);
        EXPECT_TRUE(seen.emplace(type, info).second) << "listed twice: " << type;
        EXPECT_NE(info.flags & ~CKF_HW, 0U);
    }
    EXPECT_EQ(seen.at(CKM_RSA_PKCS).ulMaxKeySize % 1024, 0U);
    EXPECT_EQ(seen.at(CKM_AES_GCM).ulMaxKeySize, 32U);
    EXPECT_EQ(seen.at(CKM_AES_GCM).flags & CKF_HW, 0U);
    CK_MECHANISM_INFO info{};
    EXPECT_EQ(c->C_GetMechanismInfo(c.slot(), CKM_DSA, &info), CKR_MECHANISM_INVALID);
}

}  // namespace
}  // namespace jeton::test
