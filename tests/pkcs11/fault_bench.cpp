#include "pkcs11/fault_bench.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/emulated_reader.hpp"
#include "reader/reader.hpp"
#include "softcard/store.hpp"
#include "util/files.hpp"

namespace jeton::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* plan_file = "plan";
constexpr const char* log_file = "log";
constexpr const char* p256_generator =
    "04"
    "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";

CK_UTF8CHAR_PTR characters(std::string& text) {
    return reinterpret_cast<CK_UTF8CHAR_PTR>(text.data());
}

/// other_process_limit bounds what the other process waits for.
constexpr Milliseconds other_process_limit{5000};

}  // namespace

Bench::Bench(const CardTemplates& templates) : m_templates(templates), m_functions(jeton().f) {
    fs::create_directory(m_scratch / "away");
    setenv("JETON_STATE_DIR", m_scratch.path().c_str(), 1);
    setenv("JETON_CONFIG", (m_scratch / "jeton.json").c_str(), 1);
    setenv("JETON_LOG", ("apdu:" + (m_scratch / log_file).string()).c_str(), 1);
}

Bench::~Bench() {
    end();
}

void Bench::begin(const std::string& card_name, const std::string& exchange) {
    const char* const name = kind().find_template(card_name).name;
    fs::copy_file(m_templates.file(name), card(), fs::copy_options::overwrite_existing);
    fs::copy_file(m_templates.file("other"), other_card(), fs::copy_options::overwrite_existing);
    fs::remove(m_scratch / "test.lease");
    no_plan();
    std::ofstream(m_scratch / "jeton.json")
        << R"({"readers": {"access": "none"}, "softCards": {"exchange": ")" << exchange
        << R"(", "faultPlan": ")" << (m_scratch / plan_file).string() << R"("}})";
    m_session = CK_INVALID_HANDLE;
    key = CK_INVALID_HANDLE;
    object = CK_INVALID_HANDLE;
    pin = SoftCards::pin;
    pin_in_doubt.reset();
    require_ok(m_functions->C_Initialize(nullptr), "C_Initialize");
    CK_ULONG count = 1;
    require_ok(m_functions->C_GetSlotList(CK_FALSE, &m_slot, &count), "C_GetSlotList");
}

void Bench::end() {
    m_functions->C_Finalize(nullptr);
}

void Bench::plan(const std::string& text) {
    std::error_code ignored;
    m_log_begin = fs::file_size(m_scratch / log_file, ignored);
    std::ofstream(m_scratch / "plan.new") << text;
    fs::rename(m_scratch / "plan.new", m_scratch / plan_file);
}

void Bench::no_plan() {
    fs::remove(m_scratch / plan_file);
}

