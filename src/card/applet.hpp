// Applet: the verbs of one card application. It speaks APDUs over a Channel and keeps nothing about logins:
// Card does.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "card/aes_primitive.hpp"
#include "card/channel.hpp"
#include "card/error.hpp"
#include "card/key_type.hpp"
#include "card/layout.hpp"
#include "card/profile.hpp"
#include "crypto/certificate.hpp"
#include "crypto/keys.hpp"

namespace jeton::card {

/// Primitive is what a card really computes with a private key.
enum class Primitive {
    rsa_raw,    ///< block^d mod n; a block as long as the modulus in and out
    rsa_pkcs1,  ///< the card pads (PKCS #1 v1.5): to sign, DigestInfo or data in and a block out; to
                ///< decipher, a block in and the data out
    ecdsa,      ///< hash in, r and s out, each as long as the field
    ecdh,       ///< uncompressed point in, X coordinate out; for Montgomery curves: u in and out
    eddsa,      ///< message in, signature out
};

/// PinPolicy and TouchPolicy say when the card asks for its PIN, or for a touch, before it uses a key;
/// standard is what the card does unasked. The values are those of PIV cards that take policies.
enum class PinPolicy : Byte { standard = 0, never = 1, once = 2, always = 3 };
enum class TouchPolicy : Byte { standard = 0, never = 1, always = 2, cached = 3 };

/// KeyPolicy is given to a key when it comes onto the card.
struct KeyPolicy {
    PinPolicy pin = PinPolicy::standard;
    TouchPolicy touch = TouchPolicy::standard;
};

/// PinStatus is what the card tells about a PIN without spending a try.
struct PinStatus {
    bool known = false;       ///< false: the card does not tell
    unsigned tries_left = 0;  ///< 0: blocked
    bool verified = false;    ///< the card says that the PIN is verified now
    bool initialized = true;
    unsigned most_tries =
        0;  ///< the highest counter that was seen on this card; 0: none. Below it, a try was spent
};

/// KeyEntry is a key pair that is on the card.
struct KeyEntry {
    crypto::PublicKey public_key;
    bool always_authenticate = false;  ///< as the profile and the card's own policy say
    bool generated_on_card = false;    ///< CKA_LOCAL; false when the card does not tell
};

/// ObjectEntry is a certificate or data object that is on the card.
struct ObjectEntry {
    Bytes value;                                     ///< DER certificate, or the content of the data object
    std::optional<crypto::Certificate> certificate;  ///< for a certificate that parses
};

/// Writer is who may bring keys and objects onto a card, and take them off.
enum class Writer {
    management_key,  ///< whoever proves the management key; the user where the card keeps it for the PIN
    so_pin,          ///< whoever knows the PIN of the security officer
    user_pin         ///< the user
};

class Applet {
  public:
    explicit Applet(std::shared_ptr<const Profile> profile) : m_profile(std::move(profile)) {}
    virtual ~Applet() = default;

    const Profile& profile() const { return *m_profile; }

    /// select makes the application current; false when the card does not have it.
    virtual bool select(Channel& channel) = 0;

    /// select_answer is what the card answered to SELECT of its application; note_select_answer keeps it.
    View select_answer() const { return m_select_answer; }
    void note_select_answer(View answer) { m_select_answer = to_bytes(answer); }

    /// read_version is the version of the application or of the card's software, for profiles that tell
    /// versions apart; nullopt when the card does not tell.
    virtual std::optional<Version> read_version(Channel&) { return std::nullopt; }

    /// read_serial tells this card from every other; in the form of CK_TOKEN_INFO.serialNumber before it is
    /// cut.
    virtual std::string read_serial(Channel& channel) = 0;

    /// read_label is what the card calls itself ({tokenInfoLabel} in profiles); empty when it does not.
    virtual std::string read_label(Channel&) { return {}; }

    virtual PinStatus pin_status(Channel& channel, const PinRule& pin) = 0;

    /// verify spends a try when |value| is wrong: Error(verify, 63Cx or 6983).
    virtual void verify(Channel& channel, const PinRule& pin, View value) = 0;
    virtual void clear_verification(Channel& channel, const PinRule& pin) = 0;
    virtual void change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) = 0;

