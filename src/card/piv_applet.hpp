// The PIV card application (NIST SP 800-73-4 part 2), with the metadata command and the serial number command
// that some cards have beyond the standard; a card that lacks them answers so once.
#pragma once

#include <string>

#include "card/applet.hpp"

namespace jeton::card {

class PivApplet final : public Applet {
  public:
    using Applet::Applet;

    bool select(Channel& channel) override;
    std::string read_serial(Channel& channel) override;

    PinStatus pin_status(Channel& channel, const PinRule& pin) override;
    void verify(Channel& channel, const PinRule& pin, View value) override;
    void clear_verification(Channel& channel, const PinRule& pin) override;
    void change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) override;
    void unblock(Channel& channel, const PinRule& pin, View puk, View new_value) override;

    void authenticate_admin(Channel& channel, View key) override;
    std::optional<SecretBytes> stored_admin_key(Channel& channel) override;

    std::optional<ObjectEntry> read_object(Channel& channel, const ObjectSlot& slot) override;
    bool wants_certificate(const KeySlot& slot) const override;
    std::optional<KeyEntry> read_key(Channel& channel, const KeySlot& slot,
                                     const crypto::Certificate* certificate) override;
    std::optional<std::size_t> retired_object() const override;
    std::size_t retired_count(View content) const override;

    bool offers(Primitive primitive, KeyType type) const override;
    bool always_authenticates(const KeySlot& slot) const override;
    SecretBytes compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                        Primitive primitive, Verb verb, View input) override;

    crypto::PublicKey generate(Channel& channel, const KeySlot& slot, KeyType type) override;
    void write_object(Channel& channel, const ObjectSlot& slot, View content) override;
    void erase_object(Channel& channel, const ObjectSlot& slot) override;
    void note_retired(Channel& channel, std::size_t count) override;

  private:
    /// Metadata is what the card tells about a key reference; each part may be missing.
    struct Metadata {
        std::optional<Byte> algorithm;
        std::optional<Byte> pin_policy;
        std::optional<Byte> origin;
        Bytes public_key;  ///< template with 81 and 82, or 86
    };

    std::optional<SecretBytes> get_data(Channel& channel, View tag) const;
    void put_data(Channel& channel, Verb verb, View tag, View content) const;
    std::optional<Metadata> metadata(Channel& channel, Byte reference);
    std::optional<KeyEntry> key_from_metadata(Channel& channel, const KeySlot& slot);
    std::string chuid_serial(Channel& channel) const;
    Byte admin_algorithm(Channel& channel, std::size_t key_bytes);
    Byte algorithm_of(KeyType type, Verb verb) const;
    StatusWord pin_answer(StatusWord status) const;
    void send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) const;

    bool m_metadata_refused = false;
};

}  // namespace jeton::card