std::string Bench::log() const {
    std::ifstream file(m_scratch / log_file);
    file.seekg(static_cast<std::streamoff>(m_log_begin));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::optional<Byte> Bench::met() const {
    constexpr std::string_view mark = "\" meets message ";
    const std::string text = log();
    const auto at = text.find(mark);
    const auto type = at == std::string::npos ? std::nullopt : from_hex(text.substr(at + mark.size(), 2));
    return type ? std::optional((*type)[0]) : std::nullopt;
}

CK_RV Bench::open() {
    return m_functions->C_OpenSession(slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                      &m_session);
}

CK_RV Bench::login(std::string_view secret, CK_USER_TYPE user) const {
    std::string copy(secret);
    return m_functions->C_Login(m_session, user, characters(copy), copy.size());
}

CK_RV Bench::find(std::initializer_list<Value> wanted, std::vector<CK_OBJECT_HANDLE>& found) const {
    TemplateOf items(wanted);
    found.assign(100, CK_INVALID_HANDLE);
    CK_ULONG count = 0;
    CK_RV rv = m_functions->C_FindObjectsInit(m_session, items.data(), items.size());
    if (rv == CKR_OK) {
        rv = m_functions->C_FindObjects(m_session, found.data(), found.size(), &count);
        m_functions->C_FindObjectsFinal(m_session);
    }
    found.resize(count);
    return rv;
}

CK_RV Bench::find_one(CK_OBJECT_CLASS object_class, Byte id, CK_OBJECT_HANDLE& found) const {
    std::vector<CK_OBJECT_HANDLE> all;
    const CK_RV rv = find({number(CKA_CLASS, object_class), bytes(CKA_ID, View(&id, 1))}, all);
    found = all.size() == 1 ? all[0] : CK_INVALID_HANDLE;
    return rv;
}

CK_RV Bench::sign(CK_OBJECT_HANDLE with) const {
    CK_MECHANISM mechanism{CKM_ECDSA_SHA256, nullptr, 0};
    Bytes data{1, 2, 3};
    Bytes signature(64);
    CK_ULONG length = signature.size();
    m_functions->C_SignInit(m_session, nullptr, with);  // ends what a fault may have left
    const CK_RV rv = m_functions->C_SignInit(m_session, &mechanism, with);
    return rv != CKR_OK ? rv
                        : m_functions->C_Sign(m_session, data.data(), data.size(), signature.data(), &length);
}

CK_RV Bench::sign_with_pin(CK_OBJECT_HANDLE with, Bytes& signature) const {
    CK_MECHANISM mechanism{CKM_ECDSA_SHA256, nullptr, 0};
    Bytes data{1, 2, 3};
    signature.assign(64, 0);
    CK_ULONG length = signature.size();
    CK_BBOOL each_time = CK_FALSE;
    CK_ATTRIBUTE item{CKA_ALWAYS_AUTHENTICATE, &each_time, sizeof each_time};
    CK_RV rv = m_functions->C_GetAttributeValue(m_session, with, &item, 1);
    if (rv == CKR_OK) {
        rv = m_functions->C_SignInit(m_session, &mechanism, with);
    }
    if (rv == CKR_OK && each_time == CK_TRUE) {
        rv = login(pin, CKU_CONTEXT_SPECIFIC);
    }
    return rv != CKR_OK ? rv
                        : m_functions->C_Sign(m_session, data.data(), data.size(), signature.data(), &length);
}

CK_RV Bench::sign_and_verify(Byte id) const {
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_RV rv = find_one(CKO_PRIVATE_KEY, id, private_key);
    if (rv == CKR_OK) {
        rv = find_one(CKO_PUBLIC_KEY, id, public_key);
    }
    Bytes signature;
    if (rv == CKR_OK) {
        rv = sign_with_pin(private_key, signature);
    }
    CK_MECHANISM mechanism{CKM_ECDSA_SHA256, nullptr, 0};
    Bytes data{1, 2, 3};
    if (rv == CKR_OK) {
        rv = m_functions->C_VerifyInit(m_session, &mechanism, public_key);
    }
    return rv != CKR_OK ? rv
                        : m_functions->C_Verify(m_session, data.data(), data.size(), signature.data(),
                                                signature.size());
}

CK_RV Bench::decrypt() const {
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    Bytes plain(256);
    CK_ULONG length = plain.size();
    Bytes ciphertext = m_ciphertext;
    const CK_RV rv = m_functions->C_DecryptInit(m_session, &mechanism, object);
    return rv != CKR_OK ? rv
                        : m_functions->C_Decrypt(m_session, ciphertext.data(), ciphertext.size(),
                                                 plain.data(), &length);
}

CK_RV Bench::generate(Byte id) const {
    TemplateOf public_template{flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())};
    TemplateOf private_template{flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true), bytes(CKA_ID, View(&id, 1))};
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    return m_functions->C_GenerateKeyPair(m_session, &mechanism, public_template.data(),
                                          public_template.size(), private_template.data(),
                                          private_template.size(), &public_key, &private_key);
}

CK_RV Bench::import_key(Byte id) const {
    TemplateOf item{
        number(CKA_CLASS, CKO_PRIVATE_KEY),  number(CKA_KEY_TYPE, CKK_EC), flag(CKA_TOKEN, true),
        bytes(CKA_EC_PARAMS, p256_params()), bytes(CKA_ID, View(&id, 1)),  bytes(CKA_VALUE, Bytes(32, 0x11))};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return m_functions->C_CreateObject(m_session, item.data(), item.size(), &handle);
}

CK_RV Bench::derive(CK_OBJECT_HANDLE with) const {
    Bytes point = *from_hex(p256_generator);
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), point.data()};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    TemplateOf secret{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return m_functions->C_DeriveKey(m_session, &mechanism, with, secret.data(), secret.size(), &handle);
}

CK_RV Bench::write_certificate(Byte id) const {
    TemplateOf item{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_ID, View(&id, 1)),
                    bytes(CKA_VALUE, m_certificate)};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return m_functions->C_CreateObject(m_session, item.data(), item.size(), &handle);
}

CK_RV Bench::write_data() const {
    TemplateOf item{number(CKA_CLASS, CKO_DATA), flag(CKA_TOKEN, true),
                    flag(CKA_PRIVATE, kind().data_are_private), text(CKA_LABEL, kind().data_label),
                    bytes(CKA_VALUE, data())};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return m_functions->C_CreateObject(m_session, item.data(), item.size(), &handle);
}

