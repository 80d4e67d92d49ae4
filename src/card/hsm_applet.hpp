// The application sc-hsm. Keys, certificates and data
// objects are files that the card lists; the low byte of a file's identifier tells which belong together.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "card/applet.hpp"
#include "card/hsm_description.hpp"

namespace jeton::card {

class HsmApplet final : public Applet {
  public:
    using Applet::Applet;

    bool select(Channel& channel) override;
    std::optional<Version> read_version(Channel& channel) override;
    std::string read_serial(Channel& channel) override;
    std::string read_label(Channel& channel) override;

    PinStatus pin_status(Channel& channel, const PinRule& pin) override;
    void verify(Channel& channel, const PinRule& pin, View value) override;
    void clear_verification(Channel& channel, const PinRule& pin) override;
    void change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) override;
    void verify_on_pad(Channel& channel, const PinRule& pin) override;
    void change_pin_on_pad(Channel& channel, const PinRule& pin) override;
    void unblock(Channel& channel, const PinRule& pin, View secret, View new_value) override;
    Writer writer() const override { return Writer::user_pin; }
    void initialize(Channel& channel, View secret) override;

    bool discovers() const override { return true; }
    void discover(Channel& channel, LayoutDraft& draft) override;
    std::size_t new_key_slot(LayoutDraft& draft, const KeyWish& wish) const override;
    std::size_t new_object_slot(LayoutDraft& draft, const ObjectWish& wish) const override;
    KeySlot describe_key(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key) override;
    ObjectSlot describe_object(Channel& channel, const ObjectSlot& slot) override;

    std::optional<ObjectEntry> read_object(Channel& channel, const ObjectSlot& slot) override;
    bool wants_certificate(const KeySlot&) const override { return true; }
    std::optional<KeyEntry> read_key(Channel& channel, const KeySlot& slot,
                                     const crypto::Certificate* certificate) override;

    bool offers(Primitive primitive, KeyType type) const override;
    bool always_authenticates(const KeySlot&) const override { return false; }
    SecretBytes compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                        Primitive primitive, Verb verb, View input) override;

    crypto::PublicKey generate(Channel& channel, const KeySlot& slot, KeyType type,
                               KeyPolicy policy) override;
    void import_key(Channel& channel, const KeySlot& slot, KeyType type, const crypto::PrivateParts& parts,
                    KeyPolicy policy) override;
    void erase_key(Channel& channel, const KeySlot& slot) override;

    std::optional<SecretKeyEntry> read_secret_key(Channel& channel, const SecretKeySlot& slot) override;
    std::size_t most_data(const Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                          const AesInput& input) const override;
    SecretBytes compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                            const AesInput& input) override;
    bool makes_secret_keys(std::size_t bits) const override;
    std::size_t new_secret_key_slot(LayoutDraft& draft, const SecretKeyWish& wish) const override;
    void describe_secret_key(Channel& channel, const SecretKeySlot& slot,
                             const SecretKeyEntry& entry) override;
    SecretKeyEntry generate_secret_key(Channel& channel, const SecretKeySlot& slot,
                                       std::size_t bits) override;
    void erase_secret_key(Channel& channel, const SecretKeySlot& slot) override;

    void write_object(Channel& channel, const ObjectSlot& slot, View content) override;
    void erase_object(Channel& channel, const ObjectSlot& slot) override;

  private:
    using Files = std::set<std::uint16_t>;

    // hsm_files.cpp
    std::optional<SecretBytes> read_file(Channel& channel, std::uint16_t file) const;
    void write_file(Channel& channel, Verb verb, std::uint16_t file, View content) const;
    void erase_file(Channel& channel, std::uint16_t file, bool must_be_there) const;
    Files enumerate(Channel& channel) const;

    // hsm_layout.cpp
    std::optional<SecretBytes> read_description(Channel& channel, std::uint16_t file) const;
    void discover_key(Channel& channel, LayoutDraft& draft, const Files& files, Byte ref);
    void discover_certificate(Channel& channel, LayoutDraft& draft, Byte number) const;
    void discover_data(Channel& channel, LayoutDraft& draft, const Files& files, Byte number) const;
    static Byte free_key(const LayoutDraft& draft);
    std::size_t put_secret_key(LayoutDraft& draft, const hsm::Description& description, Byte ref) const;
    std::size_t put_key(LayoutDraft& draft, const hsm::Description& description, Byte ref) const;
    ObjectSlot object_slot(std::uint16_t file, const hsm::Description& description) const;
    void describe(Channel& channel, const ObjectSlot& slot) const;
    void write_key_description(Channel& channel, const KeySlot& slot, hsm::Description::Kind kind,
                               std::size_t size, bool local) const;
    void announce_key(Channel& channel, const KeySlot& slot, KeyType type) const;

    // hsm_pin.cpp
    void send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) const;
    void type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, reader::PadUse use);

    std::string holder() const { return m_serial + "00001"; }

    std::string m_serial;                             ///< once it was read
    std::map<Byte, crypto::PublicKey> m_public_keys;  ///< from requests, by the reference of the key
    std::set<Byte> m_made_here;                       ///< keys that were generated on the card
};

}  // namespace jeton::card
