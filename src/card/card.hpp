// Card: one inserted card with the applet that serves it. It knows who is logged in, keeps the PIN for
// hand-overs as the policy allows, and remembers what was read. Burst: the only way to talk to it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "card/applet.hpp"
#include "card/profile_set.hpp"
#include "card/token_choice.hpp"
#include "reader/card_link.hpp"

namespace jeton::card {

class Burst;

class Card {
  public:
    /// recognise powers the card, finds its profile and selects the applet (SELECT and the serial number: two
    /// APDUs when the first profile fits). nullptr when no profile knows it. Throws reader::Error.
    static std::unique_ptr<Card> recognise(reader::CardLink& link, const ProfileSet& profiles);

    /// Found is what is on one inserted card. |settled|: all of it is to be offered.
    struct Found {
        std::vector<std::unique_ptr<Card>> cards;
        bool settled = false;
    };

    /// recognise_all gives a Card for each application of the card in |link| that |choice| asks for, with
    /// nothing read but what recognises it; |patience| is the wait for the Lease. Throws as recognise().
    static Found recognise_all(reader::CardLink& link, const ProfileSet& profiles, const TokenChoice& choice,
                               Milliseconds patience);

    /// again recognises the same application on the same card, after alive() ended without the card's going;
    /// nullptr when it is not there. Throws reader::Error.
    std::unique_ptr<Card> again(const ProfileSet& profiles) const;

    ~Card();
    Card(const Card&) = delete;  // bursts point to it
    Card& operator=(const Card&) = delete;

    const Profile& profile() const;
    const Applet& applet() const;
    const std::string& serial() const;

    /// begin takes the Lease and brings the card into the state that this process left it in: after a reset
    /// by somebody else that is SELECT, the serial number compared, and the PIN verified again if the policy
    /// allows. Throws reader::Error; Error(swapped) when it is another card, after which alive() is false.
    Burst begin();

    /// alive is false once the card was pulled or swapped: this object will not work again.
    bool alive() const;

    /// stale tells, without the card, that another process changed it and the next burst will drop what is
    /// remembered.
    bool stale() const;

    /// version changes whenever what is remembered was dropped, because this or another process wrote to the
    /// card.
    std::uint64_t version() const;

    /// layout is the slots that known_key() and the rest count, as far as is known now; discovered tells
    /// whether it is all that is on the card. Nothing is sent.
    std::shared_ptr<const Layout> layout() const;
    bool discovered() const;

    /// What is remembered; nullopt: not read yet. An empty pointer: known to be absent.
    std::optional<std::shared_ptr<const KeyEntry>> known_key(std::size_t index) const;
    std::optional<std::shared_ptr<const ObjectEntry>> known_object(std::size_t index) const;
    std::optional<std::shared_ptr<const SecretKeyEntry>> known_secret_key(std::size_t index) const;
    std::optional<std::string> known_label() const;
    std::optional<PinStatus> known_pin_status(PinRole role) const;

    /// last_label is the label that was known last, whatever became of it; empty: none was.
    std::string last_label() const;

    /// login tells who is logged in; nullopt: nobody.
    std::optional<PinRole> login() const;

    /// most_data is as Applet::most_data. Sends nothing.
    std::size_t most_data(std::size_t secret_key, AesPrimitive primitive, const AesInput& input) const;

    /// hash_key is E(0) of an AES key, 16 bytes, which keep_hash_key keeps as long as the login lasts; empty
    /// when it is not known.
    SecretBytes hash_key(std::size_t secret_key) const;
    void keep_hash_key(std::size_t secret_key, View hash_key);

    /// claim_modes tells whether the AES key may be used with GCM, or with the other modes: E(0) and the
    /// encrypted counter blocks, which the other modes would give out, are GCM's secrets. What came first
    /// counts, as long as this object lives, where the profile says `exclusiveModes`.
    bool claim_modes(std::size_t secret_key, bool for_gcm);

    /// others_logged_in tells whether somebody is logged in to another application of the same card.
    bool others_logged_in() const;

    /// forget_login drops the login without the card, for when begin() throws and Burst::logout cannot be
    /// had. The card itself is told with the next burst.
    void forget_login();

    /// log_out ends the login; with Ending::reset by Burst::end_login. The logins of other applications of
    /// the card go on. Throws as begin().
    enum class Ending { command, reset };
    void log_out(Ending ending);

    /// has_pad tells whether the user's PIN can be typed on the reader, for |use|. Sends nothing.
    bool has_pad(reader::PadUse use) const;

    /// let_go ends a lease that login_for_key_on_pad kept, if there is one.
    void let_go();

    /// exchanges counts all APDUs sent to this card by this process.
    std::uint64_t exchanges() const;

