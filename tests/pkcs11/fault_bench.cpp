#include "pkcs11/fault_bench.hpp"

#include <cstdlib>
#include <fmt/core.h>
#include <fstream>
#include <map>
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

/// fill makes the keys and the certificate of a template.
void fill(const Client& client) {
    client.generate_ec(2, p256_params());
    client.generate_rsa(3);
    const auto pair = client.generate_ec(1, p256_params());
    const Bytes certificate = self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Key 1");
    const Byte id = 1;
    TemplateOf object{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_ID, View(&id, 1)),
                      bytes(CKA_VALUE, certificate)};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    EXPECT_EQ(client->C_CreateObject(client.session(), object.data(), object.size(), &handle), CKR_OK);
}

/// other_process_limit bounds what the other process waits for.
constexpr Milliseconds other_process_limit{5000};

}  // namespace

void require_that(bool condition, const std::string& what) {
    if (!condition) {
        throw std::runtime_error(what);
    }
}

void require_ok(CK_RV rv, const std::string& what) {
    require_that(rv == CKR_OK, fmt::format("{}: CKR {:#x}", what, rv));
}

CardTemplates::CardTemplates() {
    softcard::CreateOptions other{.name = "other",
                                  .applets = {"piv"},
                                  .pin = other_pin,
                                  .puk = other_puk,
                                  .management_key = {},
                                  .pin_iterations = 10};
    softcard::create(m_scratch / "away", other);
    softcard::CreateOptions managed{.name = "managed",
                                    .applets = {"piv"},
                                    .management_key = *from_hex(management_key),
                                    .pin_iterations = 10};
    softcard::create(m_scratch / "away", managed);
    softcard::create(m_scratch / "away",
                     {.name = "card", .applets = {"piv"}, .management_key = {}, .pin_iterations = 10});
    for (const char* name : {"card", "managed"}) {
        const fs::path here = m_scratch / (std::string(name) + ".softcard");
        fs::rename(file(name), here);
        setenv("JETON_STATE_DIR", m_scratch.path().c_str(), 1);
        std::ofstream(m_scratch / "none") << R"({"readers": {"access": "none"}})";
        setenv("JETON_CONFIG", (m_scratch / "none").c_str(), 1);
        {
            const Client client;
            const bool stored = std::string_view(name) == "card";
            EXPECT_EQ(stored ? client.login() : client.login(management_key, CKU_SO), CKR_OK);
            fill(client);
        }
        fs::rename(here, file(name));
    }
}

fs::path CardTemplates::file(const std::string& name) const {
    return m_scratch / "away" / (name + ".softcard");
}

namespace {

Counters ask_counters(const fs::path& card) {
    const auto contacts = softcard::insert(card);
    contacts->power_on();
    const auto send = [&](const char* command) { return contacts->transmit(from_hex(command).value()); };
    Counters counters;
    if (to_hex(View(send("00A4040005A000000308")).last(2)) != "9000") {
        return counters;
    }
    const auto pin = send("00200080");
    if (pin.size() == 2 && pin[0] == 0x63) {
        counters.pin = pin[1] & 0x0F;
    } else if (to_hex(pin) == "6983") {
        counters.pin = 0;
    }
    const auto puk = send("00F7008100");  // ends with 06 02 most left, and the status word
    if (puk.size() > 6 && puk[puk.size() - 6] == 0x06) {
        counters.puk = puk[puk.size() - 3];
    }
    return counters;
}

}  // namespace

Counters read_counters(const fs::path& card) {
    static std::map<SecretBytes, Counters> known;  // by the whole content: most files are looked at often
    const auto content = read_file(card, 1 << 20);
    if (!content) {
        return {};
    }
    if (const auto found = known.find(*content); found != known.end()) {
        return found->second;
    }
    const ScratchDirectory scratch;  // the card may change at any moment, its copy does not
    replace_file(scratch / "copy.softcard", *content, 0600);
    return known[*content] = ask_counters(scratch / "copy.softcard");
}

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
    fs::copy_file(m_templates.file(card_name), card(), fs::copy_options::overwrite_existing);
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

CK_RV Bench::sign_and_verify(Byte id) const {
    CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_RV rv = find_one(CKO_PRIVATE_KEY, id, private_key);
    if (rv == CKR_OK) {
        rv = find_one(CKO_PUBLIC_KEY, id, public_key);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    CK_MECHANISM mechanism{CKM_ECDSA_SHA256, nullptr, 0};
    Bytes data{1, 2, 3};
    Bytes signature(64);
    CK_ULONG length = signature.size();
    rv = m_functions->C_SignInit(m_session, &mechanism, private_key);
    if (rv == CKR_OK) {
        rv = m_functions->C_Sign(m_session, data.data(), data.size(), signature.data(), &length);
    }
    if (rv == CKR_OK) {
        rv = m_functions->C_VerifyInit(m_session, &mechanism, public_key);
    }
    return rv != CKR_OK
               ? rv
               : m_functions->C_Verify(m_session, data.data(), data.size(), signature.data(), length);
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

Bytes Bench::certificate() const {
    const Bytes p256_key =
        *from_hex(std::string("3059301306072A8648CE3D020106082A8648CE3D030107034200") + p256_generator);
    return self_signed(p256_key, "Written", 300);
}

CK_RV Bench::write_certificate(Byte id) const {
    TemplateOf item{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true), bytes(CKA_ID, View(&id, 1)),
                    bytes(CKA_VALUE, certificate())};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    return m_functions->C_CreateObject(m_session, item.data(), item.size(), &handle);
}

CK_RV Bench::read_certificate(CK_OBJECT_HANDLE which, Bytes& value) const {
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

void Bench::prepare_user() {
    require_ok(open(), "open");
    require_ok(login(pin), "login");
    require_ok(find_one(CKO_PRIVATE_KEY, 1, key), "find");
}

void Bench::prepare_decryption() {
    prepare_user();
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    require_ok(find_one(CKO_PUBLIC_KEY, 3, public_key), "find the public key");
    require_ok(find_one(CKO_PRIVATE_KEY, 3, object), "find the private key");
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
