// Private keys that an application brings onto the card, and the public halves that come with them.
#include "crypto/digest.hpp"
#include "pkcs11/private_key_template.hpp"

namespace jeton::test {
namespace {

const Value on_card = flag(CKA_TOKEN, true);

Value id(Byte value) {
    return bytes(CKA_ID, View(&value, 1));
}

crypto::PrivateKey p256() {
    return crypto::PrivateKey::generate_ec(crypto::Curve::p256);
}

/// One kind of key, and how its signatures are made; none: it only agrees.
struct Kind {
    const char* name;
    crypto::PrivateKey (*make)();
    std::optional<CK_MECHANISM_TYPE> signs;
};

void PrintTo(const Kind& kind, std::ostream* out) {
    *out << kind.name;
}

class ImportKinds : public testing::TestWithParam<Kind> {};

TEST_P(ImportKinds, imported_key_works_as_the_one_that_it_is) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const crypto::PrivateKey key = GetParam().make();
    CK_OBJECT_HANDLE imported = CK_INVALID_HANDLE;
    ASSERT_EQ(client.create(private_template(key) + std::vector{on_card, id(3)}, imported), CKR_OK);
    const CK_OBJECT_HANDLE public_key = client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY), id(3)});
    EXPECT_EQ(client.attribute(public_key, CKA_PUBLIC_KEY_INFO), crypto::spki(key.public_key()));
    for (const CK_ATTRIBUTE_TYPE type : {CKA_SENSITIVE, CKA_TOKEN, CKA_PRIVATE}) {
        EXPECT_TRUE(client.is_true(imported, type)) << type;
    }
    for (const CK_ATTRIBUTE_TYPE type :
         {CKA_EXTRACTABLE, CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE}) {
        EXPECT_FALSE(client.is_true(imported, type)) << type;
    }
    EXPECT_EQ(client.attribute(imported, CKA_KEY_GEN_MECHANISM), number(0, CK_UNAVAILABLE_INFORMATION).bytes);
    EXPECT_EQ(client.is_true(imported, CKA_SIGN), GetParam().signs.has_value());
    if (GetParam().signs) {
        Bytes signature;
        const CK_MECHANISM mechanism{*GetParam().signs, nullptr, 0};
        ASSERT_EQ(client.sign(mechanism, imported, Bytes(32, 1), signature), CKR_OK);
        EXPECT_EQ(client.verify(mechanism, public_key, Bytes(32, 1), signature), CKR_OK);
    }
}

