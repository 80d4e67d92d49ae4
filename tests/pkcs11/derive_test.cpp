// C_DeriveKey on card keys: both sides must come to the same secret. The other side is a key of src/crypto.
#include "crypto/digest.hpp"
#include "crypto/keys.hpp"
#include "pkcs11/module_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::test {
namespace {

/// One curve: how a pair is made on the card and on the host.
struct Curve {
    const char* name;
    Byte id;
    CK_MECHANISM_TYPE generator;
    Bytes (*params)();
    crypto::PrivateKey (*make)();
    std::size_t secret_bytes;
};

void PrintTo(const Curve& curve, std::ostream* out) {
    *out << curve.name;
}

const Curve curves[] = {
    {"p256", 1, CKM_EC_KEY_PAIR_GEN, p256_params,
     [] { return crypto::PrivateKey::generate_ec(crypto::Curve::p256); }, 32},
    {"p384", 3, CKM_EC_KEY_PAIR_GEN, p384_params,
     [] { return crypto::PrivateKey::generate_ec(crypto::Curve::p384); }, 48},
    {"x25519", 5, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519_params,
     [] { return crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519); }, 32},
};

/// The public key as the other party sends it.
Bytes point_of(const crypto::PublicKey& key) {
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    return ec != nullptr ? ec->point : std::get<crypto::OkpPublicKey>(key).value;
}

/// ANSI X9.63, 5.6.3, written down once more for the test.
Bytes x963(crypto::Hash hash, View secret, View shared, std::size_t length) {
    Bytes out;
    for (Byte counter = 1; out.size() < length; ++counter) {
        Bytes block = to_bytes(secret);
        append(block, Bytes{0, 0, 0, counter});
        append(block, shared);
        append(out, crypto::digest(hash, block));
    }
    out.resize(length);
    return out;
}

const std::vector<Value> readable{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                                  flag(CKA_SENSITIVE, false), flag(CKA_EXTRACTABLE, true)};

class DeriveTest : public testing::TestWithParam<Curve> {
  protected:
    static void SetUpTestSuite() {
        cards = new SoftCards;
        client = new Client;
        ASSERT_EQ(client->login(), CKR_OK);
        for (const Curve& curve : curves) {
            pairs[curve.id] = client->generate_ec(curve.id, curve.params(), curve.generator);
        }
    }
    static void TearDownTestSuite() {
        delete client;
        delete cards;
    }

    DeriveTest() : m_peer(GetParam().make()), m_point(point_of(m_peer.public_key())) {
        const auto own = crypto::parse_spki(client->attribute(pair().public_key, CKA_PUBLIC_KEY_INFO));
        m_expected = to_bytes(m_peer.agree(point_of(*own)).value());
    }

    static const Client::Pair& pair() { return pairs[GetParam().id]; }

    /// Derives with |point| and gives the code; the key is in m_key.
    CK_RV derive(View point, const std::vector<Value>& values, CK_EC_KDF_TYPE kdf = CKD_NULL,
                 View shared = {}, CK_MECHANISM_TYPE mechanism = CKM_ECDH1_DERIVE) {
        Bytes point_copy = to_bytes(point);
        Bytes shared_copy = to_bytes(shared);
        CK_ECDH1_DERIVE_PARAMS params{kdf, shared_copy.size(), shared_copy.data(), point_copy.size(),
                                      point_copy.data()};
        return client->derive({mechanism, &params, sizeof params}, pair().private_key, values, m_key);
    }

    Bytes value() const { return client->attribute(m_key, CKA_VALUE); }

    static inline SoftCards* cards = nullptr;
    static inline Client* client = nullptr;
    static inline std::map<Byte, Client::Pair> pairs;
    crypto::PrivateKey m_peer;
    Bytes m_point;
    Bytes m_expected;
    CK_OBJECT_HANDLE m_key = CK_INVALID_HANDLE;
};

TEST_P(DeriveTest, both_sides_have_the_same_secret) {
    for (const CK_MECHANISM_TYPE mechanism : {CKM_ECDH1_DERIVE, CKM_ECDH1_COFACTOR_DERIVE}) {
        ASSERT_EQ(derive(m_point, readable, CKD_NULL, {}, mechanism), CKR_OK);
        EXPECT_EQ(value(), m_expected);
        EXPECT_EQ(m_expected.size(), GetParam().secret_bytes);
        EXPECT_EQ(client->attribute(m_key, CKA_VALUE_LEN), number(0, m_expected.size()).bytes);
    }
}

