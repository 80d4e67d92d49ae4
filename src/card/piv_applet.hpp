// The PIV card application (NIST SP 800-73-4 part 2), with the metadata command and the serial number command
// that some cards have beyond the standard; a card that lacks them answers so once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "card/applet.hpp"

namespace jeton::card {

class PivApplet final : public Applet {
  public:
    using Applet::Applet;

    bool select(Channel& channel) override;
    std::optional<Version> read_version(Channel& channel) override;
    std::string read_serial(Channel& channel) override;

    PinStatus pin_status(Channel& channel, const PinRule& pin) override;
    void verify(Channel& channel, const PinRule& pin, View value) override;
    void clear_verification(Channel& channel, const PinRule& pin) override;
    void change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) override;
    void verify_on_pad(Channel& channel, const PinRule& pin) override;
    void change_pin_on_pad(Channel& channel, const PinRule& pin) override;
    void unblock(Channel& channel, const PinRule& pin, View puk, View new_value) override;

    Writer writer() const override { return Writer::management_key; }
    void authenticate_admin(Channel& channel, View key) override;
    std::optional<SecretBytes> stored_admin_key(Channel& channel) override;
    void set_admin_key(Channel& channel, View key) override;
    void initialize(Channel& channel, View admin_key) override;

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

    crypto::PublicKey generate(Channel& channel, const KeySlot& slot, KeyType type,
                               KeyPolicy policy) override;
    void import_key(Channel& channel, const KeySlot& slot, KeyType type, const crypto::PrivateParts& parts,
                    KeyPolicy policy) override;
    void erase_key(Channel& channel, const KeySlot& slot) override;
    void move_key(Channel& channel, const KeySlot& from, const KeySlot& to) override;
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
    std::optional<ObjectEntry> attestation(Channel& channel, const ObjectSlot& slot);
    Byte algorithm_of(KeyType type, Verb verb) const;
    Byte require_new_key(const KeySlot& slot, KeyType type, bool allowed, Verb verb) const;
    void send_move(Channel& channel, const KeySlot& from, Byte target, Verb verb) const;

    StatusWord pin_answer(StatusWord status) const;
    Byte pin_reference(Channel& channel, const PinRule& pin);
    void send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body);

    void type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, reader::PadUse use);

    std::vector<Byte> admin_candidates(Channel& channel, std::size_t key_bytes);
    Response send_authentication(Channel& channel, Byte algorithm, View body) const;
    void finish_authentication(Channel& channel, Byte id, View key, const Response& first) const;
    bool stores_admin_key(Channel& channel) const;
    void store_admin_key(Channel& channel, View key) const;
    void put_admin_key(Channel& channel, View key);

    void block(const std::function<StatusWord()>& attempt) const;
    void reset_card(Channel& channel);
    void write_identity(Channel& channel) const;

    bool m_metadata_refused = false;
    bool m_attestation_refused = false;
    std::optional<Byte> m_user_pin;         ///< its reference, once the discovery object was read
    std::optional<Byte> m_admin_algorithm;  ///< of the management key, once it was used
};

}  // namespace jeton::card
