// A PKCS#11 module loaded as applications load it, and a session on a fresh token in it.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "pkcs11.h"
#include "pkcs11_jeton.h"

#include "softcard/store.hpp"
#include "util/bytes.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::test {

/// LoadedModule is a shared object and its newest function list. It stays loaded.
struct LoadedModule {
    void* library = nullptr;
    CK_FUNCTION_LIST_3_2* f = nullptr;

    /// load opens |path|; f holds only the functions of 2.40 where the module has no C_GetInterface.
    static LoadedModule load(const std::string& path);
};

/// jeton is this project's module, as it was built.
LoadedModule& jeton();

/// usual_exchange is the reader (a word of /softCards/exchange) that tests use when it does not matter to
/// them: what JETON_TEST_EXCHANGE says, else extended-apdu.
std::string usual_exchange();

/// carries_extended_apdus tells whether that reader does; else long commands are chained.
bool carries_extended_apdus();

/// SoftCards is a state directory of its own with one software card, which the module finds while this object
/// lives.
class SoftCards {
  public:
    explicit SoftCards(const std::string& exchange = usual_exchange());

    /// With a |management_key| that the test knows (16, 24 or 32 bytes of AES).
    explicit SoftCards(View management_key);

    /// With these applications (CreateOptions::applets).
    explicit SoftCards(const std::vector<std::string>& applets);

    /// As |options| say, but for the name, and for the work of PINs, which is little.
    explicit SoftCards(softcard::CreateOptions options, const std::string& exchange = usual_exchange());
    ~SoftCards();

    std::filesystem::path directory() const { return m_scratch.path(); }
    std::filesystem::path card_file() const;
    std::filesystem::path config_file() const { return directory() / "jeton.json"; }
    std::filesystem::path apdu_log() const { return directory() / "apdu.log"; }
    void write_config(const std::string& text) const;

    /// commands gives the APDUs that went to the card since the last call, as the log has them; apdus counts
    /// them.
    std::vector<std::string> commands();
    std::size_t apdus() { return commands().size(); }

    static constexpr const char* pin = "123456";
    static constexpr const char* puk = "12345678";

  private:
    ScratchDirectory m_scratch;
    std::size_t m_counted = 0;
};

/// Attribute values for templates.
struct Value {
    CK_ATTRIBUTE_TYPE type;
    Bytes bytes;
};
Value number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
Value flag(CK_ATTRIBUTE_TYPE type, bool value);
Value text(CK_ATTRIBUTE_TYPE type, std::string_view value);
Value bytes(CK_ATTRIBUTE_TYPE type, View value);

/// Attributes owns a template.
class TemplateOf {
  public:
    TemplateOf(std::initializer_list<Value> values) : TemplateOf(std::vector<Value>(values)) {}
    explicit TemplateOf(std::vector<Value> values);
    CK_ATTRIBUTE* data() { return m_items.data(); }
    CK_ULONG size() const { return m_items.size(); }

  private:
    std::vector<Value> m_values;
    std::vector<CK_ATTRIBUTE> m_items;
};

/// Client is one initialised module with a read-write session on its first token.
class Client {
  public:
    explicit Client(CK_FLAGS flags = CKF_RW_SESSION);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    CK_FUNCTION_LIST_3_2* operator->() const { return m_functions; }
    CK_SLOT_ID slot() const { return m_slot; }
    CK_SESSION_HANDLE session() const { return m_session; }

    CK_RV login(std::string_view pin = SoftCards::pin, CK_USER_TYPE user = CKU_USER) const;
    std::vector<CK_OBJECT_HANDLE> find(std::initializer_list<Value> wanted) const;
    /// the only object that matches; CK_INVALID_HANDLE and a failure otherwise.
    CK_OBJECT_HANDLE find_one(std::initializer_list<Value> wanted) const;
    Bytes attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

    struct Pair {
        CK_OBJECT_HANDLE public_key, private_key;
    };
    Pair generate_rsa(Byte id, CK_ULONG bits = 2048) const;
    Pair generate_ec(Byte id, View params, CK_MECHANISM_TYPE mechanism = CKM_EC_KEY_PAIR_GEN) const;
    CK_OBJECT_HANDLE aes_key(View value) const;

    /// generate and create give what the function says; |handles| stay as they are when it fails.
    CK_RV generate(CK_MECHANISM_TYPE mechanism, const std::vector<Value>& public_values,
                   const std::vector<Value>& private_values, Pair& handles) const;
    CK_RV create(const std::vector<Value>& values, CK_OBJECT_HANDLE& handle) const;
    CK_RV set(CK_OBJECT_HANDLE object, const std::vector<Value>& values) const;
    CK_RV copy(CK_OBJECT_HANDLE object, const std::vector<Value>& values, CK_OBJECT_HANDLE& handle) const;
    CK_RV destroy(CK_OBJECT_HANDLE object) const;
    CK_RV derive(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, const std::vector<Value>& values,
                 CK_OBJECT_HANDLE& handle) const;
    bool is_true(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
        return attribute(object, type) == Bytes{CK_TRUE};
    }

    CK_RV sign(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& signature) const;
    CK_RV verify(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, View signature) const;
    CK_RV encrypt(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& out) const;
    CK_RV decrypt(CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data, Bytes& out) const;

  private:
    CK_FUNCTION_LIST_3_2* m_functions;
    CK_SLOT_ID m_slot = 0;
    CK_SESSION_HANDLE m_session = CK_INVALID_HANDLE;
};

/// DER of CKA_EC_PARAMS.
Bytes p256_params();
Bytes p384_params();
Bytes ed25519_params();
Bytes x25519_params();

/// operator+ puts the values of two templates together.
std::vector<Value> operator+(std::vector<Value> left, const std::vector<Value>& right);

/// self_signed makes a DER certificate of |public_key| (any key may sign it) of about |length| bytes with
/// that subject.
Bytes self_signed(View subject_public_key_info, const std::string& common_name, std::size_t padding = 0);

}  // namespace jeton::test
