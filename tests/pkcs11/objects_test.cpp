// Objects: attributes as clients ask them, search, creation, removal, and what another process changes.
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

class ObjectsTest : public testing::Test {
  protected:
    ObjectsTest() { EXPECT_EQ(client.login(), CKR_OK); }

    CK_RV write_certificate(View value, std::optional<Byte> id, CK_OBJECT_HANDLE& handle) {
        if (id) {
            TemplateOf object{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                              bytes(CKA_VALUE, value), number(CKA_CERTIFICATE_TYPE, CKC_X_509),
                              bytes(CKA_ID, View(&*id, 1))};
            return client->C_CreateObject(client.session(), object.data(), object.size(), &handle);
        }
        TemplateOf object{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_VALUE, value)};
        return client->C_CreateObject(client.session(), object.data(), object.size(), &handle);
    }

    SoftCards cards;
    Client client;
};

TEST_F(ObjectsTest, get_attribute_value_processes_every_item) {
    const auto pair = client.generate_rsa(1);
    Bytes small(1);
    Bytes modulus(256);
    CK_ATTRIBUTE items[] = {{CKA_PRIVATE_EXPONENT, modulus.data(), modulus.size()},
                            {CKA_EC_POINT, nullptr, 0},
                            {CKA_CLASS, small.data(), small.size()},
                            {CKA_MODULUS, modulus.data(), modulus.size()},
                            {CKA_PUBLIC_EXPONENT, nullptr, 0}};
    const CK_RV rv = client->C_GetAttributeValue(client.session(), pair.private_key, items, std::size(items));
    EXPECT_TRUE(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
                rv == CKR_BUFFER_TOO_SMALL);
    EXPECT_EQ(items[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    EXPECT_EQ(items[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    EXPECT_EQ(items[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    EXPECT_EQ(items[3].ulValueLen, 256U);
    EXPECT_EQ(items[4].ulValueLen, 3U);
    EXPECT_EQ(modulus, client.attribute(pair.public_key, CKA_MODULUS));
}

TEST_F(ObjectsTest, keys_have_the_ids_and_labels_of_opensc) {
    struct Row {
        Byte id;
        const char* private_label;
        const char* public_label;
    };
    for (const Row& row :
         {Row{1, "PIV AUTH key", "PIV AUTH pubkey"}, Row{2, "SIGN key", "SIGN pubkey"},
          Row{3, "KEY MAN key", "KEY MAN pubkey"}, Row{4, "CARD AUTH key", "CARD AUTH pubkey"},
          Row{0x10, "Retired KEY MAN 6", "Retired KEY MAN 6"}}) {
        const auto pair = client.generate_ec(row.id, p256_params());
        EXPECT_EQ(to_text(client.attribute(pair.private_key, CKA_LABEL)), row.private_label);
        EXPECT_EQ(to_text(client.attribute(pair.public_key, CKA_LABEL)), row.public_label);
        EXPECT_EQ(client.attribute(pair.private_key, CKA_ID), Bytes{row.id});
    }
}

TEST_F(ObjectsTest, generated_key_is_sensitive_and_local) {
    const auto pair = client.generate_ec(1, p384_params());
    for (const CK_ATTRIBUTE_TYPE type : {CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE,
                                         CKA_LOCAL, CKA_SIGN, CKA_PRIVATE, CKA_TOKEN}) {
        EXPECT_EQ(client.attribute(pair.private_key, type), Bytes{1}) << type;
    }
    EXPECT_EQ(client.attribute(pair.private_key, CKA_EXTRACTABLE), Bytes{0});
    EXPECT_EQ(client.attribute(pair.private_key, CKA_EC_PARAMS), p384_params());
    const Bytes point = client.attribute(pair.public_key, CKA_EC_POINT);
    ASSERT_EQ(point.size(), 99U);
    EXPECT_EQ(to_hex(View(point).first(3)), "046104");
}

TEST_F(ObjectsTest, key_generation_takes_the_first_free_slot_and_replaces_nothing) {
    const Bytes params = p256_params();
    TemplateOf public_template{bytes(CKA_EC_PARAMS, params)};
    TemplateOf private_template{flag(CKA_TOKEN, true)};
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    for (const Byte expected : Bytes{1, 2, 3}) {
        CK_OBJECT_HANDLE handles[2];
        ASSERT_EQ(client->C_GenerateKeyPair(client.session(), &mechanism, public_template.data(),
                                            public_template.size(), private_template.data(),
                                            private_template.size(), &handles[0], &handles[1]),
                  CKR_OK);
        EXPECT_EQ(client.attribute(handles[1], CKA_ID), Bytes{expected});
    }
    for (const Bytes& id : {Bytes{1}, Bytes{0x77}}) {
        TemplateOf chosen{bytes(CKA_ID, id)};
        CK_OBJECT_HANDLE handles[2];
        EXPECT_EQ(client->C_GenerateKeyPair(client.session(), &mechanism, public_template.data(),
                                            public_template.size(), chosen.data(), chosen.size(), &handles[0],
                                            &handles[1]),
                  CKR_ATTRIBUTE_VALUE_INVALID);
    }
}

TEST_F(ObjectsTest, certificate_finds_the_slot_of_its_key) {
    client.generate_ec(1, p256_params());
    const auto pair = client.generate_ec(3, p256_params());
    const Bytes certificate =
        self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Key Management");
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    ASSERT_EQ(write_certificate(certificate, std::nullopt, handle), CKR_OK);
    EXPECT_EQ(client.attribute(handle, CKA_ID), Bytes{3});
    EXPECT_EQ(client.attribute(handle, CKA_VALUE), certificate);
    EXPECT_EQ(to_text(client.attribute(handle, CKA_LABEL)), "Certificate for Key Management");
    EXPECT_EQ(to_hex(client.attribute(handle, CKA_SERIAL_NUMBER)), "02050102030405");
    EXPECT_EQ(client.find({bytes(CKA_VALUE, certificate)}), std::vector{handle});
    EXPECT_EQ(client.attribute(pair.private_key, CKA_SUBJECT), Bytes())
        << "this handle is older than the certificate";
    CK_OBJECT_HANDLE second = CK_INVALID_HANDLE;
    EXPECT_EQ(write_certificate(certificate, Byte{3}, second), CKR_ATTRIBUTE_VALUE_INVALID)
        << "never replaced silently";
    EXPECT_EQ(client->C_DestroyObject(client.session(), handle), CKR_OK);
    EXPECT_EQ(client->C_DestroyObject(client.session(), handle), CKR_OBJECT_HANDLE_INVALID);
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).empty());
    EXPECT_EQ(write_certificate(certificate, Byte{3}, second), CKR_OK);
}

TEST_F(ObjectsTest, token_label_is_the_first_common_name) {
    const auto label = [&] {
        CK_TOKEN_INFO info{};
        EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
        return std::string(reinterpret_cast<const char*>(info.label), sizeof info.label);
    };
    EXPECT_EQ(label(), "PIV_II                          ");
    const auto pair = client.generate_ec(1, p256_params());
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const Bytes info = client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO);
    ASSERT_EQ(write_certificate(self_signed(info, "Erika Mustermann"), Byte{1}, handle), CKR_OK);
    EXPECT_EQ(label(), "Erika Mustermann                ");
}

TEST_F(ObjectsTest, public_data_objects_are_listed_and_profile_claims_public_certificates) {
    EXPECT_EQ(
        client.find({number(CKA_CLASS, CKO_DATA), text(CKA_LABEL, "Card Holder Unique Identifier")}).size(),
        1U);
    const CK_OBJECT_HANDLE profile = client.find_one({number(CKA_CLASS, CKO_PROFILE)});
    EXPECT_EQ(client.attribute(profile, CKA_PROFILE_ID), number(0, CKP_PUBLIC_CERTIFICATES_TOKEN).bytes);
}

TEST_F(ObjectsTest, templates_are_checked) {
    struct Row {
        const char* what;
        TemplateOf object;
        CK_RV expected;
    };
    const Bytes key(16, 1);
    Row rows[] = {
        {"unknown attribute",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          number(0x7FFFFFFF, 1)},
         CKR_ATTRIBUTE_TYPE_INVALID},
        {"attribute of another class",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          bytes(CKA_MODULUS, key)},
         CKR_ATTRIBUTE_TYPE_INVALID},
        {"read-only attribute",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          flag(CKA_LOCAL, true)},
         CKR_ATTRIBUTE_READ_ONLY},
        {"boolean of 8 bytes",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          number(CKA_ENCRYPT, 1)},
         CKR_ATTRIBUTE_VALUE_INVALID},
        {"given twice",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          flag(CKA_ENCRYPT, true), flag(CKA_ENCRYPT, false)},
         CKR_TEMPLATE_INCONSISTENT},
        {"no value",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES)},
         CKR_TEMPLATE_INCOMPLETE},
        {"17 bytes",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, Bytes(17, 1))},
         CKR_ATTRIBUTE_VALUE_INVALID},
        {"on the card",
         {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, key),
          flag(CKA_TOKEN, true)},
         CKR_TEMPLATE_INCONSISTENT},
        {"certificate of garbage",
         {number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_VALUE, key)},
         CKR_ATTRIBUTE_VALUE_INVALID},
    };
    for (Row& row : rows) {
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        EXPECT_EQ(client->C_CreateObject(client.session(), row.object.data(), row.object.size(), &handle),
                  row.expected)
            << row.what;
    }
}