  private:
    friend class Burst;
    struct State;
    class Recogniser;
    explicit Card(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

/// Burst holds the Lease while it lives. Every function may throw reader::Error and Error.
class Burst {
  public:
    Burst(Burst&&) noexcept;
    ~Burst();

    /// label makes the token label from the profile's alternatives; it may read a certificate.
    std::string label();
    PinStatus pin_status(PinRole role);

    /// login verifies |secret|: the PIN of user or security officer; for a card with a management key that in
    /// hex (so: 32, 48 or 64 digits), or the PUK (so: any other length), which is kept for unblock_user.
    void login(PinRole role, View secret);
    void logout();

    /// end_login is logout without a command: the card is powered off and on, and forgets for certain.
    void end_login();

    /// login_for_key verifies the PIN for one operation of a key with always_authenticate. compute() uses it
    /// up.
    void login_for_key(std::size_t key, View pin);

    /// login_on_pad, login_for_key_on_pad and change_pin_on_pad are the same for the user's PIN, typed on the
    /// reader. Nobody can repeat it: the login ends with a hand-over. The lease of login_for_key_on_pad stays
    /// for the next burst, so that nothing comes between the PIN and the key's operation.
    void login_on_pad();
    void login_for_key_on_pad(std::size_t key);
    void change_pin_on_pad();

    /// grants tells whether compute() with |key|, which has always_authenticate, goes ahead without
    /// login_for_key: while the login's own VERIFY is the last command that the card saw, or when the
    /// profile's policy says so.
    bool grants(std::size_t key);

    /// change_pin changes the PIN of user or security officer; for a card with a management key that in hex
    /// (so: 32, 48 or 64 digits) or the PUK (so: any other length; puk).
    void change_pin(PinRole role, View old_value, View new_value);
    /// unblock_user sets a new user PIN with the PUK or PIN that logged in as so.
    void unblock_user(View new_value);

    /// discover makes the card's layout what is on the card, where that is not known yet and the profile does
    /// not say it.
    void discover();

    /// holds_key_or_certificate reads the card until it has met one.
    bool holds_key_or_certificate();

    std::shared_ptr<const KeyEntry> key(std::size_t index);
    std::shared_ptr<const ObjectEntry> object(std::size_t index);

    /// listed tells whether the slot takes part in a listing (retired slots beyond the key history, and
    /// objects on demand, do not).
    bool key_listed(std::size_t index);
    bool object_listed(std::size_t index);

    SecretBytes compute(std::size_t key, Primitive primitive, Verb verb, View input);

    /// secret_key is what is known of an AES key; nullptr when the slot is empty.
    std::shared_ptr<const SecretKeyEntry> secret_key(std::size_t index);

    /// compute_aes runs one command with an AES key, as Applet::compute_aes.
    SecretBytes compute_aes(std::size_t secret_key, AesPrimitive primitive, const AesInput& input);

    std::shared_ptr<const KeyEntry> generate(std::size_t key, KeyType type, KeyPolicy policy = {});
    std::shared_ptr<const KeyEntry> import_key(std::size_t key, const crypto::PrivateParts& parts,
                                               KeyPolicy policy = {});

    /// generate_secret_key and import_secret_key (|value| is 16, 24 or 32 bytes) put an AES key into a slot,
    /// erase_secret_key empties it.
    std::shared_ptr<const SecretKeyEntry> generate_secret_key(std::size_t secret_key, std::size_t bits);
    std::shared_ptr<const SecretKeyEntry> import_secret_key(std::size_t secret_key, View value);
    void erase_secret_key(std::size_t secret_key);

    /// erase_key empties the slot. Error(unsupported) when the card cannot, or when the certificate beside
    /// the key would still say that it is there.
    void erase_key(std::size_t key);

    /// move_key puts a key into an empty slot; its certificate stays. Errors as erase_key.
    void move_key(std::size_t from, std::size_t to);

    void write_object(std::size_t object, View content);
    void erase_object(std::size_t object);

    /// new_key_slot and the others add a free slot to the layout of a card that discovers, and give its
    /// index. Error(write, 6A84) when the card is full.
    std::size_t new_key_slot(const KeyWish& wish);
    std::size_t new_object_slot(const ObjectWish& wish);
    std::size_t new_secret_key_slot(const SecretKeyWish& wish);

    /// rename_key and the others change what the card keeps about a key or object that is there.
    void rename_key(std::size_t key, const Name& name);
    void rename_object(std::size_t object, const Name& name);
    void rename_secret_key(std::size_t secret_key, const Name& name);

    /// initialize makes the card as new and keeps the secret of the security officer: the management key in
    /// hex, or a PIN. alive() is false afterwards: the card is to be recognised again.
    void initialize(View so_secret);

  private:
    friend class Card;
    struct State;
    explicit Burst(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::card
