// Rules about slots, sessions, logins and operations.
#include "pkcs11/rules_bench.hpp"

namespace jeton::test {
namespace {

CK_RV count_only(const Bench& bench, CK_RV (*call)(const Bench&, CK_ULONG*)) {
    CK_ULONG count = 0;
    return call(bench, &count);
}

const std::vector<Rule>& rules() {
    static const auto* table = new std::vector<Rule>{
        {"second_initialize",
         [](const Bench& b) { return b.f->C_Initialize(nullptr); },
         {CKR_CRYPTOKI_ALREADY_INITIALIZED}},
        {"finalize_with_argument",
         [](const Bench& b) { return b.f->C_Finalize(const_cast<Bench*>(&b)); },
         {CKR_ARGUMENTS_BAD}},
        {"get_info_null", [](const Bench& b) { return b.f->C_GetInfo(nullptr); }, {CKR_ARGUMENTS_BAD}},
        {"slot_list_null_count",
         [](const Bench& b) { return b.f->C_GetSlotList(CK_TRUE, nullptr, nullptr); },
         {CKR_ARGUMENTS_BAD}},
        {"slot_list_too_short",
         [](const Bench& b) {
             CK_SLOT_ID id = 0;
             CK_ULONG count = 0;
             return b.f->C_GetSlotList(CK_TRUE, &id, &count);
         },
         {CKR_BUFFER_TOO_SMALL}},
        {"unknown_slot_info",
         [](const Bench& b) {
             CK_SLOT_INFO info;
             return b.f->C_GetSlotInfo(987654, &info);
         },
         {CKR_SLOT_ID_INVALID}},
        {"unknown_slot_token_info",
         [](const Bench& b) {
             CK_TOKEN_INFO info;
             return b.f->C_GetTokenInfo(987654, &info);
         },
         {CKR_SLOT_ID_INVALID}},
        {"mechanism_list_count",
         [](const Bench& b) {
             return count_only(b, [](const Bench& bench, CK_ULONG* count) {
                 return bench.f->C_GetMechanismList(bench.slot, nullptr, count);
             });
         },
         {CKR_OK}},
        {"mechanism_list_too_short",
         [](const Bench& b) {
             CK_MECHANISM_TYPE type = 0;
             CK_ULONG count = 1;
             return b.f->C_GetMechanismList(b.slot, &type, &count);
         },
         {CKR_BUFFER_TOO_SMALL}},
        {"parallel_session",
         [](const Bench& b) {
             CK_SESSION_HANDLE session = 0;
             return b.f->C_OpenSession(b.slot, CKF_RW_SESSION, nullptr, nullptr, &session);
         },
         {CKR_SESSION_PARALLEL_NOT_SUPPORTED}},
        {"open_session_null_handle",
         [](const Bench& b) {
             return b.f->C_OpenSession(b.slot, CKF_SERIAL_SESSION, nullptr, nullptr, nullptr);
         },
         {CKR_ARGUMENTS_BAD}},
        {"close_unknown_session",
         [](const Bench& b) { return b.f->C_CloseSession(987654); },
         {CKR_SESSION_HANDLE_INVALID}},
        {"close_session_twice",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.f->C_CloseSession(session);
             return b.f->C_CloseSession(session);
         },
         {CKR_SESSION_HANDLE_INVALID}},
        {"handle_zero",
         [](const Bench& b) { return b.f->C_CloseSession(CK_INVALID_HANDLE); },
         {CKR_SESSION_HANDLE_INVALID}},
        {"close_all_without_sessions",
         [](const Bench& b) { return b.f->C_CloseAllSessions(b.slot); },
         {CKR_OK}},
        {"close_all_of_unknown_slot",
         [](const Bench& b) { return b.f->C_CloseAllSessions(987654); },
         {CKR_SLOT_ID_INVALID}},
        {"login_right", [](const Bench& b) { return b.login(b.open(0)); }, {CKR_OK}},
        {"login_wrong", [](const Bench& b) { return b.login(b.open(0), "654321"); }, {CKR_PIN_INCORRECT}},
        {"login_unknown_user",
         [](const Bench& b) { return b.login(b.open(0), "123456", 77); },
         {CKR_USER_TYPE_INVALID}},
        {"login_null_pin",
         [](const Bench& b) { return b.f->C_Login(b.open(0), CKU_USER, nullptr, 6); },
         {CKR_ARGUMENTS_BAD}},
        {"login_twice",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.login(session);
             return b.login(session);
         },
         {CKR_USER_ALREADY_LOGGED_IN}},
        {"login_of_another_session_counts",
         [](const Bench& b) {
             b.login(b.open(0));
             return b.login(b.open(CKF_RW_SESSION));
         },
         {CKR_USER_ALREADY_LOGGED_IN}},
        {"so_login_with_read_only_session",
         [](const Bench& b) { return b.login(b.open(0), "12345678", CKU_SO); },
         {CKR_SESSION_READ_ONLY_EXISTS}},
        {"so_login_while_user",
         [](const Bench& b) {
             const auto session = b.open(CKF_RW_SESSION);
             b.login(session);
             return b.login(session, "12345678", CKU_SO);
         },
         {CKR_USER_ANOTHER_ALREADY_LOGGED_IN}},
        {"read_only_session_while_so",
         [](const Bench& b) {
             EXPECT_EQ(b.login(b.open(CKF_RW_SESSION), "12345678", CKU_SO), CKR_OK);
             CK_SESSION_HANDLE session = 0;
             return b.f->C_OpenSession(b.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
         },
         {CKR_SESSION_READ_WRITE_SO_EXISTS}},
        {"context_login_without_operation",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.login(session);
             return b.login(session, "123456", CKU_CONTEXT_SPECIFIC);
         },
         {CKR_OPERATION_NOT_INITIALIZED}},
        {"logout_without_login",
         [](const Bench& b) { return b.f->C_Logout(b.open(0)); },
         {CKR_USER_NOT_LOGGED_IN},
         {CKR_OK}},
        {"last_close_logs_out",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.login(session);
             b.f->C_CloseSession(session);
             CK_SESSION_INFO info{};
             EXPECT_EQ(b.f->C_GetSessionInfo(b.open(0), &info), CKR_OK);
             return info.state == CKS_RO_PUBLIC_SESSION ? CKR_OK : CKR_GENERAL_ERROR;
         },
         {CKR_OK}},
        {"init_pin_without_so",
         [](const Bench& b) {
             CK_UTF8CHAR pin[] = {'1', '2', '3', '4', '5', '6'};
             return b.f->C_InitPIN(b.open(CKF_RW_SESSION), pin, sizeof pin);
         },
         {CKR_USER_NOT_LOGGED_IN}},
        {"set_pin_read_only",
         [](const Bench& b) {
             CK_UTF8CHAR pin[] = {'1', '2', '3', '4', '5', '6'};
             return b.f->C_SetPIN(b.open(0), pin, sizeof pin, pin, sizeof pin);
         },
         {CKR_SESSION_READ_ONLY}},
        {"set_pin_wrong_old",
         [](const Bench& b) {
             CK_UTF8CHAR old_pin[] = {'9', '9', '9', '9', '9', '9'};
             CK_UTF8CHAR pin[] = {'1', '2', '3', '4', '5', '6'};
             return b.f->C_SetPIN(b.open(CKF_RW_SESSION), old_pin, sizeof old_pin, pin, sizeof pin);
         },
         {CKR_PIN_INCORRECT}},
        {"find_without_init",
         [](const Bench& b) {
             CK_OBJECT_HANDLE object = 0;
             CK_ULONG count = 0;
             return b.f->C_FindObjects(b.open(0), &object, 1, &count);
         },
         {CKR_OPERATION_NOT_INITIALIZED}},
        {"find_final_without_init",
         [](const Bench& b) { return b.f->C_FindObjectsFinal(b.open(0)); },
         {CKR_OPERATION_NOT_INITIALIZED}},
        {"find_init_twice",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.f->C_FindObjectsInit(session, nullptr, 0);
             return b.f->C_FindObjectsInit(session, nullptr, 0);
         },
         {CKR_OPERATION_ACTIVE}},
        {"find_init_null_template",
         [](const Bench& b) { return b.f->C_FindObjectsInit(b.open(0), nullptr, 3); },
         {CKR_ARGUMENTS_BAD}},
        {"attribute_of_unknown_object",
         [](const Bench& b) {
             CK_ATTRIBUTE item{CKA_CLASS, nullptr, 0};
             return b.f->C_GetAttributeValue(b.open(0), 987654, &item, 1);
         },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"destroy_unknown_object",
         [](const Bench& b) { return b.f->C_DestroyObject(b.open(0), 987654); },
         {CKR_OBJECT_HANDLE_INVALID}},
        {"digest_unknown_mechanism",
         [](const Bench& b) { return b.digest_init(b.open(0), CKM_RSA_PKCS); },
         {CKR_MECHANISM_INVALID}},
        {"digest_init_twice",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.digest_init(session);
             return b.digest_init(session);
         },
         {CKR_OPERATION_ACTIVE}},
        {"digest_update_without_init",
         [](const Bench& b) {
             CK_BYTE data[1] = {0};
             return b.f->C_DigestUpdate(b.open(0), data, 1);
         },
         {CKR_OPERATION_NOT_INITIALIZED}},
        {"digest_short_buffer_keeps_operation",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.digest_init(session);
             CK_BYTE data[1] = {0};
             CK_BYTE out[32];
             CK_ULONG length = 31;
             EXPECT_EQ(b.f->C_Digest(session, data, 1, out, &length), CKR_BUFFER_TOO_SMALL);
             EXPECT_EQ(length, 32U);
             return b.f->C_Digest(session, data, 1, out, &length);
         },
         {CKR_OK}},
        {"digest_after_update",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.digest_init(session);
             CK_BYTE data[32] = {0};
             CK_ULONG length = 32;
             b.f->C_DigestUpdate(session, data, 1);
             return b.f->C_Digest(session, data, 1, data, &length);
         },
         {CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED},
         {CKR_OK}},
        {"sign_without_init",
         [](const Bench& b) {
             CK_BYTE data[64] = {0};
             CK_ULONG length = 64;
             return b.f->C_Sign(b.open(0), data, 1, data, &length);
         },
         {CKR_OPERATION_NOT_INITIALIZED}},
        {"sign_init_unknown_key",
         [](const Bench& b) {
             CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
             return b.f->C_SignInit(b.open(0), &mechanism, 987654);
         },
         {CKR_KEY_HANDLE_INVALID},
         {CKR_OBJECT_HANDLE_INVALID}},
        {"encrypt_init_unknown_key",
         [](const Bench& b) {
             CK_BYTE iv[16] = {0};
             CK_MECHANISM mechanism{CKM_AES_CBC, iv, sizeof iv};
             return b.f->C_EncryptInit(b.open(0), &mechanism, 987654);
         },
         {CKR_KEY_HANDLE_INVALID},
         {CKR_OBJECT_HANDLE_INVALID}},
        {"generate_pair_read_only",
         [](const Bench& b) {
             const auto session = b.open(0);
             b.login(session);
             CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
             TemplateOf public_template{flag(CKA_TOKEN, true), number(CKA_MODULUS_BITS, 2048)};
             TemplateOf private_template{flag(CKA_TOKEN, true)};
             CK_OBJECT_HANDLE handles[2];
             return b.f->C_GenerateKeyPair(session, &mechanism, public_template.data(),
                                           public_template.size(), private_template.data(),
                                           private_template.size(), &handles[0], &handles[1]);
         },
         {CKR_SESSION_READ_ONLY}},
        {"generate_pair_without_bits",
         [](const Bench& b) {
             const auto session = b.open(CKF_RW_SESSION);
             b.login(session);
             CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
             TemplateOf public_template{flag(CKA_TOKEN, true)};
             TemplateOf private_template{flag(CKA_TOKEN, true)};
             CK_OBJECT_HANDLE handles[2];
             return b.f->C_GenerateKeyPair(session, &mechanism, public_template.data(),
                                           public_template.size(), private_template.data(),
                                           private_template.size(), &handles[0], &handles[1]);
         },
         {CKR_TEMPLATE_INCOMPLETE}},
        {"create_object_without_class",
         [](const Bench& b) {
             TemplateOf object{flag(CKA_TOKEN, false)};
             CK_OBJECT_HANDLE handle = 0;
             return b.f->C_CreateObject(b.open(CKF_RW_SESSION), object.data(), object.size(), &handle);
         },
         {CKR_TEMPLATE_INCOMPLETE}},
        {"random_null",
         [](const Bench& b) { return b.f->C_GenerateRandom(b.open(0), nullptr, 8); },
         {CKR_ARGUMENTS_BAD}},
        {"random_nothing",
         [](const Bench& b) { return b.f->C_GenerateRandom(b.open(0), nullptr, 0); },
         {CKR_OK},
         {CKR_ARGUMENTS_BAD}},
        {"function_status",
         [](const Bench& b) { return b.f->C_GetFunctionStatus(b.open(0)); },
         {CKR_FUNCTION_NOT_PARALLEL}},
        {"cancel_function",
         [](const Bench& b) { return b.f->C_CancelFunction(b.open(0)); },
         {CKR_FUNCTION_NOT_PARALLEL}},
    };
    return *table;
}

class RuleTest : public testing::TestWithParam<Rule> {};

TEST_P(RuleTest, jeton_answers_as_the_standard_says) {
    check_jeton(GetParam());
}

TEST_P(RuleTest, softhsm_agrees_or_deviates_as_known) {
    check_softhsm(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Rules, RuleTest, testing::ValuesIn(rules()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace jeton::test
