// Objects that are copied, changed, measured and destroyed, and data objects.
#include "crypto/keys.hpp"
#include "pkcs11/private_key_template.hpp"

namespace jeton::test {
namespace {

const Value in_session = flag(CKA_TOKEN, false);
const Value on_card = flag(CKA_TOKEN, true);

Value id(Byte value) {
    return bytes(CKA_ID, View(&value, 1));
}

class ChangesTest : public testing::Test {
  protected:
    ChangesTest() { EXPECT_EQ(client.login(), CKR_OK); }

    CK_OBJECT_HANDLE secret(const std::vector<Value>& more = {}) {
        CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
        const std::vector<Value> values{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                                        bytes(CKA_VALUE, Bytes(16, 7)), text(CKA_LABEL, "a key")};
        EXPECT_EQ(client.create(values + more, made), CKR_OK);
        return made;
    }

    CK_OBJECT_HANDLE certificate(Byte slot, CK_OBJECT_HANDLE public_key) {
        CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
        const Bytes value = self_signed(client.attribute(public_key, CKA_PUBLIC_KEY_INFO), "Name");
        EXPECT_EQ(client.create(
                      {number(CKA_CLASS, CKO_CERTIFICATE), on_card, id(slot), bytes(CKA_VALUE, value)}, made),
                  CKR_OK);
        return made;
    }

    std::vector<Value> data(std::string_view label, View value) {
        return {number(CKA_CLASS, CKO_DATA), on_card, text(CKA_LABEL, label), bytes(CKA_VALUE, value)};
    }

