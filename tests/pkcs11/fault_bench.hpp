// A software card whose reader breaks by plan, and the module on it: what the tests of faults work with.
#pragma once

#include <chrono>
#include <optional>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

/// require_that and require_ok throw std::runtime_error, which ends the case.
void require_that(bool condition, const std::string& what);
void require_ok(CK_RV rv, const std::string& what);

/// CardTemplates are finished cards that each case begins with a copy of.
///
/// `card`: keys 1 (P-256), 2 (P-256, wants the PIN each time) and 3 (RSA-2048), a certificate for key 1.
/// `managed`: the same, but only the test knows its management key. `other`: an empty card with another PIN.
class CardTemplates {
  public:
    CardTemplates();

    std::filesystem::path file(const std::string& name) const;

    static constexpr const char* management_key = "000102030405060708090A0B0C0D0E0F";
    static constexpr const char* other_pin = "975310";
    static constexpr const char* other_puk = "97531086";

  private:
    ScratchDirectory m_scratch;
};

/// Counters are the tries that a card has left, as the card itself tells.
struct Counters {
    int pin = -1;
    int puk = -1;
    bool operator==(const Counters&) const = default;
};
Counters read_counters(const std::filesystem::path& card);

/// Bench is the state of one case. The functions give the CK_RV of the first call that failed.
class Bench {
  public:
    explicit Bench(const CardTemplates& templates);
    ~Bench();
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    /// begin puts fresh cards in the reader and initialises the module; nothing is recognised yet.
    void begin(const std::string& card, const std::string& exchange);
    void end();

    /// plan sets the faults; no_plan ends them, which is the next insertion where the card had been out.
    void plan(const std::string& text);
    void no_plan();

    /// log is what the module wrote since the last plan. met tells what message the fault met, by its type
    /// (65: a question for the state of the card); nullopt: it was not due yet.
    std::string log() const;
    std::optional<Byte> met() const;

    CK_FUNCTION_LIST_3_2* operator->() const { return m_functions; }
    CK_SLOT_ID slot() const { return m_slot; }
    CK_SESSION_HANDLE session() const { return m_session; }

    CK_RV open();
    CK_RV login(std::string_view pin, CK_USER_TYPE user = CKU_USER) const;
    CK_RV find(std::initializer_list<Value> wanted, std::vector<CK_OBJECT_HANDLE>& found) const;
    CK_RV find_one(CK_OBJECT_CLASS object_class, Byte id, CK_OBJECT_HANDLE& found) const;
    CK_RV sign(CK_OBJECT_HANDLE key) const;
    CK_RV sign_and_verify(Byte id) const;
    CK_RV decrypt() const;
    CK_RV generate(Byte id) const;
    CK_RV import_key(Byte id) const;
    CK_RV derive(CK_OBJECT_HANDLE with) const;
    CK_RV write_certificate(Byte id) const;
    CK_RV read_certificate(CK_OBJECT_HANDLE object, Bytes& value) const;
    CK_RV set_pin(std::string_view old_pin, std::string_view new_pin) const;
    CK_RV init_pin(std::string_view new_pin) const;

    /// prepare_user opens a session, logs the user in and finds key 1; prepare_decryption also encrypts to
    /// key 3.
    void prepare_user();
    void prepare_decryption();

    /// let_another_process_use_the_card, so that the next use of it here finds it reset.
    void let_another_process_use_the_card() const;

    std::filesystem::path card() const { return m_scratch / "test.softcard"; }
    std::filesystem::path other_card() const { return m_scratch / "away" / "other.softcard"; }

    /// certificate is what write_certificate writes.
    Bytes certificate() const;

    // What the operations leave for their checks.
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;     ///< key 1, of this session
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;  ///< what the operation works on
    std::string pin;                              ///< of the card, as far as known
    std::optional<std::string> pin_in_doubt;      ///< or this, after a change that failed

  private:
    const CardTemplates& m_templates;
    ScratchDirectory m_scratch;
    CK_FUNCTION_LIST_3_2* m_functions = nullptr;
    CK_SLOT_ID m_slot = 0;
    CK_SESSION_HANDLE m_session = CK_INVALID_HANDLE;
    Bytes m_ciphertext;
    std::size_t m_log_begin = 0;
};

}  // namespace jeton::test