TEST_P(ImportKinds, public_half_is_the_one_on_the_card) {
    const SoftCards cards;
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const crypto::PrivateKey key = GetParam().make();
    const std::vector<Value> public_values = public_template(key.public_key()) + std::vector{on_card};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    EXPECT_EQ(client.create(public_values + std::vector{id(3)}, handle), CKR_ATTRIBUTE_VALUE_INVALID)
        << "not without its private key";
    ASSERT_EQ(client.create(private_template(key) + std::vector{on_card, id(3)}, handle), CKR_OK);
    const CK_OBJECT_HANDLE expected = client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY), id(3)});
    for (const std::vector<Value>& values : {public_values, public_values + std::vector{id(3)},
                                             public_values + std::vector{bytes(CKA_ID, {})}}) {
        ASSERT_EQ(client.create(values, handle), CKR_OK);
        EXPECT_EQ(handle, expected);
    }
    EXPECT_EQ(client.create(public_values + std::vector{id(1)}, handle), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(
        client.create(public_template(GetParam().make().public_key()) + std::vector{on_card, id(3)}, handle),
        CKR_ATTRIBUTE_VALUE_INVALID);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ImportKinds,
    testing::Values(
        Kind{"rsa1024", [] { return crypto::PrivateKey::generate_rsa(1024); }, CKM_SHA256_RSA_PKCS},
        Kind{"rsa2048", [] { return crypto::PrivateKey::generate_rsa(2048); }, CKM_SHA256_RSA_PKCS},
        Kind{"p256", p256, CKM_ECDSA_SHA256},
        Kind{"p384", [] { return crypto::PrivateKey::generate_ec(crypto::Curve::p384); }, CKM_ECDSA_SHA384},
        Kind{"ed25519", [] { return crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519); },
             CKM_EDDSA},
        Kind{"x25519", [] { return crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519); },
             std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

class ImportTest : public testing::Test {
  protected:
    ImportTest() { EXPECT_EQ(client.login(), CKR_OK); }

    SoftCards cards;
    Client client;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
};

TEST_F(ImportTest, rsa_key_needs_no_crt_parts) {
    const crypto::PrivateKey key = crypto::PrivateKey::generate_rsa(2048);
    const std::vector<Value> whole = private_template(key) + std::vector{on_card};
    const std::initializer_list<CK_ATTRIBUTE_TYPE> crt[] = {
        {CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT},
        {CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT},
        {CKA_PRIVATE_EXPONENT, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT}};
    Byte slot = 5;
    for (const auto& left_out : crt) {
        ASSERT_EQ(client.create(without(whole, left_out) + std::vector{id(slot)}, handle), CKR_OK);
        EXPECT_EQ(client.attribute(handle, CKA_PUBLIC_KEY_INFO), crypto::spki(key.public_key()));
        Bytes signature;
        EXPECT_EQ(client.sign({CKM_SHA256_RSA_PKCS, nullptr, 0}, handle, Bytes(3, 1), signature), CKR_OK);
        ++slot;
    }
}

TEST_F(ImportTest, templates_are_checked_before_the_card_is_asked) {
    const std::vector<Value> ec = private_template(p256()) + std::vector{on_card, id(5)};
    const std::vector<Value> rsa =
        private_template(crypto::PrivateKey::generate_rsa(2048)) + std::vector{on_card, id(5)};
    const Bytes modulus(256, 0xC1);
    struct Row {
        const char* what;
        std::vector<Value> values;
        CK_RV expected;
    };
    const Row rows[] = {
        {"session object", with(ec, flag(CKA_TOKEN, false)), CKR_TEMPLATE_INCONSISTENT},
        {"CKA_TOKEN left out", without(ec, {CKA_TOKEN}), CKR_TEMPLATE_INCONSISTENT},
        {"extractable", with(ec, flag(CKA_EXTRACTABLE, true)), CKR_TEMPLATE_INCONSISTENT},
        {"not sensitive", with(ec, flag(CKA_SENSITIVE, false)), CKR_TEMPLATE_INCONSISTENT},
        {"no key type", without(ec, {CKA_KEY_TYPE}), CKR_TEMPLATE_INCOMPLETE},
        {"no curve", without(ec, {CKA_EC_PARAMS}), CKR_TEMPLATE_INCOMPLETE},
        {"no value", without(ec, {CKA_VALUE}), CKR_TEMPLATE_INCOMPLETE},
        {"unknown curve", with(ec, bytes(CKA_EC_PARAMS, *from_hex("06052B8104000A"))),
         CKR_CURVE_NOT_SUPPORTED},
        {"curve of another family", with(ec, bytes(CKA_EC_PARAMS, ed25519_params())),
         CKR_CURVE_NOT_SUPPORTED},
        {"scalar of zero", with(ec, bytes(CKA_VALUE, Bytes(32, 0))), CKR_ATTRIBUTE_VALUE_INVALID},
        {"scalar beyond the order", with(ec, bytes(CKA_VALUE, Bytes(32, 0xFF))), CKR_ATTRIBUTE_VALUE_INVALID},
        {"scalar of 33 bytes", with(ec, bytes(CKA_VALUE, Bytes(33, 1))), CKR_ATTRIBUTE_VALUE_INVALID},
        {"module's attribute", with(ec, flag(CKA_LOCAL, true)), CKR_ATTRIBUTE_READ_ONLY},
        {"attribute of RSA keys' public half", with(ec, number(CKA_MODULUS_BITS, 2048)),
         CKR_ATTRIBUTE_TYPE_INVALID},
        {"other key type", with(ec, number(CKA_KEY_TYPE, CKK_DSA)), CKR_ATTRIBUTE_VALUE_INVALID},
        {"unknown slot", with(ec, id(0x77)), CKR_ATTRIBUTE_VALUE_INVALID},
        {"no modulus", without(rsa, {CKA_MODULUS}), CKR_TEMPLATE_INCOMPLETE},
        {"neither primes nor exponent", without(rsa, {CKA_PRIVATE_EXPONENT, CKA_PRIME_1}),
         CKR_TEMPLATE_INCOMPLETE},
        {"another modulus", with(rsa, bytes(CKA_MODULUS, modulus)), CKR_ATTRIBUTE_VALUE_INVALID},
        {"another exponent", with(rsa, bytes(CKA_PUBLIC_EXPONENT, Bytes{3})), CKR_ATTRIBUTE_VALUE_INVALID},
        {"another coefficient", with(rsa, bytes(CKA_COEFFICIENT, Bytes{3})), CKR_ATTRIBUTE_VALUE_INVALID},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(client.create(row.values, handle), row.expected) << row.what;
    }
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
}

TEST_F(ImportTest, first_free_slot_that_can_use_the_key_is_taken) {
    const auto x25519 = [] { return crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519); };
    for (const Byte expected : Bytes{1, 3, 5}) {
        ASSERT_EQ(client.create(private_template(x25519()) + std::vector{on_card}, handle), CKR_OK);
        EXPECT_EQ(client.attribute(handle, CKA_ID), Bytes{expected}) << "02 and 04 only sign";
    }
    ASSERT_EQ(client.create(private_template(p256()) + std::vector{on_card}, handle), CKR_OK);
    EXPECT_EQ(client.attribute(handle, CKA_ID), Bytes{2});
}