    /// verify_on_pad and change_pin_on_pad have the PINs typed on the reader's pad. Errors as above;
    /// Error(verify or change_pin, 6286) when nobody typed, or cancelled. Error(unsupported) for an applet
    /// that has no such command.
    virtual void verify_on_pad(Channel& channel, const PinRule& pin);
    virtual void change_pin_on_pad(Channel& channel, const PinRule& pin);

    /// unblock sets a new value for |pin| with |secret|: the PUK, or the PIN of the security officer, which
    /// is verified then.
    virtual void unblock(Channel& channel, const PinRule& pin, View secret, View new_value) = 0;

    virtual Writer writer() const = 0;

    /// initialize makes the card as new: keys and certificates are gone, the user's PIN has the value of the
    /// factory, |secret|, which is the management key or the security officer's PIN, is as before. A
    /// management key was proved before; a PIN is verified here, before anything is lost. Error(unsupported),
    /// with nothing changed, when the card cannot.
    virtual void initialize(Channel& channel, View secret) = 0;

    // For cards with a management key; for others Error(unsupported).

    /// authenticate_admin proves knowledge of the management key in both directions.
    virtual void authenticate_admin(Channel& channel, View key);

    /// set_admin_key replaces the management key, also where the card keeps it for whoever knows the PIN.
    /// Needs the old one.
    virtual void set_admin_key(Channel& channel, View key);

    /// stored_admin_key reads a management key that the verified PIN protects; nullopt where there is none.
    virtual std::optional<SecretBytes> stored_admin_key(Channel& channel);

    /// read_object gives nullopt when the object is not on the card, or is not what its container should
    /// hold.
    virtual std::optional<ObjectEntry> read_object(Channel& channel, const ObjectSlot& slot) = 0;

    // For cards whose keys and objects are found on the card; other cards have those of their profile.

    /// discovers tells whether this is such a card.
    virtual bool discovers() const { return false; }

    /// discover puts all keys and objects that are on the card into |draft|.
    virtual void discover(Channel& channel, LayoutDraft& draft);

    /// new_key_slot and new_object_slot put a free slot for a key pair or an object into |draft| and give its
    /// index; nothing is sent. Error(write, 6A84) when the card has no more. Error(unsupported) on a card
    /// that does not discover.
    virtual std::size_t new_key_slot(LayoutDraft& draft, const KeyWish& wish) const;
    virtual std::size_t new_object_slot(LayoutDraft& draft, const ObjectWish& wish) const;

    /// describe_key and describe_object write what the card keeps about the key or object: the id and label
    /// of |slot|. Need what writer() says. They give the slot as it is then: an empty id of a key has become
    /// one that was made from the public key.
    virtual KeySlot describe_key(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key);
    virtual ObjectSlot describe_object(Channel& channel, const ObjectSlot& slot);

    /// wants_certificate tells whether read_key needs the slot's certificate: where the profile says so, and
    /// where the card turned out to tell nothing else about its keys.
    virtual bool wants_certificate(const KeySlot& slot) const = 0;

    /// read_key gives nullopt when the slot is empty. |certificate| is the slot's certificate where there is
    /// one.
    virtual std::optional<KeyEntry> read_key(Channel& channel, const KeySlot& slot,
                                             const crypto::Certificate* certificate) = 0;

    /// retired_object is the object that says how many retired slots are in use, by its index in the profile;
    /// retired_count reads its content.
    virtual std::optional<std::size_t> retired_object() const { return std::nullopt; }
    virtual std::size_t retired_count(View) const { return 0; }

    virtual bool offers(Primitive primitive, KeyType type) const = 0;

    /// always_authenticates is what profile and standard say of a key in |slot| when the card does not tell.
    virtual bool always_authenticates(const KeySlot& slot) const = 0;

