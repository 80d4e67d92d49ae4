#include "pkcs11/module_under_test.hpp"

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>

#include "softcard/store.hpp"
#include "util/tlv.hpp"

/// SoftHSMv2, which runs some of the tests too, leaks by itself where it refuses an object. Its leaks are not
/// ours.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT: the name is LeakSanitizer's
    return "leak:libsofthsm2.so\n";
}

namespace jeton::test {

namespace fs = std::filesystem;

LoadedModule LoadedModule::load(const std::string& path) {
    LoadedModule module;
    module.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module.library == nullptr) {
        throw std::runtime_error(dlerror());
    }
    auto get_interface = reinterpret_cast<CK_C_GetInterface>(dlsym(module.library, "C_GetInterface"));
    if (get_interface != nullptr) {
        CK_INTERFACE_PTR interface = nullptr;
        CK_VERSION version{3, 2};
        if (get_interface(nullptr, &version, &interface, 0) == CKR_OK) {
            module.f = static_cast<CK_FUNCTION_LIST_3_2*>(interface->pFunctionList);
            return module;
        }
    }
    auto get_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(module.library, "C_GetFunctionList"));
    CK_FUNCTION_LIST_PTR list = nullptr;
    if (get_list == nullptr || get_list(&list) != CKR_OK) {
        throw std::runtime_error(path + " has no C_GetFunctionList");
    }
    module.f =
        reinterpret_cast<CK_FUNCTION_LIST_3_2*>(list);  // the functions of 2.40 come first in each list
    return module;
}

LoadedModule& jeton() {
    static auto* module = new LoadedModule(LoadedModule::load(JETON_MODULE));
    return *module;
}

std::string usual_exchange() {
    const char* chosen = std::getenv("JETON_TEST_EXCHANGE");
    return chosen == nullptr ? "extended-apdu" : chosen;
}

bool carries_extended_apdus() {
    const std::string exchange = usual_exchange();
    return exchange == "extended-apdu" || exchange.ends_with("-t1");
}

namespace {

softcard::CreateOptions with_applets(const std::vector<std::string>& applets) {
    softcard::CreateOptions options;
    options.applets = applets;
    return options;
}

softcard::CreateOptions with_management_key(View key) {
    softcard::CreateOptions options = with_applets({"piv"});
    options.management_key = to_bytes(key);
    return options;
}

}  // namespace

SoftCards::SoftCards(const std::string& exchange) : SoftCards(with_applets({"piv"}), exchange) {}
SoftCards::SoftCards(View management_key) : SoftCards(with_management_key(management_key)) {}
SoftCards::SoftCards(const std::vector<std::string>& applets) : SoftCards(with_applets(applets)) {}

SoftCards::SoftCards(softcard::CreateOptions options, const std::string& exchange) {
    options.name = "test";
    options.pin_iterations = 10;  // for speed
    softcard::create(directory(), options);
    write_config(R"({"readers": {"access": "none"}, "softCards": {"exchange": ")" + exchange + R"("}})");
    setenv("JETON_STATE_DIR", directory().c_str(), 1);
    setenv("JETON_CONFIG", config_file().c_str(), 1);
    setenv("JETON_LOG", ("apdu:" + apdu_log().string()).c_str(), 1);
}

SoftCards::~SoftCards() {
    for (const char* name : {"JETON_STATE_DIR", "JETON_CONFIG", "JETON_LOG"}) {
        unsetenv(name);
    }
}

fs::path SoftCards::card_file() const {
    return softcard::card_file(directory(), "test");
}

void SoftCards::write_config(const std::string& text) const {
    std::ofstream(config_file()) << text;
}

std::vector<std::string> SoftCards::commands() {
    std::ifstream log(apdu_log());
    std::vector<std::string> all;
    for (std::string line; std::getline(log, line);) {
        if (line.find(" apdu: ") != std::string::npos && line.find(" > ") != std::string::npos) {
            all.push_back(line.substr(line.find(" > ") + 3));
        }
    }
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(m_counted));
    m_counted += all.size();
    return all;
}

Value number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    const auto* raw = reinterpret_cast<const Byte*>(&value);
    return {type, Bytes(raw, raw + sizeof value)};
}

Value flag(CK_ATTRIBUTE_TYPE type, bool value) {
    return {type, {static_cast<Byte>(value ? 1 : 0)}};
}
Value text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
    return {type, to_bytes(view_of(value))};
}
Value bytes(CK_ATTRIBUTE_TYPE type, View value) {
    return {type, to_bytes(value)};
}

