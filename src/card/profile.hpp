// Profile: what a JSON file says about one family of cards, validated and immutable. The vocabulary, with
// types, ranges and meanings, is the table in profile_vocabulary.cpp; docs/profiles.md is made from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "card/error.hpp"
#include "card/profile_version.hpp"
#include "util/bytes.hpp"
#include "util/deadline.hpp"

namespace jeton::card {

class CommandTemplate;
struct ProfileDocument;

/// Switch is a decision that can be left to the software.
enum class Switch { automatic, always, never };

/// KeyType is a kind of key pair that a card can hold.
enum class KeyType {
    rsa1024,
    rsa2048,
    rsa3072,
    rsa4096,
    p256,
    p384,
    p521,
    ed25519,
    x25519,
    brainpoolP256r1,
    brainpoolP384r1,
    brainpoolP512r1,
    secp256k1
};

/// MaskedBytes is a value of which some bits count.
struct MaskedBytes {
    Bytes value;
    Bytes mask;  ///< empty: all ones; else as long as value

    /// fits tells whether |bytes| has this length, and these bits where the mask has ones.
    bool fits(View bytes) const;
    bool operator==(const MaskedBytes&) const = default;
};

/// MatchRule recognises a card when all of its parts that are present do.
struct MatchRule {
    MaskedBytes atr;              ///< empty: any
    std::string historical_text;  ///< part of the historical bytes, without regard to case
    Bytes historical_hex;         ///< part of the historical bytes
    std::string reader;           ///< the reader's name, with * and ?; empty: any
    Bytes aid;                    ///< must be selectable

    // What the card says when the profile's application is selected.
    struct SelectTlv {
        std::uint32_t tag = 0;
        MaskedBytes value;
        bool operator==(const SelectTlv&) const = default;
    };
    std::optional<SelectTlv> select_tlv;  ///< a data object anywhere in the answer to SELECT
    struct GetData {
        Byte p1 = 0;
        Byte p2 = 0;
        MaskedBytes value;
        bool operator==(const GetData&) const = default;
    };
    std::optional<GetData> get_data;  ///< the answer to GET DATA
    VersionRange version;             ///< of the application

    bool operator==(const MatchRule&) const = default;
};

struct SelectRule {
    Bytes aid;
    Byte p2 = 0x00;
    bool le = true;
    Byte file_p2 = 0x0C;            ///< P2 of SELECT of a file
    std::vector<Bytes> alternates;  ///< AIDs tried in order when |aid| is not found
};

struct TransportRule {
    Switch extended = Switch::automatic;
    Switch chaining = Switch::automatic;
    std::size_t chunk = 255;                ///< bytes of data in one link of a chain
    std::size_t max_command_data = 65535;   ///< bytes of data in one command, over all its links
    std::size_t max_response_data = 65536;  ///< bytes of data in one answer; GET RESPONSE brings others
    bool get_response = true;
    bool retry_6c = true;
};

struct TokenRule {
    std::vector<std::string>
        label;  ///< alternatives: the first whose placeholders ({certCN} ...) have a value
    std::string manufacturer;
    std::string model;
    enum class SerialSource {
        chuid,
        yubikey_f8,
        openpgp_aid,
        cvc,
        fixed,
        object
    } serial_from = SerialSource::chuid;
    bool serial_decimal = false;
    std::string fixed_serial;
    std::optional<std::size_t> serial_object;  ///< index into Profile::objects, for SerialSource::object
};

/// PinRole says whose secret a PIN is. context is the user's PIN once more, under another reference of the
/// card: the keys that name it want it verified there.
enum class PinRole { user, so, puk, context };

struct PinRule {
    std::string name;
    PinRole role = PinRole::user;
    Byte ref = 0x80;
    enum class Encoding { raw, ascii, digits, hex8 } encoding = Encoding::ascii;
    std::size_t min_length = 4;
    std::size_t max_length = 8;
    struct Pad {
        Byte byte = 0xFF;
        std::size_t length = 8;
    };
    std::optional<Pad> pad;
    enum class Status { none, empty_verify, data_object } status = Status::none;
    std::string status_object;  ///< id of an object, for Status::data_object
    unsigned tries_max = 0;     ///< 0: not known
    enum class Logout { p1ff, reselect, select_other, none } logout = Logout::none;
    struct Cache {
        enum class Policy { none, session, count, time } policy = Policy::session;
        unsigned count = 0;
        Milliseconds ttl{0};
        bool for_always_auth = false;
    } cache;
    bool final_try_guard = false;  ///< refuse the last try unless the application repeats it
    bool pinpad = true;            ///< it may be typed on the reader's PIN pad
};

struct KeySlot {
    std::string id;
    Byte ref = 0;
    Bytes pkcs11_id;
    std::string label;
    std::string public_label;
    std::vector<KeyType> types;  ///< empty: any
    bool sign = false;
    bool decrypt = false;
    bool derive = false;
    std::optional<std::size_t> pin;  ///< index into Profile::pins; nullopt: no PIN
    Switch always_authenticate = Switch::never;
    std::optional<std::size_t> certificate;  ///< index into Profile::objects
    /// Where the public key, and with it the knowledge that the key is there, comes from.
    enum class Presence {
        certificate,
        metadata,
        either /* the certificate, else metadata */,
        fingerprint
    } presence = Presence::certificate;
    bool is_private = true;
    bool visible = true;
    bool retired = false;  ///< listed only as far as the key history goes; an explicit CKA_ID finds it always
    bool named_on_card = false;  ///< found by the applet: the card keeps its id and label, which can change
    bool operator==(const KeySlot&) const = default;