    /// compute runs |primitive| with the private key of |slot|; |verb| is sign, decipher or derive, for
    /// errors.
    virtual SecretBytes compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                                Primitive primitive, Verb verb, View input) = 0;

    /// generate makes a key pair in |slot|, replacing what was there. Needs what writer() says.
    virtual crypto::PublicKey generate(Channel& channel, const KeySlot& slot, KeyType type,
                                       KeyPolicy policy) = 0;

    /// import_key puts the private key |parts| into |slot|, replacing what was there. Needs
    /// what writer() says.
    virtual void import_key(Channel& channel, const KeySlot& slot, KeyType type,
                            const crypto::PrivateParts& parts, KeyPolicy policy) = 0;

    /// erase_key empties |slot|; move_key puts its key into the empty slot |to|. Need what writer() says.
    virtual void erase_key(Channel& channel, const KeySlot& slot) = 0;
    virtual void move_key(Channel& channel, const KeySlot& from, const KeySlot& to);

    // For cards with AES keys; on others there are none, and what would change them is Error(unsupported).

    /// read_secret_key gives nullopt when the slot is empty.
    virtual std::optional<SecretKeyEntry> read_secret_key(Channel& channel, const SecretKeySlot& slot);

    /// most_data is how many bytes of data one command for |primitive| takes beside the other parts of
    /// |input|, whose data does not count; 0: the card does not compute it. This one is for the command
    /// templates of the profile.
    virtual std::size_t most_data(const Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                  const AesInput& input) const;

    /// compute_aes runs |primitive| with the key of |slot|; |input| has as much data as most_data() says, or
    /// less. The answer has the length that the primitive gives. This one runs command templates.
    /// Verb::encrypt, Verb::decipher or Verb::decrypt_aead, for errors.
    virtual SecretBytes compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                    const AesInput& input);

    /// makes_secret_keys and takes_secret_keys tell whether generate_secret_key() and import_secret_key()
    /// work with keys of |bits|.
    virtual bool makes_secret_keys(std::size_t bits) const;
    virtual bool takes_secret_keys(std::size_t bits) const;

    /// new_secret_key_slot and describe_secret_key are as for key pairs. The id and label of |slot| are what
    /// the card is to keep, |entry| is what is in it.
    virtual std::size_t new_secret_key_slot(LayoutDraft& draft, const SecretKeyWish& wish) const;
    virtual void describe_secret_key(Channel& channel, const SecretKeySlot& slot,
                                     const SecretKeyEntry& entry);

    // Need what writer() says.
    virtual SecretKeyEntry generate_secret_key(Channel& channel, const SecretKeySlot& slot, std::size_t bits);
    virtual void import_secret_key(Channel& channel, const SecretKeySlot& slot, View value);
    virtual void erase_secret_key(Channel& channel, const SecretKeySlot& slot);

    /// write_object replaces the object; |content| is a DER certificate or the data. Needs
    /// what writer() says.
    virtual void write_object(Channel& channel, const ObjectSlot& slot, View content) = 0;
    virtual void erase_object(Channel& channel, const ObjectSlot& slot) = 0;

    /// note_retired makes the card say that at least |count| retired slots are in use. Needs
    /// what writer() says.
    virtual void note_retired(Channel&, std::size_t) {}

  protected:
    /// told_by_verify is what the answer to VERIFY without data tells of |pin|; nullopt for an answer that
    /// means something else on each kind of card.
    static std::optional<PinStatus> told_by_verify(StatusWord answer, const PinRule& pin);

    /// type_on_pad has PINs typed for the command |ins| with the reference |reference|, and gives its status
    /// word, as pad_answer does.
    static StatusWord type_on_pad(Channel& channel, const PinRule& pin, Byte ins, Byte reference,
                                  reader::PadUse use, Verb verb);

    /// require_writable: Error(unsupported) where the profile does not let the object be written, or the card
    /// has no such object for hosts to write.
    void require_writable(const ObjectSlot& slot, Verb verb, bool card_takes_it = true) const;

  private:
    std::shared_ptr<const Profile> m_profile;
    Bytes m_select_answer;
};

/// CommandCode is a command that a template of a profile may send.
struct CommandCode {
    Byte cla;
    Byte ins;
};

/// template_commands are those for |applet|, as profiles write its name: commands that use keys or read.
/// None that verifies or changes a PIN, selects, writes, makes or erases keys.
std::span<const CommandCode> template_commands(std::string_view applet);

/// make_applet makes the applet that |profile| names; nullptr for a kind that this build does not have.
std::unique_ptr<Applet> make_applet(std::shared_ptr<const Profile> profile);

}  // namespace jeton::card