CK_RV Bench::find_data(std::vector<CK_OBJECT_HANDLE>& found) const {
    return find({number(CKA_CLASS, CKO_DATA), text(CKA_LABEL, kind().data_label)}, found);
}

CK_RV Bench::read_value(CK_OBJECT_HANDLE which, Bytes& value) const {
    value.assign(4000, 0);
    CK_ATTRIBUTE item{CKA_VALUE, value.data(), value.size()};
    const CK_RV rv = m_functions->C_GetAttributeValue(m_session, which, &item, 1);
    value.resize(rv == CKR_OK ? item.ulValueLen : 0);
    return rv;
}

CK_RV Bench::set_pin(std::string_view old_pin, std::string_view new_pin) const {
    std::string before(old_pin);
    std::string after(new_pin);
    return m_functions->C_SetPIN(m_session, characters(before), before.size(), characters(after),
                                 after.size());
}

CK_RV Bench::init_pin(std::string_view new_pin) const {
    std::string after(new_pin);
    return m_functions->C_InitPIN(m_session, characters(after), after.size());
}

CK_RV Bench::init_token(std::string_view secret) const {
    std::string copy(secret);
    CK_UTF8CHAR label[32];
    std::fill_n(label, sizeof label, ' ');
    return m_functions->C_InitToken(m_slot, characters(copy), copy.size(), label);
}

void Bench::prepare_user() {
    require_ok(open(), "open");
    require_ok(login(pin), "login");
    require_ok(find_one(CKO_PRIVATE_KEY, kind().signer, key), "find");
}

void Bench::prepare_maker() {
    if (kind().maker == CKU_USER) {
        prepare_user();
        return;
    }
    require_ok(open(), "open");
    require_ok(login(kind().maker_secret, kind().maker), "login");
    std::vector<CK_OBJECT_HANDLE> found;
    require_ok(find({}, found), "list");
}

void Bench::change_to_maker() const {
    if (kind().maker != CKU_USER) {
        require_ok(m_functions->C_Logout(m_session), "logout");
        require_ok(login(kind().maker_secret, kind().maker), "login");
    }
}

void Bench::change_to_user() const {
    if (kind().maker != CKU_USER) {
        require_ok(m_functions->C_Logout(m_session), "logout");
        require_ok(login(pin), "login");
    }
}

void Bench::prepare_certificate(Byte id) {
    Bytes key_info =
        *from_hex(std::string("3059301306072A8648CE3D020106082A8648CE3D030107034200") + p256_generator);
    if (kind().certificate_has_key) {
        CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
        require_ok(find_one(CKO_PUBLIC_KEY, id, public_key), "find the public key");
        CK_ATTRIBUTE item{CKA_PUBLIC_KEY_INFO, nullptr, 0};
        require_ok(m_functions->C_GetAttributeValue(m_session, public_key, &item, 1), "its length");
        key_info.assign(item.ulValueLen, 0);
        item.pValue = key_info.data();
        require_ok(m_functions->C_GetAttributeValue(m_session, public_key, &item, 1), "the public key");
    }
    m_certificate = self_signed(key_info, "Written", 300);
}

void Bench::prepare_decryption() {
    prepare_user();
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    require_ok(find_one(CKO_PUBLIC_KEY, kind().decrypter, public_key), "find the public key");
    require_ok(find_one(CKO_PRIVATE_KEY, kind().decrypter, object), "find the private key");
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    Bytes plain{1, 2, 3, 4};
    m_ciphertext.assign(256, 0);
    CK_ULONG length = m_ciphertext.size();
    require_ok(m_functions->C_EncryptInit(m_session, &mechanism, public_key), "C_EncryptInit");
    require_ok(m_functions->C_Encrypt(m_session, plain.data(), plain.size(), m_ciphertext.data(), &length),
               "C_Encrypt");
}

void Bench::let_another_process_use_the_card() const {
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 1;
        try {
            reader::Reader reader(
                {.name = "the same",
                 .key = "k",
                 .lease_file = m_scratch / "test.lease",
                 .open = [file = card()] { return reader::make_emulated_reader(softcard::insert(file)); }});
            reader.slot().acquire(Deadline::after(other_process_limit));
            status = 0;
        } catch (const std::exception&) {
        }
        _exit(status);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0) << "the other process";
}

}  // namespace jeton::test