TEST_P(DeriveTest, point_in_an_octet_string_is_taken_too) {
    ASSERT_EQ(derive(TlvWriter().put(0x04, m_point).take(), readable), CKR_OK);
    EXPECT_EQ(value(), m_expected);
}

TEST_P(DeriveTest, short_keys_are_the_end_of_the_secret) {
    for (const std::size_t length : {1, 16, 31}) {
        ASSERT_EQ(derive(m_point, readable + std::vector{number(CKA_VALUE_LEN, length)}), CKR_OK);
        EXPECT_EQ(value(), to_bytes(View(m_expected).last(length)));
    }
}

TEST_P(DeriveTest, key_derivation_functions_of_x963) {
    struct Row {
        CK_EC_KDF_TYPE kdf;
        crypto::Hash hash;
    };
    for (const Row& row :
         {Row{CKD_SHA1_KDF, crypto::Hash::sha1}, Row{CKD_SHA224_KDF, crypto::Hash::sha224},
          Row{CKD_SHA256_KDF, crypto::Hash::sha256}, Row{CKD_SHA384_KDF, crypto::Hash::sha384},
          Row{CKD_SHA512_KDF, crypto::Hash::sha512}, Row{CKD_SHA3_224_KDF, crypto::Hash::sha3_224},
          Row{CKD_SHA3_256_KDF, crypto::Hash::sha3_256}, Row{CKD_SHA3_384_KDF, crypto::Hash::sha3_384},
          Row{CKD_SHA3_512_KDF, crypto::Hash::sha3_512}}) {
        for (const Bytes& shared : {Bytes(), Bytes{1, 2, 3}}) {
            for (const std::size_t length : {1, 20, 32, 200}) {
                SCOPED_TRACE(testing::Message() << row.kdf << " " << shared.size() << " " << length);
                ASSERT_EQ(
                    derive(m_point, readable + std::vector{number(CKA_VALUE_LEN, length)}, row.kdf, shared),
                    CKR_OK);
                EXPECT_EQ(value(), x963(row.hash, m_expected, shared, length));
            }
        }
    }
}

TEST_P(DeriveTest, aes_key_works_as_one) {
    const std::vector<Value> aes{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                                 number(CKA_VALUE_LEN, 16)};
    ASSERT_EQ(derive(m_point, aes), CKR_OK);
    const CK_OBJECT_HANDLE same = client->aes_key(View(m_expected).last(16));
    Bytes by_derived, by_known;
    ASSERT_EQ(client->encrypt({CKM_AES_ECB, nullptr, 0}, m_key, Bytes(16, 1), by_derived), CKR_OK);
    ASSERT_EQ(client->encrypt({CKM_AES_ECB, nullptr, 0}, same, Bytes(16, 1), by_known), CKR_OK);
    EXPECT_EQ(by_derived, by_known);
}

TEST_P(DeriveTest, attributes_follow_the_base_key) {
    ASSERT_EQ(derive(m_point, {number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)}), CKR_OK);
    EXPECT_FALSE(client->is_true(m_key, CKA_LOCAL));
    EXPECT_FALSE(client->is_true(m_key, CKA_TOKEN));
    EXPECT_TRUE(client->is_true(m_key, CKA_ALWAYS_SENSITIVE)) << "the base key always was";
    EXPECT_TRUE(client->is_true(m_key, CKA_NEVER_EXTRACTABLE));
    EXPECT_EQ(client->attribute(m_key, CKA_KEY_GEN_MECHANISM), number(0, CK_UNAVAILABLE_INFORMATION).bytes);
    ASSERT_EQ(derive(m_point, readable), CKR_OK);
    EXPECT_FALSE(client->is_true(m_key, CKA_ALWAYS_SENSITIVE));
    EXPECT_FALSE(client->is_true(m_key, CKA_NEVER_EXTRACTABLE));
}

