// The SC-HSM card application.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "softcard/application.hpp"
#include "softcard/card_memory.hpp"
#include "softcard/hsm_state.hpp"
#include "softcard/response.hpp"

namespace jeton::softcard {

/// HsmCard carries out the commands of the application on the part of a CardMemory that is its own. What it
/// knows beside that is lost with power: selection, verified PINs, opened keys, the current file.
class HsmCard final : public Application {
  public:
    /// |memory| must live longer.
    HsmCard(CardMemory& memory, const CardOptions&) : m_memory(memory) {}

    bool present() const override { return m_memory.state().hsm.has_value(); }
    bool is_named(View name) const override { return equal(name, hsm_application_id); }
    Response select(const Command& command) override;
    void reset() override { m_volatile = {}; }

    bool knows_class(Byte cla) const override { return cla == 0x00 || cla == 0x80; }
    void begin() override;
    Response execute(const Command& command) override;

  private:
    struct Instruction;
    static const Instruction* find_instruction(Byte ins);
    Response dispatch(const Command& command);

    // hsm_card.cpp
    void start();
    Response get_challenge(const Command& command);

    // hsm_pins.cpp
    Response verify(const Command& command);
    Response pin_status(Byte reference) const;
    Response change_reference_data(const Command& command);
    Response reset_retry_counter(const Command& command);
    Response initialize(const Command& command);
    SealingKey spend_try(Byte reference, View entered);
    void restore_tries(Byte reference);
    void replace_pin(const SealingKey& key, Byte reference, View value);
    void unlock(Byte reference, SealingKey key);
    void require_pin() const;

    // hsm_files.cpp
    Response select_by_identifier(const Command& command);
    Response select_file(HsmFile file, bool wants_control_parameters);
    Response read_binary(const Command& command);
    Response update_binary(const Command& command);
    Response delete_file(const Command& command);
    Response enumerate(const Command& command);
    bool has_file(HsmFile file) const;
    HsmFile addressed_file(const Command& command) const;
    SecretBytes content(HsmFile file) const;
    void store(HsmFile file, const SecretBytes& content);

    // hsm_key_admin.cpp
    Response generate_pair(const Command& command);
    Response generate_symmetric(const Command& command);
    void require_free(Byte id) const;
    void require_domain(Byte domain) const;

    // hsm_dkek.cpp
    Response manage_domain(const Command& command);
    Response domain_status(Byte domain) const;
    void create_domain(Byte domain, View data);
    void import_share(Byte domain, View share);
    Response wrap(const Command& command);
    Response unwrap(const Command& command);
    SecretBytes dkek(Byte domain) const;

    // hsm_keys.cpp
    Response sign(const Command& command);
    Response decipher(const Command& command);
    const HsmKey& usable_key(Byte id, Byte algorithm) const;
    HsmSecret open(Byte id, const HsmKey& key);
    void spend_use(Byte id);

    // hsm_symmetric.cpp
    Response symmetric(const Command& command);

    const HsmState& state() const { return *m_memory.state().hsm; }

    /// change carries out |edit| on the application's state, durably before it returns.
    template <std::invocable<HsmState&> Edit>
    void change(Edit&& edit) {
        m_memory.change([&](CardState& card) { edit(*card.hsm); });
    }

    /// Unlocked is what a right PIN gave: the key that opens the others, and those that it opened.
    struct Unlocked {
        struct Opened {
            Bytes box;  ///< as it stood in the memory
            HsmSecret secret;
        };
        SealingKey sealing_key;
        std::map<Byte, Opened> opened{};
    };

    /// Volatile is the state that power keeps.
    struct Volatile {
        Bytes sealing_key;                 ///< the public half, as it was at the selection
        std::set<Byte> verified;           ///< references of PINs
        std::optional<Unlocked> unlocked;  ///< there while a PIN is verified
        std::optional<HsmFile> file;       ///< the current one
        std::optional<SecretBytes> blob;   ///< the file 2F10
    };

    CardMemory& m_memory;
    Volatile m_volatile;
};

}  // namespace jeton::softcard