std::vector<Value> operator+(std::vector<Value> left, const std::vector<Value>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

TemplateOf::TemplateOf(std::vector<Value> values) : m_values(std::move(values)) {
    for (Value& value : m_values) {
        m_items.push_back({value.type, value.bytes.data(), value.bytes.size()});
    }
}

Client::Client(CK_FLAGS flags) : m_functions(jeton().f) {
    EXPECT_EQ(m_functions->C_Initialize(nullptr), CKR_OK);
    CK_ULONG count = 0;
    EXPECT_EQ(m_functions->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
    std::vector<CK_SLOT_ID> slots(count);
    EXPECT_EQ(m_functions->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
    EXPECT_EQ(count, 1U);
    m_slot = slots.empty() ? ~0UL : slots.front();
    EXPECT_EQ(m_functions->C_OpenSession(m_slot, CKF_SERIAL_SESSION | flags, nullptr, nullptr, &m_session),
              CKR_OK);
}

Client::~Client() {
    m_functions->C_Finalize(nullptr);
}

CK_RV Client::login(std::string_view pin, CK_USER_TYPE user) const {
    std::string copy(pin);
    return m_functions->C_Login(m_session, user, reinterpret_cast<CK_UTF8CHAR_PTR>(copy.data()), copy.size());
}

std::vector<CK_OBJECT_HANDLE> Client::find(std::initializer_list<Value> wanted) const {
    TemplateOf items(wanted);
    std::vector<CK_OBJECT_HANDLE> found(200);
    CK_ULONG count = 0;
    EXPECT_EQ(m_functions->C_FindObjectsInit(m_session, items.data(), items.size()), CKR_OK);
    EXPECT_EQ(m_functions->C_FindObjects(m_session, found.data(), found.size(), &count), CKR_OK);
    EXPECT_EQ(m_functions->C_FindObjectsFinal(m_session), CKR_OK);
    found.resize(count);
    return found;
}

CK_OBJECT_HANDLE Client::find_one(std::initializer_list<Value> wanted) const {
    const auto found = find(wanted);
    EXPECT_EQ(found.size(), 1U);
    return found.size() == 1 ? found[0] : CK_INVALID_HANDLE;
}

Bytes Client::attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    CK_ATTRIBUTE item{type, nullptr, 0};
    EXPECT_EQ(m_functions->C_GetAttributeValue(m_session, object, &item, 1), CKR_OK);
    Bytes value(item.ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : item.ulValueLen);
    item.pValue = value.data();
    EXPECT_EQ(m_functions->C_GetAttributeValue(m_session, object, &item, 1), CKR_OK);
    return value;
}

Client::Pair Client::generate_rsa(Byte id, CK_ULONG bits) const {
    Pair pair{};
    EXPECT_EQ(generate(CKM_RSA_PKCS_KEY_PAIR_GEN, {flag(CKA_TOKEN, true), number(CKA_MODULUS_BITS, bits)},
                       {flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true), bytes(CKA_ID, View(&id, 1))}, pair),
              CKR_OK);
    return pair;
}

Client::Pair Client::generate_ec(Byte id, View params, CK_MECHANISM_TYPE mechanism) const {
    Pair pair{};
    EXPECT_EQ(generate(mechanism, {flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, params)},
                       {flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true), bytes(CKA_ID, View(&id, 1))}, pair),
              CKR_OK);
    return pair;
}

CK_RV Client::generate(CK_MECHANISM_TYPE mechanism, const std::vector<Value>& public_values,
                       const std::vector<Value>& private_values, Pair& handles) const {
    TemplateOf public_template(public_values);
    TemplateOf private_template(private_values);
    CK_MECHANISM native{mechanism, nullptr, 0};
    return m_functions->C_GenerateKeyPair(m_session, &native, public_template.data(), public_template.size(),
                                          private_template.data(), private_template.size(),
                                          &handles.public_key, &handles.private_key);
}

CK_RV Client::create(const std::vector<Value>& values, CK_OBJECT_HANDLE& handle) const {
    TemplateOf items(values);
    return m_functions->C_CreateObject(m_session, items.data(), items.size(), &handle);
}

CK_RV Client::set(CK_OBJECT_HANDLE object, const std::vector<Value>& values) const {
    TemplateOf items(values);
    return m_functions->C_SetAttributeValue(m_session, object, items.data(), items.size());
}

CK_RV Client::copy(CK_OBJECT_HANDLE object, const std::vector<Value>& values,
                   CK_OBJECT_HANDLE& handle) const {
    TemplateOf items(values);
    return m_functions->C_CopyObject(m_session, object, items.data(), items.size(), &handle);
}

CK_RV Client::destroy(CK_OBJECT_HANDLE object) const {
    return m_functions->C_DestroyObject(m_session, object);
}

CK_RV Client::derive(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, const std::vector<Value>& values,
                     CK_OBJECT_HANDLE& handle) const {
    TemplateOf items(values);
    return m_functions->C_DeriveKey(m_session, &mechanism, key, items.data(), items.size(), &handle);
}

