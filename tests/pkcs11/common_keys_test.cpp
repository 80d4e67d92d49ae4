// Keys made, brought, used and destroyed, on every kind of token.
#include <algorithm>

#include "crypto/keys.hpp"
#include "pkcs11/common_tokens.hpp"
#include "pkcs11/mechanism_rows.hpp"
#include "pkcs11/private_key_template.hpp"

namespace jeton::test {
namespace {

const Bytes message(1000, 0x42);

/// Use is one mechanism with its parameters and input.
struct Use {
    CK_MECHANISM mechanism;
    Bytes input;
};

/// Parameters must stay where they are while mechanisms point to them.
struct Parameters {
    CK_RSA_PKCS_PSS_PARAMS pss[std::size(hash_cases)];
    CK_RSA_PKCS_OAEP_PARAMS sha1{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    Byte label[3] = {1, 2, 3};
    CK_RSA_PKCS_OAEP_PARAMS sha256{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, label, sizeof label};
};

Bytes block_below_any_modulus() {
    Bytes block(256, 0x11);
    block[0] = 0;
    return block;
}

std::vector<Use> rsa_signatures(Parameters& parameters) {
    std::vector<Use> out{{plain(CKM_RSA_PKCS), Bytes(32, 1)},
                         {plain(CKM_RSA_X_509), block_below_any_modulus()}};
    for (std::size_t i = 0; i < std::size(hash_cases); ++i) {
        const HashCase& row = hash_cases[i];
        parameters.pss[i] = {row.digest, row.mgf, row.length};
        out.push_back({plain(row.rsa_pkcs), message});
        out.push_back({{row.rsa_pss, &parameters.pss[i], sizeof parameters.pss[i]}, message});
        if (row.digest == CKM_SHA256) {
            out.push_back(
                {{CKM_RSA_PKCS_PSS, &parameters.pss[i], sizeof parameters.pss[i]}, Bytes(row.length, 7)});
        }
    }
    return out;
}

std::vector<Use> ec_signatures() {
    std::vector<Use> out{{plain(CKM_ECDSA), Bytes(32, 1)}};
    for (const HashCase& row : hash_cases) {
        out.push_back({plain(row.ecdsa), message});
    }
    return out;
}

class CommonKeys : public TokenTest {
  protected:
    static void sign_and_verify(const Client& client, const Use& use, const Client::Pair& pair) {
        SCOPED_TRACE(use.mechanism.mechanism);
        Bytes signature;
        ASSERT_EQ(client.sign(use.mechanism, pair.private_key, use.input, signature), CKR_OK);
        EXPECT_EQ(client.verify(use.mechanism, pair.public_key, use.input, signature), CKR_OK);
        signature[signature.size() / 2] ^= 1;
        EXPECT_EQ(client.verify(use.mechanism, pair.public_key, use.input, signature), CKR_SIGNATURE_INVALID);
    }

    /// sign_with_all uses the mechanisms that token and key allow, refuses the others, and gives how many
    /// there were.
    static std::size_t sign_with_all(const Client& client, const std::vector<Use>& uses,
                                     const Client::Pair& pair) {
        const auto of_token = listed(client, CKF_SIGN);
        const auto of_key = allowed(client, pair.private_key);
        std::size_t count = 0;
        for (const Use& use : uses) {
            if (std::ranges::find(of_token, use.mechanism.mechanism) == of_token.end()) {
                Bytes signature;
                EXPECT_EQ(client.sign(use.mechanism, pair.private_key, use.input, signature),
                          CKR_MECHANISM_INVALID);
                continue;
            }
            EXPECT_NE(std::ranges::find(of_key, use.mechanism.mechanism), of_key.end())
                << use.mechanism.mechanism;
            sign_and_verify(client, use, pair);
            ++count;
        }
        return count;
    }