    SoftCards cards;
    Client client;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
};

TEST_F(ChangesTest, session_object_changes_as_the_table_says) {
    struct Row {
        const char* what;
        std::vector<Value> changes;
        CK_RV expected;
    };
    const Row rows[] = {
        {"label", {text(CKA_LABEL, "another")}, CKR_OK},
        {"nothing", {}, CKR_OK},
        {"use", {flag(CKA_ENCRYPT, false), flag(CKA_DECRYPT, true)}, CKR_OK},
        {"more sensitive", {flag(CKA_SENSITIVE, true)}, CKR_OK},
        {"less sensitive", {flag(CKA_SENSITIVE, false)}, CKR_ATTRIBUTE_READ_ONLY},
        {"less extractable", {flag(CKA_EXTRACTABLE, false)}, CKR_OK},
        {"more extractable", {flag(CKA_EXTRACTABLE, true)}, CKR_ATTRIBUTE_READ_ONLY},
        {"wrapped by trusted keys alone", {flag(CKA_WRAP_WITH_TRUSTED, true)}, CKR_OK},
        {"wrapped by any key again", {flag(CKA_WRAP_WITH_TRUSTED, false)}, CKR_ATTRIBUTE_READ_ONLY},
        {"class", {number(CKA_CLASS, CKO_DATA)}, CKR_ATTRIBUTE_READ_ONLY},
        {"key type", {number(CKA_KEY_TYPE, CKK_DES3)}, CKR_ATTRIBUTE_READ_ONLY},
        {"value", {bytes(CKA_VALUE, Bytes(16, 8))}, CKR_ATTRIBUTE_READ_ONLY},
        {"onto the card", {on_card}, CKR_ATTRIBUTE_READ_ONLY},
        {"private", {flag(CKA_PRIVATE, true)}, CKR_ATTRIBUTE_READ_ONLY},
        {"unique id", {text(CKA_UNIQUE_ID, "x")}, CKR_ATTRIBUTE_READ_ONLY},
        {"origin", {flag(CKA_LOCAL, true)}, CKR_ATTRIBUTE_READ_ONLY},
        {"trust, which is the SO's to say", {flag(CKA_TRUSTED, true)}, CKR_ATTRIBUTE_READ_ONLY},
        {"attribute of other objects", {bytes(CKA_MODULUS, Bytes{1})}, CKR_ATTRIBUTE_TYPE_INVALID},
        {"flag of 8 bytes", {number(CKA_ENCRYPT, 1)}, CKR_ATTRIBUTE_VALUE_INVALID},
        {"not copyable", {flag(CKA_COPYABLE, false)}, CKR_OK},
        {"copyable again", {flag(CKA_COPYABLE, true)}, CKR_ATTRIBUTE_READ_ONLY},
    };
    const CK_OBJECT_HANDLE key = secret({flag(CKA_SENSITIVE, false), flag(CKA_EXTRACTABLE, true)});
    for (const Row& row : rows) {
        EXPECT_EQ(client.set(key, row.changes), row.expected) << row.what;
    }
    EXPECT_EQ(to_text(client.attribute(key, CKA_LABEL)), "another");
    EXPECT_FALSE(client.is_true(key, CKA_ENCRYPT));
    EXPECT_TRUE(client.is_true(key, CKA_SENSITIVE));
}

TEST_F(ChangesTest, one_wrong_change_leaves_everything_as_it_was) {
    const CK_OBJECT_HANDLE key = secret();
    EXPECT_EQ(client.set(key, {text(CKA_LABEL, "another"), number(CKA_CLASS, CKO_DATA)}),
              CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(to_text(client.attribute(key, CKA_LABEL)), "a key");
}

TEST_F(ChangesTest, unmodifiable_undestroyable_and_uncopyable_objects_stay) {
    const CK_OBJECT_HANDLE key =
        secret({flag(CKA_MODIFIABLE, false), flag(CKA_DESTROYABLE, false), flag(CKA_COPYABLE, false)});
    EXPECT_EQ(client.set(key, {text(CKA_LABEL, "another")}), CKR_ACTION_PROHIBITED);
    EXPECT_EQ(client.destroy(key), CKR_ACTION_PROHIBITED);
    EXPECT_EQ(client.copy(key, {}, handle), CKR_ACTION_PROHIBITED);
}

TEST_F(ChangesTest, copy_is_a_new_object_with_the_changes_asked_for) {
    const CK_OBJECT_HANDLE key = secret({flag(CKA_DESTROYABLE, false)});
    ASSERT_EQ(
        client.copy(key, {text(CKA_LABEL, "copy"), flag(CKA_DESTROYABLE, true), flag(CKA_PRIVATE, true)},
                    handle),
        CKR_OK);
    EXPECT_NE(handle, key);
    EXPECT_EQ(to_text(client.attribute(handle, CKA_LABEL)), "copy");
    EXPECT_NE(client.attribute(handle, CKA_UNIQUE_ID), client.attribute(key, CKA_UNIQUE_ID));
    Bytes by_key, by_copy;
    EXPECT_EQ(client.encrypt({CKM_AES_ECB, nullptr, 0}, key, Bytes(16, 1), by_key), CKR_OK);
    EXPECT_EQ(client.encrypt({CKM_AES_ECB, nullptr, 0}, handle, Bytes(16, 1), by_copy), CKR_OK);
    EXPECT_EQ(by_copy, by_key);
    EXPECT_EQ(client.destroy(handle), CKR_OK);
    EXPECT_EQ(client.destroy(handle), CKR_OBJECT_HANDLE_INVALID);
    EXPECT_EQ(client.copy(key, {number(CKA_KEY_TYPE, CKK_AES)}, handle), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(client.copy(key, {text(CKA_UNIQUE_ID, "x")}, handle), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(client.copy(key, {flag(CKA_SENSITIVE, false)}, handle), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(client.copy(key, {on_card}, handle), CKR_TEMPLATE_INCONSISTENT);
}

TEST_F(ChangesTest, public_objects_of_the_card_are_copied_into_the_session) {
    const auto pair = client.generate_ec(1, p256_params());
    const CK_OBJECT_HANDLE stored = certificate(1, pair.public_key);
    const CK_OBJECT_HANDLE chuid =
        client.find_one({number(CKA_CLASS, CKO_DATA), text(CKA_LABEL, "Card Holder Unique Identifier")});
    for (const CK_OBJECT_HANDLE object : {pair.public_key, stored, chuid}) {
        EXPECT_EQ(client.copy(object, {}, handle), CKR_TEMPLATE_INCONSISTENT) << "the card keeps no copies";
        ASSERT_EQ(client.copy(object, {in_session}, handle), CKR_OK);
        EXPECT_FALSE(client.is_true(handle, CKA_TOKEN));
        EXPECT_EQ(client.attribute(handle, CKA_LABEL), client.attribute(object, CKA_LABEL));
        EXPECT_EQ(client.set(handle, {text(CKA_LABEL, "mine")}), CKR_OK);
        EXPECT_EQ(client.destroy(handle), CKR_OK);
        EXPECT_FALSE(client.attribute(object, CKA_LABEL).empty()) << "the original is still there";
    }
    ASSERT_EQ(client.copy(pair.public_key, {in_session}, handle), CKR_OK);
    Bytes signature;
    ASSERT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, pair.private_key, Bytes(32, 1), signature), CKR_OK);
    EXPECT_EQ(client.verify({CKM_ECDSA, nullptr, 0}, handle, Bytes(32, 1), signature), CKR_OK);
    EXPECT_EQ(client.copy(pair.private_key, {in_session}, handle), CKR_ACTION_PROHIBITED);
}

TEST_F(ChangesTest, changing_the_id_of_a_private_key_moves_the_key) {
    const auto pair = client.generate_ec(1, p256_params());
    client.generate_ec(3, p256_params());
    EXPECT_EQ(client.set(pair.private_key, {id(1)}), CKR_OK) << "it is there already";
    EXPECT_EQ(client.set(pair.private_key, {id(3)}), CKR_ATTRIBUTE_VALUE_INVALID) << "another key is there";
    EXPECT_EQ(client.set(pair.private_key, {id(0x77)}), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(client.set(pair.private_key, {text(CKA_LABEL, "x")}), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(client.set(pair.private_key, {id(5), flag(CKA_SIGN, false)}), CKR_ATTRIBUTE_READ_ONLY);
    EXPECT_EQ(client.attribute(pair.private_key, CKA_ID), Bytes{1});
    ASSERT_EQ(client.set(pair.private_key, {id(5)}), CKR_OK);
    EXPECT_EQ(client.attribute(pair.private_key, CKA_ID), Bytes{5}) << "the handle stays";
    EXPECT_EQ(client.attribute(pair.public_key, CKA_ID), Bytes{5});
    Bytes signature;
    ASSERT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, pair.private_key, Bytes(32, 1), signature), CKR_OK);
    EXPECT_EQ(client.verify({CKM_ECDSA, nullptr, 0}, pair.public_key, Bytes(32, 1), signature), CKR_OK);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY), id(1)}).empty());
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY), id(5)}), std::vector{pair.private_key});
}

