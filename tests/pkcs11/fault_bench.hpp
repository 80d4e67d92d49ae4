// A software card whose reader breaks by plan, and the module on it: what the tests of faults work with.
#pragma once

#include <chrono>
#include <optional>

#include "pkcs11/fault_cards.hpp"

namespace jeton::test {

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

    const FaultKind& kind() const { return m_templates.kind(); }

    CK_RV open();
    CK_RV login(std::string_view pin, CK_USER_TYPE user = CKU_USER) const;
    CK_RV find(std::initializer_list<Value> wanted, std::vector<CK_OBJECT_HANDLE>& found) const;
    CK_RV find_one(CK_OBJECT_CLASS object_class, Byte id, CK_OBJECT_HANDLE& found) const;
    CK_RV sign(CK_OBJECT_HANDLE key) const;

    /// sign_and_verify enters the PIN once more where the key wants it.
    CK_RV sign_and_verify(Byte id) const;
    CK_RV sign_with_pin(CK_OBJECT_HANDLE key, Bytes& signature) const;
    CK_RV decrypt() const;
    CK_RV generate(Byte id) const;
    CK_RV import_key(Byte id) const;
    CK_RV derive(CK_OBJECT_HANDLE with) const;
    CK_RV write_certificate(Byte id) const;
    CK_RV write_data() const;
    CK_RV find_data(std::vector<CK_OBJECT_HANDLE>& found) const;
    CK_RV read_value(CK_OBJECT_HANDLE object, Bytes& value) const;
    CK_RV set_pin(std::string_view old_pin, std::string_view new_pin) const;
    CK_RV init_pin(std::string_view new_pin) const;
    CK_RV init_token(std::string_view secret) const;

    /// prepare_user opens a session, logs the user in and finds the signer; prepare_decryption also encrypts
    /// to the decrypter; prepare_maker has whoever makes keys logged in, and the signer found where that is
    /// the user.
    void prepare_user();
    void prepare_decryption();
    void prepare_maker();

    /// prepare_certificate makes the one that is written: of the key |id|, where there is one.
    void prepare_certificate(Byte id);

    /// change_to_maker and change_to_user log another one in.
    void change_to_maker() const;
    void change_to_user() const;

    /// let_another_process_use_the_card, so that the next use of it here finds it reset.
    void let_another_process_use_the_card() const;

    std::filesystem::path card() const { return m_scratch / "test.softcard"; }
    std::filesystem::path other_card() const { return m_scratch / "away" / "other.softcard"; }

    /// certificate and data are what write_certificate and write_data write.
    const Bytes& certificate() const { return m_certificate; }
    static Bytes data() { return Bytes(300, 0x5A); }

    // What the operations leave for their checks.
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;     ///< the signer, of this session
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
    Bytes m_certificate;
    std::size_t m_log_begin = 0;
};

}  // namespace jeton::test
