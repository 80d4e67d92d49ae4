#include "card/profile_vocabulary.hpp"

#include "card/profile_command_terms.hpp"
#include "card/profile_detection_terms.hpp"
#include "card/profile_terms.hpp"
#include "card/profile_text_forms.hpp"

namespace jeton::card::vocabulary {

namespace {

using namespace rows;
using namespace text_forms;

// The table.

constexpr Term select_terms[] = {
    required(hex("aid", 5, 16, "The application to select; it may be cut on the right.")),
    hex("p2", 1, 1, "P2 of SELECT (default 00)."),
    choice("le", select_les, "Whether SELECT asks for an answer (default `00`)."),
    list(hex("alternates", 5, 16, "Tried in this order when `aid` is not on the card.")),
    hex("fileP2", 1, 1, "P2 of SELECT of a file, for iso7816 (default 0C: no answer)."),
};
constexpr Shape select_shape{"select", "`select`", select_terms};

constexpr Term transport_terms[] = {
    choice("extended", switches, "Extended length: `auto` is where reader and card have it (default)."),
    choice("chaining", switches,
           "Command chaining: `auto` is where extended length does not serve (default)."),
    integer("chunk", 1, 255, "Bytes of data in one link of a chain (default 255)."),
    integer("maxCommandData", 1, 65535, "Bytes of data in one command, over all its links (default 65535)."),
    integer("maxResponseData", 256, 65536,
            "Bytes of data in one answer; GET RESPONSE brings others (default 65536)."),
    flag("getResponse", "The card uses 61xx and GET RESPONSE (default true)."),
    flag("retry6C", "Repeat a command with the Le that 6Cxx names (default true)."),
};
constexpr Shape transport_shape{"transport", "`transport`", transport_terms};

constexpr Term serial_terms[] = {
    required(choice("from", serial_sources,
                    "Where the serial number is read; `fixed` takes `value`, "
                    "`object` the content of an object.")),
    choice("format", serial_formats, "How its bytes are written (default `hex`)."),
    text("value", 16, "The serial number, for `fixed`."),
    text("object", 64, "The object that holds it, for `object`: an `id` of `objects`.", identifier),
};
constexpr Shape serial_shape{"serial", "`token.serial`", serial_terms};

constexpr Term token_terms[] = {
    text("label", 128,
         "The token's label. The first alternative whose placeholders have a value is taken: `{certCN}` is "
         "the common "
         "name in the first certificate, `{serial}` the serial number, `{tokenInfoLabel}` what the card "
         "calls itself.",
         label_template),
    text("manufacturer", 32, "The token's manufacturer."),
    text("model", 16, "The token's model."),
    object("serial", serial_shape, "The token's serial number."),
};
constexpr Shape token_shape{"token", "`token`", token_terms};

constexpr Term pad_terms[] = {
    required(hex("byte", 1, 1, "The padding byte.")),
    required(integer("length", 1, 255, "The length that a PIN is padded to.")),
};
constexpr Shape pad_shape{"pad", "`pins.*.pad`", pad_terms, true};

constexpr Term cache_terms[] = {
    choice("policy", cache_policies,
           "How long a PIN serves again after another process reset the card: not at all, as long as the "
           "login lasts "
           "(default), `count` times, or `ttlMs` long."),
    integer("count", 1, 1000, "For `count`."),
    integer("ttlMs", 1, 86400000, "Milliseconds, for `time`."),
    flag("forAlwaysAuth", "Serves keys with `alwaysAuthenticate` too. Weakens consent (default false)."),
};
constexpr Shape cache_shape{"cache", "`pins.*.cache`", cache_terms, true};

constexpr Term pin_terms[] = {
    required(
        choice("role", pin_roles,
               "Whose PIN it is; `context` is the user's PIN under another reference, for the keys that name "
               "it.")),
    required(hex("ref", 1, 1, "The card's reference of the PIN.")),
    choice("encoding", pin_encodings, "How its characters become bytes (default `ascii`)."),
    required(integer("minLength", 1, 255, "The fewest characters.")),
    required(integer("maxLength", 1, 255, "The most characters.")),
    object("pad", pad_shape, "Padding (default: none)."),
    choice("status", pin_statuses,
           "How to ask for the tries that are left without spending one (default `none`): VERIFY without "
           "data, or by "
           "reading an object."),
    text("statusObject", 64, "The object for `data-object`: an `id` of `objects`.", identifier),
    integer("triesMax", 0, 15, "How many tries there are in all (default 0: not known)."),
    choice("logout", logouts, "How the card is made to forget the PIN (default `none`: by a reset)."),
    object("cache", cache_shape, "When the PIN that was entered may serve again."),
    flag("finalTryGuard", "Refuse the last try unless the application repeats it (default false)."),
    flag("pinpad", "The PIN may be typed on the reader's PIN pad (default true)."),
};
constexpr Shape pin_shape{"pin", "`pins.*`", pin_terms, true};

constexpr std::array<std::string_view, 1> automatic{switches[0]};

constexpr Term key_terms[] = {
    required(identity(
        text("id", 64, "Name of the slot inside the profile, for references and patches.", identifier))),
    required(hex("ref", 1, 1, "The card's reference of the key.")),
    hex("pkcs11Id", 1, 32, "CKA_ID of key and public key. Needed unless `visible` is false."),
    text("label", 64, "CKA_LABEL of the private key."),
    text("publicLabel", 64, "CKA_LABEL of the public key (default: `label`)."),
    list(choice("types", key_types_or_any, "Kinds of key that the slot takes (default any)."), 1),
    list(choice("usage", usages, "What the key may do (default nothing).")),
    nullable(text("pin", 64, "The PIN that it needs: a name in `pins`; null: none (default).", identifier)),
    or_boolean(choice(
        "alwaysAuthenticate", automatic,
        "CKA_ALWAYS_AUTHENTICATE; `auto` is what the card says of the key, else false (default false).")),
    text("certificate", 64, "Its certificate: an `id` of `objects`.", identifier),
    choice("presence", presences,
           "What tells that the key is there, and its public key: the certificate (default), the card's "
           "metadata, "
           "`either`: the certificate, else the metadata, or its `fingerprint` (OpenPGP)."),
    flag("private", "CKA_PRIVATE (default true)."),
    flag("visible", "Part of the token (default true)."),
    flag("retired",
         "Listed only as far as the card's key history goes; found by its id always (default false)."),
};
constexpr Shape key_shape{"key", "`keys[]`", key_terms, true};

constexpr Term object_terms[] = {
    required(identity(
        text("id", 64, "Name of the object inside the profile, for references and patches.", identifier))),
    required(choice("class", object_classes, "What it holds.")),
    required(
        hex("ref", 1, 16,
            "The card's tag of the object, 1 to 3 bytes; of a file one or more file identifiers, the way "
            "to it from the application, or from the master file where it begins with 3F00.")),
    choice("access", accesses, "How it is reached (default `data-object`); `file` is for iso7816."),
    text("label", 64, "CKA_LABEL."),
    text("application", 64, "CKA_APPLICATION of a data object."),
    text("oid", 128, "CKA_OBJECT_ID of a data object.", oid),
    hex("pkcs11Id", 1, 32, "CKA_ID of a certificate. Needed there unless `visible` is false."),
    choice("container", containers,
           "How the content is wrapped (default `plain`); `attestation` is no object: the card issues the "
           "certificate "
           "for the key whose reference is `ref`."),
    nullable(text("readPin", 64, "The PIN that reading needs: a name in `pins`; null: none (default).",
                  identifier)),
    nullable(text("writePin", 64,
                  "The PIN that writing needs: a name in `pins`; null: what the card's keys need (default).",
                  identifier)),
    integer("occurrence", 0, 15, "Which of several objects with this tag (default 0)."),
    integer("maxSize", 1, 65535, "The most bytes that it takes (default 12710)."),
    flag("writable", "It can be written and erased (default false)."),
    flag("visible", "Part of the token (default true)."),
    flag("retired", "As for keys (default false)."),
    flag("onDemand", "Found only by a search that names its label (default false)."),
};
constexpr Shape object_shape{"object", "`objects[]`", object_terms};

constexpr Term secret_key_terms[] = {
    required(identity(
        text("id", 64, "Name of the slot inside the profile, for references and patches.", identifier))),
    required(hex("ref", 1, 1, "The card's reference of the key.")),
    required(hex("pkcs11Id", 1, 32, "CKA_ID.")),
    text("label", 64, "CKA_LABEL."),
    integer("bits", 128, 256, "Length of the key: 128, 192 or 256 (default: the card tells, or nobody)."),
    nullable(
        text("pin", 64, "The PIN that the key needs: a name in `pins`; null: none (default).", identifier)),
    choice("presence", secret_presences,
           "Whether the key is there for certain (default `declared`), or the card is asked to encrypt a "
           "block."),
};
constexpr Shape secret_key_shape{"secretKey", "`secretKeys[]`", secret_key_terms, true};

constexpr Term gcm_terms[] = {
    choice("mode", gcm_modes,
           "Who computes CKM_AES_GCM with keys on the card: nobody, the host with the card's AES (default "
           "`assisted`), the card, or the card as long as a message goes into one command and the host helps "
           "with longer ones."),
    choice("block", gcm_blocks,
           "What the card makes of counter blocks: CBC with an IV of zeros, one block a command (default "
           "`cbc0`), or, by a command template, ECB or CTR."),
    integer("maxBytes", 1, 1073741824,
            "The longest message, in bytes (default 65536 where each block costs a command, else 1048576)."),
    integer("maxBlocksPerApdu", 1, 4096, "Blocks in one command (default: as many as fit)."),
    flag("cacheH", "Keep the hash key as long as the login lasts (default true)."),
    flag(
        "exclusiveModes",
        "A key that was used with GCM is not used with other AES modes, nor the other way round: those would "
        "give out GCM's secrets (default true)."),
    choice("tagPolicy", tag_policies,
           "What becomes of a tag that is shorter than the 16 bytes that native decryption wants: the host "
           "helps (default `assisted-if-short`), or it is refused."),
};
constexpr Shape gcm_shape{"gcm", "`gcm`", gcm_terms, true};

constexpr Term algorithm_terms[] = {
    required(hex("id", 1, 1, "The card's identifier of the algorithm.")),
};
constexpr Shape algorithm_shape{"algorithm", "`algorithms.*`", algorithm_terms};

constexpr Term mechanism_terms[] = {
    flag("enabled", "Offered, if the card can do it (default true)."),
    list(text("keys", 64, "Only for these keys: `id`s of `keys` (default all).", identifier), 1),
    or_object(text("command", 64,
                   "The command template that carries it out: a name in `commands`, or one for each purpose.",
                   identifier),
              purpose_shape),
    hex("algorithm", 1, 1,
        "The card's identifier of the algorithm, for `{alg}` of the template; without one it must be of "
        "those "
        "in `algorithms`."),
    choice("hash", hashers, "Who hashes: the host, always."),
    choice("pad", padders, "Who pads for RSA: a mechanism is offered only where that is so."),
    choice(
        "input", inputs,
        "What the card gets: a padded `block`, DigestInfo or data that it pads, a `hash`, or the `message`; "
        "a mechanism is offered only where that is so."),
    integer("minBits", 1, 65535, "The shortest keys that it is for (default: all)."),
    integer("maxBits", 1, 65535, "The longest keys that it is for (default: all)."),
};
constexpr Shape mechanism_shape{"mechanism", "`mechanisms.*`", mechanism_terms, true};

constexpr Term quirk_terms[] = {
    flag("verifyAdjacentToSign",
         "Keys with `alwaysAuthenticate` want VERIFY directly before (default true)."),
    flag("verify630x", "630x means what 63Cx should (default false)."),
    flag("probeRetiredSlots", "List retired slots without regard to the key history (default false)."),
    flag("discoveryPin",
         "Before the first PIN, read the discovery object, which says whether the user PIN is the global PIN "
         "of the "
         "card (default false)."),
};
constexpr Shape quirk_shape{"quirks", "`quirks`", quirk_terms};

constexpr Term policy_terms[] = {
    list(text("locked", 256,
              "What the user's profiles cannot change: JSON pointers; in `keys` and `objects` the `id` "
              "stands for the "
              "index.",
              pointer)),
    flag("exposeData", "Show data objects (default true)."),
    flag("allowWrite", "Let applications write objects (default true)."),
    flag("allowKeygen", "Let applications generate keys (default true)."),
    flag("allowImport", "Let applications import keys (default true)."),
};
constexpr Shape policy_shape{"policy", "`policy`", policy_terms, true};

/// What a variant can change.
constexpr std::array change_terms{
    object("transport", transport_shape, "What the card's command layer can do."),
    object("token", token_shape, "What the token says about itself."),
    list(
        text("tokens", 64,
             "The tokens of a card that this profile is the first to know: `id`s of profiles, in that order, "
             "this one among them if it is to be one. Default: this one, and those that name part of the ATR "
             "in `match`, as far as they hold a key or certificate.",
             identifier),
        1),
    choice("idScheme", id_schemes,
           "Whose scheme the ids and labels follow. For people: what counts is what stands in `keys` and "
           "`objects`."),
    map(object("pins", pin_shape, "The PINs, by name."), identifier),
    list(object("keys", key_shape, "The slots for key pairs.")),
    list(object("objects", object_shape, "Certificates and data.")),
    list(object("secretKeys", secret_key_shape, "The slots for AES keys.")),
    object("gcm", gcm_shape, "How AES-GCM runs with keys on the card."),
    map(object("algorithms", algorithm_shape, "The kinds of key that the card takes."), key_types),
    map(or_false(object("mechanisms", mechanism_shape,
                        "What is special about a mechanism; false is short for `{\"enabled\": false}`.")),
        mechanism_name),
    map(or_object(hex("constants", 1, 255, "Bytes for command templates, by name: there `{const.NAME}`."),
                  constant_shape),
        constant_name),
    map(object("commands", command_shape, "Command templates, by name, for the mechanisms that name them."),
        identifier),
    list(object("status", status_shape, "Other meanings of status words; the first that fits counts.")),
    object("quirks", quirk_shape, "Deviations of the card."),
};
constexpr Shape change_shape{"change", "`variants[].set`", change_terms, true, false};

constexpr Term variant_terms[] = {
    required(object("when", when_shape, "The cards that it holds for: all parts must fit.")),
    required(
        partial(object("set", change_shape,
                       "What is different then: any keys from `transport` to `quirks`, as in a patch."))),
};
constexpr Shape variant_shape{"variant", "`variants[]`", variant_terms, true};

constexpr std::array head_terms{
    text("$schema", 1024, "For editors: where schema.json is. Not read."),
    required(identity(text("schemaVersion", 16, "Version of this vocabulary: `1.0`.", version))),
    identity(text("id", 64, "The profile's name. A later layer replaces the profile with the same name.",
                  identifier)),
    one_or_list(
        identity(text("patch", 64, "Instead of `id`: the profiles that this file changes.", identifier))),
    identity(text("extends", 64, "Start from a copy of this profile.", identifier)),
    text("name", 128, "The profile's name for people."),
    text("comment", 4096, "Free text. Not read."),
    integer("priority", -100, 100, "Of several profiles that match, the highest wins (default 0)."),
    required(choice("applet", applets, "The protocol that the card speaks.")),
    flag("enabled", "False: as if the profile was not there (default true)."),
    list(text("requires", 64, "Features that the software must have to serve the card.", identifier)),
    required(appends(
        list(object("match", match_shape, "How the card is recognised: by any entry of which all parts fit."),
             1))),
    required(object("select", select_shape, "How the application is selected.")),
};

constexpr std::array tail_terms{
    object("policy", policy_shape, "What the site allows."),
    list(object("variants", variant_shape,
                "Changes for some of the cards, applied in this order when the card was recognised.")),
};

constexpr auto profile_terms = joined(head_terms, joined(change_terms, tail_terms));

}  // namespace

constexpr Shape profile_shape{"profile", "the top level of a file", profile_terms};

namespace {

constexpr const Shape* all_shapes[] = {
    &profile_shape,   &match_shape,     &select_tlv_shape, &get_data_shape,   &select_shape,
    &transport_shape, &token_shape,     &serial_shape,     &pin_shape,        &pad_shape,
    &cache_shape,     &key_shape,       &object_shape,     &secret_key_shape, &gcm_shape,
    &algorithm_shape, &mechanism_shape, &purpose_shape,    &constant_shape,   &command_shape,
    &step_shape,      &piece_shape,     &field_shape,      &status_shape,     &variant_shape,
    &when_shape,      &change_shape,    &quirk_shape,      &policy_shape};

}  // namespace

std::span<const Shape* const> shapes() {
    return all_shapes;
}

}  // namespace jeton::card::vocabulary
