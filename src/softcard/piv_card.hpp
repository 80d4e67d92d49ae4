// The PIV card application (NIST SP 800-73-4 part 2).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "softcard/application.hpp"
#include "softcard/card_memory.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/response.hpp"

namespace jeton::softcard {

/// PivCard carries out PIV commands on a CardMemory. What it knows beside that is lost with power: selection,
/// verified PINs, opened keys, authentication of the administrator.
class PivCard final : public Application {
  public:
    /// |memory| must live longer.
    PivCard(CardMemory& memory, const CardOptions& options) : m_memory(memory), m_options(options) {}

    bool present() const override { return m_memory.state().piv.has_value(); }
    bool is_named(View name) const override { return is_name_of(application_id, name, rid_bytes); }
    Response select(const Command& command) override;
    void reset() override { m_volatile = {}; }

    void begin() override;
    Response execute(const Command& command) override;

  private:
    struct Instruction;
    struct Authentication;
    static const Instruction* find_instruction(Byte ins);
    Response dispatch(const Command& command);

    const PivState& piv() const { return *m_memory.state().piv; }
    void change(const std::function<void(PivState&)>& edit);

    // piv_card.cpp
    void start();
    Response get_response(const Command& command);

    // piv_pins.cpp
    Response verify(const Command& command);
    Response log_out(const Command& command);
    Response pin_status(Byte reference) const;
    Response change_reference_data(const Command& command);
    Response reset_retry_counter(const Command& command);
    Response set_retries(const Command& command);
    SealingKey spend_try(Byte reference, View entered);
    void replace_pin(const SealingKey& key, Byte reference, View block);
    void unlock(Byte reference, SealingKey key);
    bool pin_verified() const { return !m_volatile.verified.empty(); }

    // piv_objects.cpp
    Response get_data(const Command& command);
    Response put_data(const Command& command);

    // piv_keys.cpp
    Response general_authenticate(const Command& command);
    Response use_key(const Command& command, const Authentication& request);
    void require_pin(const Key& key) const;
    void require_touch(TouchPolicy policy);
    OpenKey private_key(Byte reference, const Key& key);

    // piv_key_admin.cpp
    Response generate(const Command& command);
    Response import_key(const Command& command);
    Response move_key(const Command& command);
    Response attest_key(const Command& command);
    void change_keys(const std::function<void(std::map<Byte, Key>&)>& edit);

    // piv_management.cpp
    Response authenticate_administrator(const Authentication& request);
    Response finish_mutual(const Authentication& request);
    Response finish_external(const Authentication& request);
    Response set_management_key(const Command& command);

    // piv_status.cpp
    Response get_metadata(const Command& command);
    Response get_version(const Command& command);
    Response get_serial(const Command& command);
    Response reset_card(const Command& command);

    /// Unlocked is what a right PIN gave: the key that opens the others, and those that it opened. Opening an
    /// RSA key costs more than using it.
    struct Unlocked {
        struct Opened {
            Key key;  ///< as it stood in the memory
            OpenKey opened;
        };
        SealingKey sealing_key;
        std::map<Byte, Opened> opened{};
    };

    /// Volatile is the state that power keeps.
    struct Volatile {
        Bytes sealing_key;                 ///< the public half, as it was at the selection
        std::set<Byte> verified;           ///< references of PINs
        std::optional<Unlocked> unlocked;  ///< there while a PIN is verified
        bool pin_just_verified = false;    ///< by the command that runs, or the last one
        bool pin_is_fresh = false;         ///< by the command directly before the one that runs
        bool administrator = false;
        SecretBytes witness;    ///< of a mutual authentication that began
        SecretBytes challenge;  ///< of an external authentication that began
        std::optional<std::chrono::steady_clock::time_point> touched;
    };

    CardMemory& m_memory;
    CardOptions m_options;
    Volatile m_volatile;
};

/// PivCard::Authentication is the dynamic authentication template 7C of GENERAL AUTHENTICATE.
struct PivCard::Authentication {
    std::optional<View> witness;    ///< 80
    std::optional<View> challenge;  ///< 81
    std::optional<View> response;   ///< 82
    std::optional<View> point;      ///< 85

    /// read takes the data field of a command apart; nullopt when it is malformed or holds anything else.
    static std::optional<Authentication> read(View data);

    /// is tells whether the request holds exactly what the arguments say, an empty or missing 82 aside.
    bool is(bool has_witness, bool has_challenge, bool has_response, bool has_point) const;
};

}  // namespace jeton::softcard
