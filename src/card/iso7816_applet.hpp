// A card that its profile alone describes: certificates and data in files or data objects (ISO/IEC 7816-4),
// PINs with their references, and command templates for what its keys compute (ISO/IEC 7816-8). It is used
// as it is: nothing is written, made or erased.
#pragma once

#include "card/applet.hpp"

namespace jeton::card {

class Iso7816Applet final : public Applet {
  public:
    using Applet::Applet;

    bool select(Channel& channel) override;
    std::string read_serial(Channel& channel) override;

    PinStatus pin_status(Channel& channel, const PinRule& pin) override;
    void verify(Channel& channel, const PinRule& pin, View value) override;
    void clear_verification(Channel& channel, const PinRule& pin) override;
    void change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) override;
    void verify_on_pad(Channel& channel, const PinRule& pin) override;
    void change_pin_on_pad(Channel& channel, const PinRule& pin) override;
    void unblock(Channel& channel, const PinRule& pin, View secret, View new_value) override;
    Writer writer() const override { return Writer::user_pin; }
    void initialize(Channel& channel, View secret) override;

    std::optional<ObjectEntry> read_object(Channel& channel, const ObjectSlot& slot) override;
    bool wants_certificate(const KeySlot&) const override { return true; }
    std::optional<KeyEntry> read_key(Channel& channel, const KeySlot& slot,
                                     const crypto::Certificate* certificate) override;

    bool offers(Primitive primitive, KeyType type) const override;
    bool always_authenticates(const KeySlot& slot) const override;
    SecretBytes compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                        Primitive primitive, Verb verb, View input) override;

    crypto::PublicKey generate(Channel& channel, const KeySlot& slot, KeyType type,
                               KeyPolicy policy) override;
    void import_key(Channel& channel, const KeySlot& slot, KeyType type, const crypto::PrivateParts& parts,
                    KeyPolicy policy) override;
    void erase_key(Channel& channel, const KeySlot& slot) override;
    void write_object(Channel& channel, const ObjectSlot& slot, View content) override;
    void erase_object(Channel& channel, const ObjectSlot& slot) override;

  private:
    // iso7816_applet.cpp
    void come_home(Channel& channel, Verb verb);
    void send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body);
    void type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, reader::PadUse use);

    // iso7816_objects.cpp
    std::optional<SecretBytes> read_content(Channel& channel, const ObjectSlot& slot);
    std::optional<SecretBytes> read_data_object(Channel& channel, const ObjectSlot& slot);
    std::optional<SecretBytes> read_file(Channel& channel, const ObjectSlot& slot);
    bool select_file(Channel& channel, const ObjectSlot& slot);

    bool m_away = false;  ///< a file below another directory is selected
};

}  // namespace jeton::card