    /// sign_in_parts signs |message| in parts.
    static Bytes sign_in_parts(const Client& client, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key) {
        EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_OK);
        Bytes copy = message;
        for (std::size_t at = 0; at < copy.size(); at += 300) {
            const std::size_t size = std::min<std::size_t>(300, copy.size() - at);
            EXPECT_EQ(client->C_SignUpdate(client.session(), copy.data() + at, size), CKR_OK);
        }
        Bytes signature(512);
        CK_ULONG length = 1;
        EXPECT_EQ(client->C_SignFinal(client.session(), signature.data(), &length), CKR_BUFFER_TOO_SMALL);
        EXPECT_EQ(client->C_SignFinal(client.session(), signature.data(), &length), CKR_OK);
        signature.resize(length);
        return signature;
    }
};

TEST_P(CommonKeys, generated_keys_are_as_the_standard_says) {
    make_ec(kind().signer, p256_params());
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = find_pair(client, kind().signer);
    for (const CK_ATTRIBUTE_TYPE type : {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE,
                                         CKA_NEVER_EXTRACTABLE, CKA_LOCAL, CKA_SIGN}) {
        EXPECT_TRUE(client.is_true(pair.private_key, type)) << type;
    }
    EXPECT_FALSE(client.is_true(pair.private_key, CKA_EXTRACTABLE));
    EXPECT_TRUE(client.is_true(pair.public_key, CKA_VERIFY));
    EXPECT_FALSE(client.is_true(pair.public_key, CKA_PRIVATE));
    for (const CK_ATTRIBUTE_TYPE type : {CKA_ID, CKA_EC_PARAMS, CKA_PUBLIC_KEY_INFO, CKA_KEY_TYPE}) {
        EXPECT_EQ(client.attribute(pair.private_key, type), client.attribute(pair.public_key, type)) << type;
    }
    EXPECT_EQ(client.attribute(pair.public_key, CKA_EC_PARAMS), p256_params());
    CK_ATTRIBUTE value{CKA_VALUE, nullptr, 0};
    EXPECT_EQ(client->C_GetAttributeValue(client.session(), pair.private_key, &value, 1),
              CKR_ATTRIBUTE_SENSITIVE);
}

TEST_P(CommonKeys, nobody_else_makes_or_destroys_keys) {
    make_ec(kind().signer, p256_params());
    const Client client;
    const auto generate = [&] {
        Client::Pair pair{};
        return client.generate(CKM_EC_KEY_PAIR_GEN,
                               {flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())},
                               {flag(CKA_TOKEN, true), id_of(kind().opener)}, pair);
    };
    const auto destroy = [&] { return client.destroy(client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY)})); };
    // A public key goes with its private key, which nobody sees here.
    const CK_RV refusal =
        kind().pair_goes_with == CKO_PUBLIC_KEY ? CKR_USER_NOT_LOGGED_IN : CKR_ACTION_PROHIBITED;
    EXPECT_EQ(generate(), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(destroy(), refusal);
    const bool user_makes = kind().maker == CKU_USER;
    ASSERT_EQ(user_makes ? client.login(kind().unblocker, CKU_SO) : client.login(), CKR_OK);
    EXPECT_EQ(generate(), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(destroy(), refusal);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size(), 1U);
}

TEST_P(CommonKeys, rsa_key_signs_with_each_mechanism) {
    make_rsa(kind().signer);
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    Parameters parameters;
    EXPECT_EQ(sign_with_all(client, rsa_signatures(parameters), find_pair(client, kind().signer)),
              kind().rsa_signatures);
}

TEST_P(CommonKeys, ec_keys_sign_with_each_mechanism) {
    for (const Bytes& params : {p256_params(), p384_params()}) {
        make_ec(kind().signer, params);
        {
            const Client client;
            ASSERT_EQ(client.login(), CKR_OK);
            EXPECT_EQ(sign_with_all(client, ec_signatures(), find_pair(client, kind().signer)),
                      1 + std::size(hash_cases));
        }
        insert_new_card();
    }
}

TEST_P(CommonKeys, signature_in_parts_is_one_of_the_whole) {
    make_rsa(kind().signer);
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        const auto pair = find_pair(client, kind().signer);
        Bytes whole;
        ASSERT_EQ(client.sign(plain(CKM_SHA256_RSA_PKCS), pair.private_key, message, whole), CKR_OK);
        EXPECT_EQ(sign_in_parts(client, plain(CKM_SHA256_RSA_PKCS), pair.private_key), whole);
    }
    insert_new_card();
    make_ec(kind().signer, p256_params());
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = find_pair(client, kind().signer);
    EXPECT_EQ(client.verify(plain(CKM_ECDSA_SHA384), pair.public_key, message,
                            sign_in_parts(client, plain(CKM_ECDSA_SHA384), pair.private_key)),
              CKR_OK);
}

TEST_P(CommonKeys, rsa_key_decrypts_with_each_mechanism) {
    make_rsa(kind().opener);
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto pair = find_pair(client, kind().opener);
    EXPECT_TRUE(client.is_true(pair.private_key, CKA_DECRYPT));
    const auto of_token = listed(client, CKF_DECRYPT);
    Parameters parameters;
    const Bytes secret(32, 0x51);
    const Use uses[] = {{plain(CKM_RSA_PKCS), secret},
                        {plain(CKM_RSA_X_509), block_below_any_modulus()},
                        {{CKM_RSA_PKCS_OAEP, &parameters.sha1, sizeof parameters.sha1}, secret},
                        {{CKM_RSA_PKCS_OAEP, &parameters.sha256, sizeof parameters.sha256}, secret}};
    std::size_t count = 0;
    for (const auto& [mechanism, input] : uses) {
        SCOPED_TRACE(mechanism.mechanism);
        Bytes decrypted;
        Bytes encrypted;
        if (std::ranges::find(of_token, mechanism.mechanism) == of_token.end()) {
            EXPECT_EQ(client.decrypt(mechanism, pair.private_key, input, decrypted), CKR_MECHANISM_INVALID);
            continue;
        }
        ASSERT_EQ(client.encrypt(mechanism, pair.public_key, input, encrypted), CKR_OK);
        ASSERT_EQ(client.decrypt(mechanism, pair.private_key, encrypted, decrypted), CKR_OK);
        EXPECT_EQ(decrypted, input);
        encrypted.pop_back();
        EXPECT_EQ(client.decrypt(mechanism, pair.private_key, encrypted, decrypted),
                  CKR_ENCRYPTED_DATA_LEN_RANGE);
        ++count;
    }
    EXPECT_EQ(count, kind().rsa_decryptions);
    Bytes encrypted;
    Bytes decrypted;
    ASSERT_EQ(client.encrypt(plain(CKM_RSA_PKCS), pair.public_key, secret, encrypted), CKR_OK);
    encrypted.back() ^= 1;
    EXPECT_EQ(client.decrypt(plain(CKM_RSA_PKCS), pair.private_key, encrypted, decrypted),
              CKR_ENCRYPTED_DATA_INVALID);
}