TEST_F(ObjectsTest, session_key_dies_with_its_session) {
    CK_SESSION_HANDLE second = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &second), CKR_OK);
    TemplateOf key{number(CKA_VALUE_LEN, 32), text(CKA_LABEL, "session key"), flag(CKA_EXTRACTABLE, true),
                   flag(CKA_SENSITIVE, false)};
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_GenerateKey(second, &mechanism, key.data(), key.size(), &handle), CKR_OK);
    EXPECT_EQ(client.attribute(handle, CKA_VALUE).size(), 32U);
    EXPECT_EQ(client.find({text(CKA_LABEL, "session key")}), std::vector{handle})
        << "visible to other sessions";
    ASSERT_EQ(client->C_CloseSession(second), CKR_OK);
    EXPECT_TRUE(client.find({text(CKA_LABEL, "session key")}).empty());
}

TEST_F(ObjectsTest, sensitive_session_key_keeps_its_value) {
    TemplateOf key{number(CKA_VALUE_LEN, 16)};
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    ASSERT_EQ(client->C_GenerateKey(client.session(), &mechanism, key.data(), key.size(), &handle), CKR_OK);
    Bytes value(16);
    CK_ATTRIBUTE item{CKA_VALUE, value.data(), value.size()};
    EXPECT_EQ(client->C_GetAttributeValue(client.session(), handle, &item, 1), CKR_ATTRIBUTE_SENSITIVE);
    EXPECT_EQ(item.ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

/// Runs |work| in a process of its own that loads nothing from this one, and gives its exit status.
template <typename Work>
int in_child(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(work());
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ObjectsTest, key_generated_by_another_process_is_found_and_used) {
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty());
    const int result = in_child([] {
        const Client other;
        if (other.login() != CKR_OK) {
            return 2;
        }
        return other.generate_ec(1, p256_params()).private_key == CK_INVALID_HANDLE ? 3 : 0;
    });
    ASSERT_EQ(result, 0);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, key, Bytes(32, 1), signature), CKR_OK)
        << "the login survives the hand-over";
}

TEST_F(ObjectsTest, process_without_login_cannot_sign_with_a_card_left_logged_in) {
    client.generate_ec(1, p256_params());
    Bytes signature;
    ASSERT_EQ(client.sign({CKM_ECDSA, nullptr, 0}, client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY)}),
                          Bytes(32, 1), signature),
              CKR_OK);
    const int result = in_child([] {
        const Client other;
        CK_SESSION_INFO info{};
        if (other->C_GetSessionInfo(other.session(), &info) != CKR_OK ||
            info.state != CKS_RW_PUBLIC_SESSION) {
            return 2;
        }
        return other.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).empty() ? 0 : 3;
    });
    EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace jeton::test