CK_OBJECT_HANDLE Client::aes_key(View value) const {
    TemplateOf key{number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES), bytes(CKA_VALUE, value),
                   flag(CKA_ENCRYPT, true), flag(CKA_DECRYPT, true)};
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    EXPECT_EQ(m_functions->C_CreateObject(m_session, key.data(), key.size(), &handle), CKR_OK);
    return handle;
}

namespace {

Byte* pointer_to(View data) {
    return const_cast<Byte*>(data.data());
}

/// Asks for the length, then for the output.
template <typename Call>
CK_RV two_calls(Call call, Bytes& out) {
    CK_ULONG length = 0;
    CK_RV rv = call(nullptr, &length);
    if (rv == CKR_OK) {
        out.assign(length + 1, 0);  // never empty: a null pointer asks for the length
        rv = call(out.data(), &length);
        out.resize(rv == CKR_OK ? length : 0);
    }
    return rv;
}

}  // namespace

CK_RV Client::sign(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& signature) const {
    const CK_RV rv = m_functions->C_SignInit(m_session, &mechanism, key);
    return rv != CKR_OK
               ? rv
               : two_calls(
                     [&](Byte* out, CK_ULONG* length) {
                         return m_functions->C_Sign(m_session, pointer_to(data), data.size(), out, length);
                     },
                     signature);
}

CK_RV Client::verify(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, View signature) const {
    const CK_RV rv = m_functions->C_VerifyInit(m_session, &mechanism, key);
    return rv != CKR_OK ? rv
                        : m_functions->C_Verify(m_session, pointer_to(data), data.size(),
                                                pointer_to(signature), signature.size());
}

CK_RV Client::encrypt(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& out) const {
    const CK_RV rv = m_functions->C_EncryptInit(m_session, &mechanism, key);
    return rv != CKR_OK ? rv
                        : two_calls(
                              [&](Byte* buffer, CK_ULONG* length) {
                                  return m_functions->C_Encrypt(m_session, pointer_to(data), data.size(),
                                                                buffer, length);
                              },
                              out);
}

CK_RV Client::decrypt(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& out) const {
    const CK_RV rv = m_functions->C_DecryptInit(m_session, &mechanism, key);
    return rv != CKR_OK ? rv
                        : two_calls(
                              [&](Byte* buffer, CK_ULONG* length) {
                                  return m_functions->C_Decrypt(m_session, pointer_to(data), data.size(),
                                                                buffer, length);
                              },
                              out);
}

Bytes p256_params() {
    return *from_hex("06082A8648CE3D030107");
}
Bytes p384_params() {
    return *from_hex("06052B81040022");
}

Bytes ed25519_params() {
    return *from_hex("130C656477617264733235353139");
}
Bytes x25519_params() {
    return *from_hex("130A63757276653235353139");
}

Bytes self_signed(View subject_public_key_info, const std::string& common_name, std::size_t padding) {
    constexpr std::uint32_t sequence = 0x30, set = 0x31, integer = 0x02, bit_string = 0x03,
                            octet_string = 0x04, utf8 = 0x0C, utc_time = 0x17;
    const auto name = [&](TlvWriter& writer) {
        writer.nest(set, [&](TlvWriter& rdn) {
            rdn.nest(sequence, [&](TlvWriter& pair) {
                pair.raw(*from_hex("0603550403")).put(utf8, view_of(common_name));
            });
        });
    };
    const Bytes algorithm = *from_hex("300A06082A8648CE3D040302");
    return TlvWriter()
        .nest(sequence,
              [&](TlvWriter& certificate) {
                  certificate.nest(sequence, [&](TlvWriter& tbs) {
                      tbs.raw(*from_hex("A003020102")).put(integer, *from_hex("0102030405"));
                      tbs.raw(algorithm).nest(sequence, name);
                      tbs.nest(sequence, [&](TlvWriter& validity) {
                          validity.put(utc_time, view_of("240102030405Z"))
                              .put(utc_time, view_of("440102030405Z"));
                      });
                      tbs.nest(sequence, name).raw(subject_public_key_info);
                      tbs.nest(0xA3, [&](TlvWriter& explicit_tag) {
                          explicit_tag.nest(sequence, [&](TlvWriter& extensions) {
                              extensions.nest(sequence, [&](TlvWriter& extension) {
                                  extension.raw(*from_hex("06042A030405"))
                                      .put(octet_string, Bytes(padding + 1, 0x55));
                              });
                          });
                      });
                  });
                  certificate.raw(algorithm).put(bit_string, *from_hex("003006020101020101"));
              })
        .take();
}

}  // namespace jeton::test
