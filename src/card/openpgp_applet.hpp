// The OpenPGP card application, versions 2.0 to 3.4. What a card can do stands in its capability bytes, not
// in its version alone.
#pragma once

#include <optional>
#include <string>

#include "card/applet.hpp"
#include "card/openpgp_data.hpp"
#include "card/openpgp_kdf.hpp"

namespace jeton::card {

class OpenPgpApplet final : public Applet {
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
    void unblock(Channel& channel, const PinRule& pin, View secret, View new_value) override;
    Writer writer() const override { return Writer::so_pin; }
    void initialize(Channel& channel, View secret) override;

    std::optional<ObjectEntry> read_object(Channel& channel, const ObjectSlot& slot) override;
    bool wants_certificate(const KeySlot&) const override { return false; }
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

    std::optional<SecretKeyEntry> read_secret_key(Channel& channel, const SecretKeySlot& slot) override;
    std::size_t most_data(const Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                          const AesInput& input) const override;
    SecretBytes compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                            const AesInput& input) override;
    bool makes_secret_keys(std::size_t bits) const override;
    bool takes_secret_keys(std::size_t bits) const override;
    SecretKeyEntry generate_secret_key(Channel& channel, const SecretKeySlot& slot,
                                       std::size_t bits) override;
    void import_secret_key(Channel& channel, const SecretKeySlot& slot, View value) override;
    void erase_secret_key(Channel& channel, const SecretKeySlot& slot) override;

    void write_object(Channel& channel, const ObjectSlot& slot, View content) override;
    void erase_object(Channel& channel, const ObjectSlot& slot) override;

  private:
    // openpgp_applet.cpp
    Response send(Channel& channel, Verb verb, const Apdu& apdu, Milliseconds limit = Channel::default_limit);
    std::optional<SecretBytes> get_data(Channel& channel, std::uint16_t tag);
    void put_data(Channel& channel, Verb verb, std::uint16_t tag, View content);
    const openpgp::ApplicationData& data(Channel& channel);

    // openpgp_pin.cpp
    SecretBytes pin_bytes(Channel& channel, const PinRule& pin, View value, Verb verb);
    const openpgp::Kdf& kdf(Channel& channel);
    void send_pin_command(Channel& channel, Verb verb, const Apdu& apdu, const PinRule& pin);
    void type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, reader::PadUse use);
    void block(Channel& channel, Byte reference);
    void make_as_new(Channel& channel);

    // openpgp_keys.cpp
    std::optional<crypto::PublicKey> public_key(Channel& channel, const KeySlot& slot);
    bool has_key(const openpgp::ApplicationData& data, const openpgp::KeyRow& row) const;

    // openpgp_key_admin.cpp
    Bytes prepare(Channel& channel, const KeySlot& slot, KeyType type, KeyPolicy policy, Verb verb);
    void note_key(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key, View attributes,
                  Verb verb);

    // openpgp_objects.cpp
    bool select_certificate(Channel& channel, const ObjectSlot& slot);

    std::optional<openpgp::ApplicationData> m_data;  ///< as it was read last; none after a change
    std::optional<openpgp::Kdf> m_kdf;
    unsigned m_occurrence = 0;    ///< of the certificate that GET DATA gives
    bool m_counted_list = false;  ///< SELECT DATA wants its list with a length before it
};

}  // namespace jeton::card