    /// takes tells whether keys of |type| may come into the slot.
    bool takes(KeyType type) const;
};

struct ObjectSlot {
    std::string id;
    enum class Class { certificate, data } object_class = Class::data;
    Bytes ref;          ///< tag, or with |file| one or more file identifiers
    bool file = false;  ///< a file below the application (applet iso7816), not a data object
    std::string label;
    std::string application;
    Bytes oid;  ///< DER OBJECT IDENTIFIER; empty when there is none
    Bytes pkcs11_id;
    enum class Container {
        plain,
        piv_cert,
        attestation /* no object: the card issues it for the key |ref| */
    } container = Container::plain;
    unsigned occurrence = 0;               ///< of several objects with one tag
    std::optional<std::size_t> read_pin;   ///< index into Profile::pins
    std::optional<std::size_t> write_pin;  ///< the same; nullopt: it is written by who Applet::writer() says
    std::size_t max_size = 12710;
    bool writable = false;
    bool visible = true;
    bool retired = false;        ///< as KeySlot::retired
    bool on_demand = false;      ///< found only by a search that names its label
    bool named_on_card = false;  ///< as KeySlot::named_on_card
    bool operator==(const ObjectSlot&) const = default;
};

/// SecretKeySlot is a place for an AES key.
struct SecretKeySlot {
    std::string id{};
    Byte ref = 0;
    Bytes pkcs11_id{};
    std::string label{};
    std::size_t bits = 0;              ///< 0: neither profile nor card tells
    std::optional<std::size_t> pin{};  ///< index into Profile::pins; nullopt: no PIN
    enum class Presence {
        declared /* for certain */,
        probe /* the card is asked to encrypt a block */
    } presence = Presence::declared;
    bool made_on_card = false;   ///< found by the applet: the card says that it made the key
    bool named_on_card = false;  ///< as KeySlot::named_on_card
    bool operator==(const SecretKeySlot&) const = default;
};

/// GcmRule says how CKM_AES_GCM runs with keys on the card.
struct GcmRule {
    enum class Mode {
        none,
        assisted,            ///< the card encrypts counter blocks, the host does the rest
        native,              ///< the card has GCM, by a command template
        native_then_assisted /* where a message is longer than one command, or in parts, the host helps */
    } mode = Mode::assisted;
    enum class Block {
        cbc0, /* CBC whose IV is zero at each command */
        ecb,
        ctr
    } block = Block::cbc0;                ///< what the card makes of counter blocks
    std::size_t max_bytes = 0;            ///< of one message; 0: longest_message() of the block mode
    std::size_t max_blocks_per_apdu = 0;  ///< 0: as many as fit
    bool cache_h = true;                  ///< keep E(0) as long as the login lasts
    bool exclusive_modes =
        true;  ///< a key that was used with GCM is not used with other modes, nor vice versa
    enum class ShortTag {
        assisted, /* decrypted with the host's help */
        refuse
    } short_tag = ShortTag::assisted;  ///< native decryption with less than 16 bytes of tag
};

/// Purpose is what a command template is for.
enum class Purpose { encrypt, decrypt, sign, decipher, derive, block };

/// MechanismRule holds what a profile says about one mechanism, by its PKCS#11 name.
struct MechanismRule {
    bool enabled = true;
    std::vector<std::string> keys;  ///< ids of the keys that it is limited to; empty: all
    std::map<Purpose, std::shared_ptr<const CommandTemplate>> commands;
    std::optional<Byte> algorithm;  ///< the card's identifier, for {alg} of the template
    std::size_t min_bits = 0;
    std::size_t max_bits = 65536;
    enum class Pad { host, card, none };
    std::optional<Pad> pad;  ///< who pads; nullopt: whoever can
    enum class Input { block, digestinfo, hash, message };
    std::optional<Input> input;  ///< what the card gets; nullopt: whatever it takes