TEST_F(ChangesTest, other_objects_of_the_card_do_not_change) {
    const auto pair = client.generate_ec(1, p256_params());
    const CK_OBJECT_HANDLE stored = certificate(1, pair.public_key);
    for (const CK_OBJECT_HANDLE object : {pair.public_key, stored}) {
        EXPECT_FALSE(client.is_true(object, CKA_MODIFIABLE));
        EXPECT_EQ(client.set(object, {text(CKA_LABEL, "x")}), CKR_ACTION_PROHIBITED);
    }
    CK_SESSION_HANDLE read_only = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &read_only), CKR_OK);
    TemplateOf change{id(5)};
    EXPECT_EQ(client->C_SetAttributeValue(read_only, pair.private_key, change.data(), change.size()),
              CKR_SESSION_READ_ONLY);
    EXPECT_EQ(client->C_DestroyObject(read_only, pair.private_key), CKR_SESSION_READ_ONLY);
}

TEST_F(ChangesTest, destroyed_private_key_takes_its_public_key_along) {
    const auto pair = client.generate_ec(1, p256_params());
    EXPECT_EQ(client.destroy(pair.public_key), CKR_ACTION_PROHIBITED);
    ASSERT_EQ(client.destroy(pair.private_key), CKR_OK);
    EXPECT_EQ(client.destroy(pair.private_key), CKR_OBJECT_HANDLE_INVALID);
    EXPECT_EQ(client.destroy(pair.public_key), CKR_OBJECT_HANDLE_INVALID);
    EXPECT_TRUE(client.find({id(1)}).empty());
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, pair.private_key), CKR_KEY_HANDLE_INVALID);
    client.generate_ec(1, p256_params());
}

TEST_F(ChangesTest, profile_object_stays) {
    const CK_OBJECT_HANDLE profile = client.find_one({number(CKA_CLASS, CKO_PROFILE)});
    EXPECT_EQ(client.destroy(profile), CKR_ACTION_PROHIBITED);
    EXPECT_EQ(client.set(profile, {text(CKA_LABEL, "x")}), CKR_ACTION_PROHIBITED);
    EXPECT_EQ(client.copy(profile, {in_session}, handle), CKR_ACTION_PROHIBITED);
}

