// Rules about objects and keys.
#include "pkcs11/rules_bench.hpp"

namespace jeton::test {
namespace {

CK_OBJECT_HANDLE secret(const Bench& bench, CK_SESSION_HANDLE session, bool modifiable = true) {
    TemplateOf key{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                   bytes(CKA_VALUE, Bytes(16, 7)),    flag(CKA_TOKEN, false),
                   flag(CKA_SENSITIVE, true),         flag(CKA_EXTRACTABLE, false),
                   flag(CKA_MODIFIABLE, modifiable)};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    EXPECT_EQ(bench.f->C_CreateObject(session, key.data(), key.size(), &handle), CKR_OK);
    return handle;
}

CK_SESSION_HANDLE user_session(const Bench& bench) {
    const CK_SESSION_HANDLE session = bench.open(CKF_RW_SESSION);
    EXPECT_EQ(bench.login(session), CKR_OK);
    return session;
}

/// Changes one attribute of a fresh secret key.
CK_RV change(const Bench& bench, const Value& value, bool modifiable = true) {
    const CK_SESSION_HANDLE session = user_session(bench);
    TemplateOf changes{value};
    return bench.f->C_SetAttributeValue(session, secret(bench, session, modifiable), changes.data(),
                                        changes.size());
}

CK_RV derive(const Bench& bench, CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key) {
    Bytes point(65, 4);
    CK_ECDH1_DERIVE_PARAMS params{CKD_NULL, 0, nullptr, point.size(), point.data()};
    CK_MECHANISM mechanism{type, &params, sizeof params};
    TemplateOf wanted{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                      number(CKA_VALUE_LEN, 32)};
    CK_OBJECT_HANDLE derived = CK_INVALID_HANDLE;
    return bench.f->C_DeriveKey(session, &mechanism, key, wanted.data(), wanted.size(), &derived);
}

const std::vector<Rule>& rules() {
    static const auto* table = new std::vector<Rule>{
        {"change_label", [](const Bench& b) { return change(b, text(CKA_LABEL, "x")); }, {CKR_OK}},
        {"change_class",
         [](const Bench& b) { return change(b, number(CKA_CLASS, CKO_DATA)); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_key_type",
         [](const Bench& b) { return change(b, number(CKA_KEY_TYPE, CKK_DES3)); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_value",
         [](const Bench& b) { return change(b, bytes(CKA_VALUE, Bytes(16, 8))); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_token",
         [](const Bench& b) { return change(b, flag(CKA_TOKEN, true)); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_to_less_sensitive",
         [](const Bench& b) { return change(b, flag(CKA_SENSITIVE, false)); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_to_more_extractable",
         [](const Bench& b) { return change(b, flag(CKA_EXTRACTABLE, true)); },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"change_unmodifiable",
         [](const Bench& b) { return change(b, text(CKA_LABEL, "x"), false); },
         {CKR_ACTION_PROHIBITED}},
        {"change_unknown_object",
         [](const Bench& b) {
             TemplateOf changes{text(CKA_LABEL, "x")};
             return b.f->C_SetAttributeValue(user_session(b), 987654, changes.data(), changes.size());
         },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"change_null_template",
         [](const Bench& b) {
             const auto session = user_session(b);
             return b.f->C_SetAttributeValue(session, secret(b, session), nullptr, 1);
         },
         {CKR_ARGUMENTS_BAD}},
        {"copy",
         [](const Bench& b) {
             const auto session = user_session(b);
             CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
             TemplateOf changes{text(CKA_LABEL, "copy")};
             return b.f->C_CopyObject(session, secret(b, session), changes.data(), changes.size(), &copy);
         },
         {CKR_OK}},
        {"copy_to_less_sensitive",
         [](const Bench& b) {
             const auto session = user_session(b);
             CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
             TemplateOf changes{flag(CKA_SENSITIVE, false)};
             return b.f->C_CopyObject(session, secret(b, session), changes.data(), changes.size(), &copy);
         },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"copy_unknown_object",
         [](const Bench& b) {
             CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
             TemplateOf changes{text(CKA_LABEL, "copy")};
             return b.f->C_CopyObject(user_session(b), 987654, changes.data(), changes.size(), &copy);
         },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"copy_null_handle",
         [](const Bench& b) {
             const auto session = user_session(b);
             return b.f->C_CopyObject(session, secret(b, session), nullptr, 0, nullptr);
         },
         {CKR_ARGUMENTS_BAD}},
        {"size_of_unknown_object",
         [](const Bench& b) {
             CK_ULONG size = 0;
             return b.f->C_GetObjectSize(b.open(0), 987654, &size);
         },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"destroy_twice",
         [](const Bench& b) {
             const auto session = user_session(b);
             const auto key = secret(b, session);
             b.f->C_DestroyObject(session, key);
             return b.f->C_DestroyObject(session, key);
         },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"derive_with_unknown_key",
         [](const Bench& b) { return derive(b, user_session(b), CKM_ECDH1_DERIVE, 987654); },
         {CKR_KEY_HANDLE_INVALID},
         {CKR_OBJECT_HANDLE_INVALID}},
        {"derive_with_other_mechanism",
         [](const Bench& b) { return derive(b, user_session(b), CKM_SHA256, 987654); },
         {CKR_MECHANISM_INVALID}},
        {"derive_with_secret_key",
         [](const Bench& b) {
             const auto session = user_session(b);
             return derive(b, session, CKM_ECDH1_DERIVE, secret(b, session));
         },
         {CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED}},
        {"create_private_key_without_value",
         [](const Bench& b) {
             CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
             TemplateOf key{number(CKA_CLASS, CKO_PRIVATE_KEY), number(CKA_KEY_TYPE, CKK_EC),
                            flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())};
             return b.f->C_CreateObject(user_session(b), key.data(), key.size(), &handle);
         },
         {CKR_TEMPLATE_INCOMPLETE}},
        {"create_key_with_origin",
         [](const Bench& b) {
             CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
             TemplateOf key{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                            bytes(CKA_VALUE, Bytes(16, 1)), flag(CKA_LOCAL, true)};
             return b.f->C_CreateObject(user_session(b), key.data(), key.size(), &handle);
         },
         {CKR_ATTRIBUTE_READ_ONLY}},
        {"init_token_with_session",
         [](const Bench& b) {
             b.open(0);
             CK_UTF8CHAR label[32] = {};
             std::string pin = "12345678";
             return b.f->C_InitToken(b.slot, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size(),
                                     label);
         },
         {CKR_SESSION_EXISTS}},
        {"init_token_in_unknown_slot",
         [](const Bench& b) {
             CK_UTF8CHAR label[32] = {};
             std::string pin = "12345678";
             return b.f->C_InitToken(987654, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size(),
                                     label);
         },
         {CKR_SLOT_ID_INVALID}},
    };
    return *table;
}

class ObjectRuleTest : public testing::TestWithParam<Rule> {};

TEST_P(ObjectRuleTest, jeton_answers_as_the_standard_says) {
    check_jeton(GetParam());
}

TEST_P(ObjectRuleTest, softhsm_agrees_or_deviates_as_known) {
    check_softhsm(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Rules, ObjectRuleTest, testing::ValuesIn(rules()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace jeton::test