    /// command is the template for |purpose|; nullptr: there is none.
    const CommandTemplate* command(Purpose purpose) const;
};

/// StatusRule gives a status word another meaning than the usual one.
struct StatusRule {
    std::uint16_t value = 0;
    std::uint16_t mask = 0xFFFF;                ///< bits that count
    std::optional<Verb> on;                     ///< nullopt: any
    std::optional<std::uint32_t> return_value;  ///< of PKCS#11
    enum class Action { none, relogin, reselect, retry_once } action = Action::none;
};

struct Quirks {
    bool verify_adjacent_to_sign = true;  ///< keys with alwaysAuthenticate want VERIFY directly before
    bool verify_630x = false;             ///< 630x is 63Cx
    bool probe_retired_slots = false;     ///< list retired slots without regard to the key history
    bool discovery_pin = false;           ///< the discovery object says whether the PIN is the global one
};

struct Profile {
    std::string id;
    std::string name;
    std::string applet;  ///< "piv", "openpgp", "sc-hsm", "iso7816"
    int priority = 0;
    bool enabled = true;
    std::string origin;  ///< the file that it came from, for messages
    std::vector<MatchRule> match;
    SelectRule select;
    TransportRule transport;
    TokenRule token;
    std::vector<PinRule> pins;
    std::vector<KeySlot> keys;
    std::vector<ObjectSlot> objects;
    std::vector<SecretKeySlot> secret_keys;
    GcmRule gcm;
    std::map<KeyType, Byte>
        algorithms;  ///< the card's algorithm identifier of each kind of key that it takes
    std::map<std::string, MechanismRule> mechanisms;
    std::map<std::string, std::shared_ptr<const CommandTemplate>> commands;
    std::vector<StatusRule> status;
    std::vector<MatchRule> variants;  ///< when each change of the profile holds: by ATR and version
    std::shared_ptr<const ProfileDocument> document;
    Quirks quirks;
    std::optional<std::vector<std::string>>
        tokens;  ///< ids of the profiles that serve a card which this one
                 ///< is the first to know; nullopt: TokenChoice's automatic
    bool expose_data = true;
    bool allow_write = true;
    bool allow_keygen = true;
    bool allow_import = true;

    const PinRule* pin(PinRole role) const;
    std::optional<std::size_t> pin_index(PinRole role) const;
    std::optional<std::size_t> key_index(View pkcs11_id) const;
    std::optional<std::size_t> object_index(std::string_view object_id) const;

    /// status_rule is the first rule about |error|; nullptr: there is none, or it is no status word.
    const StatusRule* status_rule(const Error& error) const;
};

}  // namespace jeton::card
