// The OpenPGP card application (OpenPGP card 3.4.1).
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "softcard/application.hpp"
#include "softcard/card_memory.hpp"
#include "softcard/openpgp_facts.hpp"

namespace jeton::softcard::openpgp {

/// Card carries out OpenPGP commands on a CardMemory. What it knows beside that is lost with power: verified
/// passwords, opened keys, which key and certificate a command means.
class Card final : public Application {
  public:
    /// |memory| must live longer.
    Card(CardMemory& memory, const CardOptions& options) : m_memory(memory), m_options(options) {}

    bool present() const override { return m_memory.state().openpgp.has_value(); }
    bool is_named(View name) const override;
    Response select(const Command& command) override;
    void reset() override { m_volatile = {}; }

    void begin() override;
    Response execute(const Command& command) override;

  private:
    struct Instruction;
    static const Instruction* find_instruction(Byte ins);
    Response dispatch(const Command& command);

    const State& state() const { return *m_memory.state().openpgp; }
    void change(const std::function<void(State&)>& edit);

    // openpgp_card.cpp
    void start();
    void require_access(Access access) const;
    Response select_file(const Command& command);
    Response get_response(const Command& command);
    Response get_challenge(const Command& command);
    Response terminate(const Command& command);
    Response activate(const Command& command);

    // openpgp_passwords.cpp
    Response verify(const Command& command);
    Response change_reference_data(const Command& command);
    Response reset_retry_counter(const Command& command);
    Response password_state(Byte reference) const;
    SealingKey spend_try(Byte kept, View entered);
    void restore_tries(Byte kept);
    void set_password(const SealingKey& key, Byte kept, View value);
    void set_resetting_code(View value);
    void set_kdf(View content);
    void log_out(Byte kept);
    const SealingKey& sealing_key() const;

    // openpgp_objects.cpp
    Response get_data(const Command& command);
    Response get_next_data(const Command& command);
    Response select_data(const Command& command);
    SecretBytes content(std::uint32_t tag) const;
    SecretBytes value_of(std::uint32_t tag) const;
    Bytes password_status() const;
    Bytes key_information() const;

    // openpgp_put_data.cpp
    Response put_data(const Command& command);
    void put_object(std::uint32_t tag, View content);
    void put_attributes(std::size_t place, View content);

    // openpgp_keys.cpp
    Response security_operation(const Command& command);
    Response sign(const Command& command);
    Response decipher(const Command& command);
    Response encipher(const Command& command);
    Response internal_authenticate(const Command& command);
    Response manage_environment(const Command& command);
    Response crypt_aes(View data, bool encrypts);
    Response sign_with(std::size_t place, View data);
    const Key& key_at(std::size_t place) const;
    void require_touch(std::size_t place) const;
    std::shared_ptr<const crypto::PrivateKey> opened(std::size_t place);

    // openpgp_key_admin.cpp
    Response generate(const Command& command);
    Response import_key(const Command& command);
    void set_key(std::size_t place, const Key& key);

    /// Unlocked is what a right password gave: the key that opens the others, and those that it opened.
    struct Unlocked {
        struct Opened {
            Key key;  ///< as it stood in the memory
            std::shared_ptr<const crypto::PrivateKey> opened;
        };
        SealingKey sealing_key;
        std::map<std::size_t, Opened> opened{};
    };

    /// Volatile is the state that power keeps.
    struct Volatile {
        Bytes sealing_key;                 ///< the public half, as it was at the selection
        std::set<Byte> verified;           ///< 81, 82, 83
        std::optional<Unlocked> unlocked;  ///< there while a password is verified
        std::size_t decipher_with = decryption_key;
        std::size_t authenticate_with = authentication_key;
        std::size_t certificate = 0;
    };

    CardMemory& m_memory;
    CardOptions m_options;
    Volatile m_volatile;
};

}  // namespace jeton::softcard::openpgp