TEST_F(ChangesTest, data_object_is_created_by_any_of_its_names_and_replaced_by_its_value) {
    const std::vector<Value> names[] = {
        {text(CKA_LABEL, "Security Object")},
        {text(CKA_APPLICATION, "Security Object")},
        {bytes(CKA_OBJECT_ID, *from_hex("060B6086480165030702811000"))},
        {bytes(CKA_OBJECT_ID, *from_hex("6086480165030702811000"))},
    };
    ASSERT_EQ(client.destroy(client.find_one({text(CKA_LABEL, "Security Object")})), CKR_OK);
    for (const std::vector<Value>& name : names) {
        ASSERT_EQ(client.create(
                      std::vector{number(CKA_CLASS, CKO_DATA), on_card, bytes(CKA_VALUE, Bytes{1, 2})} + name,
                      handle),
                  CKR_OK);
        EXPECT_EQ(to_text(client.attribute(handle, CKA_LABEL)), "Security Object");
        EXPECT_EQ(client.create(data("Security Object", Bytes{3}), handle), CKR_ATTRIBUTE_VALUE_INVALID)
            << "it is there already";
        const CK_OBJECT_HANDLE there = client.find_one({text(CKA_LABEL, "Security Object")});
        EXPECT_EQ(client.set(there, {bytes(CKA_VALUE, {})}), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(client.set(there, {text(CKA_LABEL, "x")}), CKR_ATTRIBUTE_READ_ONLY);
        ASSERT_EQ(client.set(there, {bytes(CKA_VALUE, Bytes{4, 5, 6})}), CKR_OK);
        EXPECT_EQ(client.attribute(there, CKA_VALUE), (Bytes{4, 5, 6})) << "the handle stays";
        ASSERT_EQ(client.destroy(there), CKR_OK);
        EXPECT_TRUE(client.find({text(CKA_LABEL, "Security Object")}).empty());
    }
}

TEST_F(ChangesTest, wrong_data_objects_are_refused) {
    ASSERT_EQ(client.destroy(client.find_one({text(CKA_LABEL, "Security Object")})), CKR_OK);
    EXPECT_EQ(client.create(data("Shopping List", Bytes{1}), handle), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(client.create(data("", Bytes{1}), handle), CKR_TEMPLATE_INCOMPLETE);
    EXPECT_EQ(client.create(data("Security Object", {}), handle), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(client.create(data("Discovery Object", Bytes{1}), handle), CKR_TOKEN_WRITE_PROTECTED);
    EXPECT_EQ(client.create(data("Security Object", Bytes(13000, 1)), handle), CKR_DEVICE_MEMORY);
    EXPECT_EQ(client.create(data("Security Object", Bytes{1}) + std::vector{flag(CKA_PRIVATE, true)}, handle),
              CKR_TEMPLATE_INCONSISTENT)
        << "everybody could read it";
}

TEST_F(ChangesTest, guarded_data_object_is_found_by_its_label_after_login) {
    ASSERT_EQ(client.create(data("Cardholder Fingerprints", Bytes{1, 2, 3}), handle), CKR_OK);
    EXPECT_TRUE(client.is_true(handle, CKA_PRIVATE));
    EXPECT_EQ(client.find({text(CKA_LABEL, "Cardholder Fingerprints")}), std::vector{handle});
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_DATA), flag(CKA_PRIVATE, true)}).size(), 0U)
        << "only a search that names it";
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_TRUE(client.find({text(CKA_LABEL, "Cardholder Fingerprints")}).empty());
}