TEST_P(DeriveTest, wrong_points_are_refused) {
    Bytes off_curve = m_point;
    off_curve.back() ^= 1;  // on no curve but X25519's, where every number is good
    const bool montgomery = GetParam().generator == CKM_EC_MONTGOMERY_KEY_PAIR_GEN;
    EXPECT_EQ(derive(off_curve, readable), montgomery ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
    Bytes longer = m_point;
    longer.push_back(0);
    EXPECT_EQ(derive(longer, readable), CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(derive(View(m_point).first(m_point.size() - 1), readable), CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(derive({}, readable), CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(derive(Bytes(m_point.size(), 0), readable), CKR_MECHANISM_PARAM_INVALID)
        << "no point, or a secret of zeros";
    EXPECT_EQ(derive(TlvWriter().put(0x04, m_point).raw(Bytes{0}).take(), readable),
              CKR_MECHANISM_PARAM_INVALID);
}

TEST_P(DeriveTest, wrong_parameters_and_templates_are_refused) {
    EXPECT_EQ(derive(m_point, readable, CKD_NULL, Bytes{1}), CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(derive(m_point, readable, CKD_SHA1_KDF_ASN1), CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(derive(m_point, readable, CKD_SHA256_KDF), CKR_TEMPLATE_INCOMPLETE);
    const std::vector<Value> too_long{number(CKA_VALUE_LEN, GetParam().secret_bytes + 1)};
    EXPECT_EQ(derive(m_point, readable + too_long), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(derive(m_point, {number(CKA_KEY_TYPE, CKK_AES), number(CKA_VALUE_LEN, 17)}),
              CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(derive(m_point, {number(CKA_KEY_TYPE, CKK_DES3)}), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(derive(m_point, readable + std::vector{flag(CKA_TOKEN, true)}), CKR_TEMPLATE_INCONSISTENT);
    EXPECT_EQ(derive(m_point, {number(CKA_CLASS, CKO_PUBLIC_KEY)}), CKR_TEMPLATE_INCONSISTENT);
    EXPECT_EQ(derive(m_point, readable + std::vector{bytes(CKA_VALUE, m_point)}), CKR_ATTRIBUTE_READ_ONLY);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    EXPECT_EQ(client->derive({CKM_ECDH1_DERIVE, nullptr, 0}, pair().private_key, readable, key),
              CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(client->derive({CKM_ECDSA, nullptr, 0}, pair().private_key, readable, key),
              CKR_MECHANISM_INVALID);
}

INSTANTIATE_TEST_SUITE_P(Curves, DeriveTest, testing::ValuesIn(curves),
                         [](const auto& row) { return std::string(row.param.name); });

class DeriveKeysTest : public testing::Test {
  protected:
    DeriveKeysTest() { EXPECT_EQ(client.login(), CKR_OK); }

    CK_RV derive(CK_OBJECT_HANDLE base) const {
        Bytes point = point_of(crypto::PrivateKey::generate_ec(crypto::Curve::p256).public_key());
        CK_ECDH1_DERIVE_PARAMS params{CKD_NULL, 0, nullptr, point.size(), point.data()};
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        return client.derive({CKM_ECDH1_DERIVE, &params, sizeof params}, base, readable, key);
    }

    SoftCards cards;
    Client client;
};

TEST_F(DeriveKeysTest, wrong_base_keys_are_told) {
    const auto rsa = client.generate_rsa(1);
    const auto signing = client.generate_ec(2, p256_params());
    const auto agreeing = client.generate_ec(3, p256_params());
    EXPECT_EQ(derive(rsa.private_key), CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(derive(agreeing.public_key), CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(derive(signing.private_key), CKR_KEY_FUNCTION_NOT_PERMITTED) << "9C signs only";
    EXPECT_EQ(derive(999999), CKR_KEY_HANDLE_INVALID);
    EXPECT_EQ(derive(agreeing.private_key), CKR_OK);
    EXPECT_TRUE(client.is_true(agreeing.private_key, CKA_DERIVE));
    EXPECT_FALSE(client.is_true(signing.private_key, CKA_DERIVE));
    EXPECT_FALSE(client.is_true(rsa.private_key, CKA_DERIVE));
}

}  // namespace
}  // namespace jeton::test