TEST_P(CommonKeys, both_sides_derive_the_same_secret) {
    for (const auto& [curve, params] :
         {std::pair{crypto::Curve::p256, p256_params()}, {crypto::Curve::p384, p384_params()}}) {
        make_ec(kind().opener, params);
        {
            const Client client;
            ASSERT_EQ(client.login(), CKR_OK);
            const auto pair = find_pair(client, kind().opener);
            const auto other = crypto::PrivateKey::generate_ec(curve);
            Bytes point = std::get<crypto::EcPublicKey>(other.public_key()).point;
            CK_ECDH1_DERIVE_PARAMS derivation{CKD_NULL, 0, nullptr, point.size(), point.data()};
            const CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &derivation, sizeof derivation};
            const std::vector<Value> wanted{number(CKA_CLASS, CKO_SECRET_KEY),
                                            number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                                            flag(CKA_SENSITIVE, false), flag(CKA_EXTRACTABLE, true)};
            CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
            ASSERT_EQ(client.derive(mechanism, pair.private_key, wanted, secret), CKR_OK);
            const Bytes raw = client.attribute(pair.public_key, CKA_EC_POINT);  // in an OCTET STRING
            const View own = View(raw).last(point.size());
            EXPECT_EQ(client.attribute(secret, CKA_VALUE), to_bytes(other.agree(own).value()));
            point.back() ^= 1;
            EXPECT_NE(client.derive(mechanism, pair.private_key, wanted, secret), CKR_OK)
                << "not on the curve";
        }
        insert_new_card();
    }
}

TEST_P(CommonKeys, occupied_place_is_not_overwritten) {
    make_ec(kind().signer, p256_params());
    as_maker([](const Client& client) {
        const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY)});
        const Bytes before = client.attribute(key, CKA_EC_POINT);
        Client::Pair pair{};
        EXPECT_EQ(
            client.generate(CKM_EC_KEY_PAIR_GEN, {flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())},
                            {flag(CKA_TOKEN, true), id_of(kind().signer)}, pair),
            CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(client.attribute(key, CKA_EC_POINT), before);
    });
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonKeys, testing::ValuesIn(token_kinds()), token_name);

class CommonDestruction : public CommonKeys {};

TEST_P(CommonDestruction, destroyed_key_is_gone_for_everybody) {
    make_ec(kind().signer, p256_params());
    as_maker([](const Client& client) {
        const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, kind().pair_goes_with)});
        EXPECT_EQ(client.destroy(key), CKR_OK);
        EXPECT_EQ(client.destroy(key), CKR_OBJECT_HANDLE_INVALID);
        EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).empty());
        client.generate_ec(kind().signer, p384_params());
    });
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client.attribute(find_pair(client, kind().signer).private_key, CKA_EC_PARAMS), p384_params())
        << "there is room for another one";
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonDestruction, testing::ValuesIn(key_destroying_kinds()), token_name);

class CommonImport : public CommonKeys {};

TEST_P(CommonImport, brought_key_works_as_the_one_that_it_is) {
    const crypto::PrivateKey keys[] = {crypto::PrivateKey::generate_rsa(2048),
                                       crypto::PrivateKey::generate_ec(crypto::Curve::p256),
                                       crypto::PrivateKey::generate_ec(crypto::Curve::p384)};
    for (const crypto::PrivateKey& key : keys) {
        as_maker([&](const Client& client) {
            CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
            ASSERT_EQ(
                client.create(
                    private_template(key) + std::vector{flag(CKA_TOKEN, true), id_of(kind().signer)}, handle),
                CKR_OK);
        });
        {
            const Client client;
            ASSERT_EQ(client.login(), CKR_OK);
            const auto pair = find_pair(client, kind().signer);
            EXPECT_EQ(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), crypto::spki(key.public_key()));
            for (const CK_ATTRIBUTE_TYPE type : {CKA_EXTRACTABLE, CKA_LOCAL, CKA_ALWAYS_SENSITIVE}) {
                EXPECT_FALSE(client.is_true(pair.private_key, type)) << type;
            }
            const bool is_rsa = std::holds_alternative<crypto::RsaPublicKey>(key.public_key());
            sign_and_verify(client, {plain(is_rsa ? CKM_SHA256_RSA_PKCS : CKM_ECDSA_SHA256), message}, pair);
        }
        insert_new_card();
    }
}

INSTANTIATE_TEST_SUITE_P(Tokens, CommonImport, testing::ValuesIn(key_taking_kinds()), token_name);

}  // namespace
}  // namespace jeton::test