TEST_F(ChangesTest, data_and_certificates_live_in_the_session_too) {
    ASSERT_EQ(
        client.create(
            {number(CKA_CLASS, CKO_DATA), text(CKA_APPLICATION, "mine"), bytes(CKA_VALUE, Bytes{1})}, handle),
        CKR_OK);
    EXPECT_EQ(client.set(handle, {bytes(CKA_VALUE, Bytes{2, 3})}), CKR_OK);
    EXPECT_EQ(client.attribute(handle, CKA_VALUE), (Bytes{2, 3}));
    const auto pair = client.generate_ec(1, p256_params());
    const Bytes value = self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Name");
    ASSERT_EQ(client.create({number(CKA_CLASS, CKO_CERTIFICATE), bytes(CKA_VALUE, value), id(9)}, handle),
              CKR_OK);
    EXPECT_EQ(to_hex(client.attribute(handle, CKA_SERIAL_NUMBER)), "02050102030405");
    EXPECT_EQ(client.find({bytes(CKA_VALUE, value)}), std::vector{handle});
    EXPECT_EQ(client.set(handle, {id(8)}), CKR_OK);
    EXPECT_EQ(client.set(handle, {bytes(CKA_VALUE, value)}), CKR_ATTRIBUTE_READ_ONLY);
}

TEST_F(ChangesTest, generic_secrets_are_made_and_brought) {
    CK_MECHANISM mechanism{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
    for (const CK_ULONG length : {1UL, 33UL, 4096UL}) {
        TemplateOf wanted{number(CKA_VALUE_LEN, length), flag(CKA_SENSITIVE, false),
                          flag(CKA_EXTRACTABLE, true)};
        ASSERT_EQ(client->C_GenerateKey(client.session(), &mechanism, wanted.data(), wanted.size(), &handle),
                  CKR_OK);
        EXPECT_EQ(client.attribute(handle, CKA_VALUE).size(), length);
        EXPECT_EQ(client.attribute(handle, CKA_KEY_TYPE), number(0, CKK_GENERIC_SECRET).bytes);
        EXPECT_TRUE(client.is_true(handle, CKA_LOCAL));
    }
    for (const CK_ULONG length : {0UL, 4097UL}) {
        TemplateOf wanted{number(CKA_VALUE_LEN, length)};
        EXPECT_EQ(client->C_GenerateKey(client.session(), &mechanism, wanted.data(), wanted.size(), &handle),
                  CKR_KEY_SIZE_RANGE);
    }
    const std::vector<Value> brought{number(CKA_CLASS, CKO_SECRET_KEY),
                                     number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)};
    ASSERT_EQ(client.create(brought + std::vector{bytes(CKA_VALUE, Bytes{1, 2, 3})}, handle), CKR_OK);
    EXPECT_FALSE(client.is_true(handle, CKA_ALWAYS_SENSITIVE));
    Bytes out;
    EXPECT_EQ(client.encrypt({CKM_AES_ECB, nullptr, 0}, handle, Bytes(16), out), CKR_KEY_TYPE_INCONSISTENT);
    EXPECT_EQ(client.create(brought + std::vector{bytes(CKA_VALUE, {})}, handle),
              CKR_ATTRIBUTE_VALUE_INVALID);
}

TEST_F(ChangesTest, key_is_used_with_its_allowed_mechanisms_alone) {
    const Value counter_alone = number(CKA_ALLOWED_MECHANISMS, CKM_AES_CTR);
    const CK_OBJECT_HANDLE key = secret({counter_alone});
    CK_AES_CTR_PARAMS counter{128, {}};
    Bytes out;
    EXPECT_EQ(client.encrypt({CKM_AES_CTR, &counter, sizeof counter}, key, Bytes(16), out), CKR_OK);
    EXPECT_EQ(client.encrypt({CKM_AES_ECB, nullptr, 0}, key, Bytes(16), out), CKR_MECHANISM_INVALID);
    EXPECT_EQ(client.create({number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                             bytes(CKA_VALUE, Bytes(16)), bytes(CKA_ALLOWED_MECHANISMS, Bytes(7))},
                            handle),
              CKR_ATTRIBUTE_VALUE_INVALID);
}

TEST_F(ChangesTest, size_is_about_what_the_object_holds) {
    const auto pair = client.generate_ec(1, p256_params());
    const CK_OBJECT_HANDLE stored = certificate(1, pair.public_key);
    CK_ULONG size = 0;
    ASSERT_EQ(client->C_GetObjectSize(client.session(), stored, &size), CKR_OK);
    EXPECT_GE(size, client.attribute(stored, CKA_VALUE).size());
    EXPECT_EQ(client->C_GetObjectSize(client.session(), stored, nullptr), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(client->C_GetObjectSize(client.session(), 999999, &size), CKR_OBJECT_HANDLE_INVALID);
}

}  // namespace
}  // namespace jeton::test