TEST_F(ImportTest, occupied_slot_is_replaced_only_with_the_configuration_s_leave) {
    const std::vector<Value> values = private_template(p256()) + std::vector{on_card, id(1)};
    ASSERT_EQ(client.create(values, handle), CKR_OK);
    EXPECT_EQ(client.create(values, handle), CKR_ATTRIBUTE_VALUE_INVALID);
    const CK_OBJECT_HANDLE first = handle;
    cards.write_config(R"({"readers": {"access": "none"}, "overwrite": true})");
    client->C_Finalize(nullptr);
    const Client allowed;
    ASSERT_EQ(allowed.login(), CKR_OK);
    EXPECT_EQ(allowed.create(private_template(p256()) + std::vector{on_card, id(1)}, handle), CKR_OK);
    EXPECT_NE(handle, first);
}

TEST_F(ImportTest, wants_a_read_write_session_and_a_login) {
    const std::vector<Value> values = private_template(p256()) + std::vector{on_card, id(1)};
    client->C_Logout(client.session());
    EXPECT_EQ(client.create(values, handle), CKR_USER_NOT_LOGGED_IN);
    TemplateOf items(values);
    CK_SESSION_HANDLE read_only = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &read_only), CKR_OK);
    EXPECT_EQ(client->C_CreateObject(read_only, items.data(), items.size(), &handle), CKR_SESSION_READ_ONLY);
}

/// What a template says about PIN and touch, and what becomes of it.
struct PolicyCase {
    const char* what;
    Byte slot;
    std::vector<Value> values;
    CK_RV expected;
    bool always;
};

TEST_F(ImportTest, pin_policy_of_the_template_is_the_key_s) {
    const PolicyCase rows[] = {
        {"default of 9A", 1, {}, CKR_OK, false},
        {"default of 9C", 2, {}, CKR_OK, true},
        {"always, said twice",
         3,
         {flag(CKA_ALWAYS_AUTHENTICATE, true), number(CKA_JETON_PIN_POLICY, CK_JETON_PIN_ALWAYS)},
         CKR_OK,
         true},
        {"always by the attribute", 5, {flag(CKA_ALWAYS_AUTHENTICATE, true)}, CKR_OK, true},
        {"once by the policy", 6, {number(CKA_JETON_PIN_POLICY, CK_JETON_PIN_ONCE)}, CKR_OK, false},
        {"touch never", 7, {number(CKA_JETON_TOUCH_POLICY, CK_JETON_TOUCH_NEVER)}, CKR_OK, false},
        {"contradiction",
         8,
         {flag(CKA_ALWAYS_AUTHENTICATE, true), number(CKA_JETON_PIN_POLICY, CK_JETON_PIN_ONCE)},
         CKR_TEMPLATE_INCONSISTENT,
         false},
        {"public key that always wants a PIN",
         8,
         {flag(CKA_ALWAYS_AUTHENTICATE, true), flag(CKA_PRIVATE, false)},
         CKR_TEMPLATE_INCONSISTENT,
         false},
        {"unknown PIN policy", 8, {number(CKA_JETON_PIN_POLICY, 4)}, CKR_ATTRIBUTE_VALUE_INVALID, false},
        {"unknown touch policy", 8, {number(CKA_JETON_TOUCH_POLICY, 4)}, CKR_ATTRIBUTE_VALUE_INVALID, false},
        {"policy of one byte", 8, {flag(CKA_JETON_PIN_POLICY, true)}, CKR_ATTRIBUTE_VALUE_INVALID, false},
    };
    for (const PolicyCase& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(
            client.create(private_template(p256()) + std::vector{on_card, id(row.slot)} + row.values, handle),
            row.expected);
        if (row.expected == CKR_OK) {
            EXPECT_EQ(client.is_true(handle, CKA_ALWAYS_AUTHENTICATE), row.always);
        }
    }
}

TEST_F(ImportTest, generated_key_takes_the_same_policies) {
    Client::Pair pair{};
    const std::vector<Value> params{bytes(CKA_EC_PARAMS, p256_params())};
    ASSERT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, params,
                              {on_card, id(1), flag(CKA_ALWAYS_AUTHENTICATE, true)}, pair),
              CKR_OK);
    EXPECT_TRUE(client.is_true(pair.private_key, CKA_ALWAYS_AUTHENTICATE));
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, pair.private_key, Bytes(32, 1), signature),
              CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(client.generate(CKM_EC_KEY_PAIR_GEN, params,
                              {on_card, id(3), number(CKA_JETON_TOUCH_POLICY, 9)}, pair),
              CKR_ATTRIBUTE_VALUE_INVALID);
}

TEST_F(ImportTest, small_rsa_keys_are_used_and_never_generated) {
    Client::Pair pair{};
    EXPECT_EQ(client.generate(CKM_RSA_PKCS_KEY_PAIR_GEN, {number(CKA_MODULUS_BITS, 1024)}, {on_card}, pair),
              CKR_KEY_SIZE_RANGE);
    CK_MECHANISM_INFO making{}, using_them{};
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_RSA_PKCS_KEY_PAIR_GEN, &making), CKR_OK);
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_RSA_PKCS, &using_them), CKR_OK);
    EXPECT_EQ(making.ulMinKeySize, 2048U);
    EXPECT_EQ(using_them.ulMinKeySize, 1024U);
}

}  // namespace
}  // namespace jeton::test
