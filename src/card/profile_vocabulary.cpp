#include "card/profile_vocabulary.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "card/profile_text_forms.hpp"

namespace jeton::card::vocabulary {

namespace {

using namespace text_forms;

// What the rows are made with.

constexpr Term text(std::string_view key, std::int64_t max, std::string_view meaning,
                    const TextForm& form = plain) {
    return {.key = key, .kind = Kind::text, .min = 1, .max = max, .text = &form, .meaning = meaning};
}
constexpr Term hex(std::string_view key, std::int64_t min, std::int64_t max, std::string_view meaning) {
    return {.key = key, .kind = Kind::hex, .min = min, .max = max, .meaning = meaning};
}
constexpr Term integer(std::string_view key, std::int64_t min, std::int64_t max, std::string_view meaning) {
    return {.key = key, .kind = Kind::integer, .min = min, .max = max, .meaning = meaning};
}
constexpr Term flag(std::string_view key, std::string_view meaning) {
    return {.key = key, .kind = Kind::boolean, .meaning = meaning};
}
constexpr Term choice(std::string_view key, std::span<const std::string_view> values,
                      std::string_view meaning) {
    return {.key = key, .kind = Kind::choice, .values = values, .meaning = meaning};
}
constexpr Term object(std::string_view key, const Shape& shape, std::string_view meaning) {
    return {.key = key, .kind = Kind::object, .shape = &shape, .meaning = meaning};
}
constexpr Term required(Term term) {
    term.required = true;
    return term;
}
constexpr Term identity(Term term) {
    term.identity = true;
    return term;
}
constexpr Term nullable(Term term) {
    term.nullable = true;
    return term;
}
constexpr Term or_boolean(Term term) {
    term.or_boolean = true;
    return term;
}
constexpr Term or_false(Term term) {
    term.or_false = true;
    return term;
}
constexpr Term appends(Term term) {
    term.appends = true;
    return term;
}
constexpr Term list(Term term, std::size_t least = 0) {
    term.form = Form::list;
    term.least = least;
    return term;
}
constexpr Term one_or_list(Term term) {
    term.form = Form::one_or_list;
    term.least = 1;
    return term;
}
constexpr Term map(Term term, const TextForm& names) {
    term.form = Form::map;
    term.names = &names;
    return term;
}
constexpr Term map(Term term, std::span<const std::string_view> names) {
    term.form = Form::map;
    term.known_names = names;
    return term;
}

// The table.

constexpr Term match_terms[] = {
    hex("atr", 2, 33, "The answer to reset, of this length, compared under `atrMask`."),
    hex("atrMask", 2, 33, "As long as `atr`: bits that are 0 are not compared (default: all are)."),
    text("historicalText", 15, "Part of the historical bytes of the ATR, without regard to case."),
    hex("historicalHex", 1, 15, "Part of the historical bytes of the ATR, exactly."),
    hex("aid", 5, 16, "An application that the card must be able to select (ISO/IEC 7816-4, 12.2.3)."),
};
constexpr Shape match_shape{"match", "`match[]`", match_terms};

constexpr Term select_terms[] = {
    required(hex("aid", 5, 16, "The application to select; it may be cut on the right.")),
    hex("p2", 1, 1, "P2 of SELECT (default 00)."),
    choice("le", select_les, "Whether SELECT asks for an answer (default `00`)."),
    list(hex("alternates", 5, 16, "Tried in this order when `aid` is not on the card.")),
};
constexpr Shape select_shape{"select", "`select`", select_terms};

constexpr Term transport_terms[] = {
    choice("extended", switches, "Extended length: `auto` is where reader and card have it (default)."),
    choice("chaining", switches,
           "Command chaining: `auto` is where extended length does not serve (default)."),
    integer("chunk", 1, 255, "Bytes of data in one link of a chain (default 255)."),
    integer("maxCommandData", 1, 65535, "Bytes of data in one command, over all its links (default 65535)."),
    integer("maxResponseData", 256, 65536, "Bytes of data in one answer (default 65536)."),
    flag("getResponse", "The card uses 61xx and GET RESPONSE (default true)."),
    flag("retry6C", "Repeat a command with the Le that 6Cxx names (default true)."),
};
constexpr Shape transport_shape{"transport", "`transport`", transport_terms};

constexpr Term serial_terms[] = {
    required(choice("from", serial_sources, "Where the serial number is read; `fixed` takes `value`.")),
    choice("format", serial_formats, "How its bytes are written (default `hex`)."),
    text("value", 16, "The serial number, for `fixed`."),
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
    required(hex("ref", 1, 3, "The card's tag of the object.")),
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

constexpr Term algorithm_terms[] = {
    required(hex("id", 1, 1, "The card's identifier of the algorithm.")),
};
constexpr Shape algorithm_shape{"algorithm", "`algorithms.*`", algorithm_terms};

constexpr Term mechanism_terms[] = {
    flag("enabled", "Offered, if the card can do it (default true)."),
    list(text("keys", 64, "Only for these keys: `id`s of `keys` (default all).", identifier), 1),
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

constexpr Term profile_terms[] = {
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
    map(object("algorithms", algorithm_shape, "The kinds of key that the card takes."), key_types),
    map(or_false(object("mechanisms", mechanism_shape,
                        "What is special about a mechanism; false is short for `{\"enabled\": false}`.")),
        mechanism_name),
    object("quirks", quirk_shape, "Deviations of the card."),
    object("policy", policy_shape, "What the site allows."),
};

}  // namespace

constexpr Shape profile_shape{"profile", "the top level of a file", profile_terms};

namespace {

constexpr const Shape* all_shapes[] = {&profile_shape,   &match_shape,  &select_shape, &transport_shape,
                                       &token_shape,     &serial_shape, &pin_shape,    &pad_shape,
                                       &cache_shape,     &key_shape,    &object_shape, &algorithm_shape,
                                       &mechanism_shape, &quirk_shape,  &policy_shape};

}  // namespace

std::span<const Shape* const> shapes() {
    return all_shapes;
}

const Term* Shape::find(std::string_view key) const {
    const auto found =
        std::find_if(terms.begin(), terms.end(), [key](const Term& term) { return term.key == key; });
    return found == terms.end() ? nullptr : &*found;
}

bool is_site_key(std::string_view key) {
    return key.starts_with("x-");
}

namespace {

std::string length_text(const Term& term, std::string_view unit) {
    if (term.min == term.max) {
        return fmt::format("{} {}{}", term.min, unit, term.min == 1 ? "" : "s");
    }
    return fmt::format("{} to {} {}s", term.min, term.max, unit);
}

std::string kind_text(const Term& term) {
    switch (term.kind) {
        case Kind::boolean:
            return "true or false";
        case Kind::integer:
            return fmt::format("an integer from {} to {}", term.min, term.max);
        case Kind::text:
            return fmt::format("{}, {}", term.text->expected, length_text(term, "byte"));
        case Kind::hex:
            return fmt::format("hex digits for {}", length_text(term, "byte"));
        case Kind::choice:
            return fmt::format("\"{}\"", fmt::join(term.values, "\", \""));
        case Kind::object:
            return "an object";
    }
    return {};
}

}  // namespace

std::string value_text(const Term& term) {
    std::string text = kind_text(term);
    if (term.or_boolean) {
        text += ", true, false";
    }
    if (term.or_false) {
        text += ", or false";
    }
    return term.nullable ? text + ", or null" : text;
}

std::string term_text(const Term& term) {
    switch (term.form) {
        case Form::one:
            return value_text(term);
        case Form::one_or_list:
            return value_text(term) + ", or an array of such";
        case Form::list:
            return (term.least > 0 ? "an array, not empty, of: " : "an array of: ") + value_text(term);
        case Form::map:
            return "an object by name of: " + value_text(term);
    }
    return {};
}

}  // namespace jeton::card::vocabulary
