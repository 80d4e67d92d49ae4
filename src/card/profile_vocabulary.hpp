// The vocabulary of profiles as data: each key with its type, range and meaning. The checker,
// profiles/schema.json and the reference in docs/profiles.md are all made from this one table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace jeton::card::vocabulary {

/// Kind is the JSON type of a value, and for strings what they hold.
enum class Kind { boolean, integer, text, hex, choice, object };

/// Form tells whether a key holds one value or several.
enum class Form {
    one,
    list,         ///< an array of values
    one_or_list,  ///< one value, or an array of them
    map,          ///< an object from names that the file chooses to values
};

/// TextForm is a rule that a string follows.
struct TextForm {
    std::string_view expected;  ///< for people: "a lower-case name"
    std::string_view pattern;   ///< the same rule as a regular expression, for the JSON Schema
    bool (*accepts)(std::string_view text);
};

struct Shape;

/// Term is one key: a row of the table.
struct Term {
    std::string_view key;
    Kind kind = Kind::text;
    Form form = Form::one;
    std::int64_t min = 0;  ///< integer: the value; text and hex: the length in bytes
    std::int64_t max = 0;
    const TextForm* text = nullptr;              ///< for Kind::text
    std::span<const std::string_view> values{};  ///< for Kind::choice; in the order of the C++ enumeration.
                                                 ///< For Kind::integer: words that may stand in its place
    const Shape* shape = nullptr;     ///< for Kind::object; for others: an object that may stand in its place
    const TextForm* names = nullptr;  ///< for Form::map: the rule of the names
    std::span<const std::string_view> known_names{};  ///< for Form::map: the names, where they are fixed
    std::size_t least = 0;                            ///< for Form::list: the fewest elements
    std::size_t most = 0;                             ///< and the most; 0: as many as JSON may have
    bool required = false;
    bool identity = false;    ///< says what the file or element is: cannot be deleted by a patch
    bool nullable = false;    ///< null is a value in its own right
    bool or_boolean = false;  ///< true and false are allowed too
    bool or_false = false;    ///< false is allowed too
    bool partial = false;     ///< for Kind::object: part of one, as in a patch
    bool appends = false;     ///< a patch adds to the list unless it says {"$replace": [...]}
    std::string_view meaning{};
};

/// Shape is one kind of JSON object: a section of the table.
struct Shape {
    std::string_view name;   ///< of the section, and of the definition in the JSON Schema
    std::string_view place;  ///< where such an object stands
    std::span<const Term> terms;
    bool sensitive = false;  ///< unknown keys are refused even in a file of a newer minor version
    bool told = true;        ///< has a table of its own in the reference

    const Term* find(std::string_view key) const;
};

/// profile_shape is the top level of a file.
extern const Shape profile_shape;

/// shapes are all sections, the top level first.
std::span<const Shape* const> shapes();

/// is_site_key tells keys that are ignored: those that begin with x-.
bool is_site_key(std::string_view key);

/// value_text says for people what one value of |term| must be: "hex digits for 2 to 33 bytes".
std::string value_text(const Term& term);

/// term_text adds the form: "array of hex digits for 5 to 16 bytes".
std::string term_text(const Term& term);

/// The values of the choices that become C++ enumerations, in the order of their enumerators (profile.hpp).
inline constexpr std::array<std::string_view, 4> applets{"piv", "openpgp", "sc-hsm", "iso7816"};
inline constexpr std::array<std::string_view, 3> switches{"auto", "always", "never"};
inline constexpr std::array<std::string_view, 13> key_types{
    "rsa1024", "rsa2048",         "rsa3072",         "rsa4096",         "p256",     "p384", "p521", "ed25519",
    "x25519",  "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1", "secp256k1"};
inline constexpr std::array<std::string_view, 14> key_types_or_any{"rsa1024",
                                                                   "rsa2048",
                                                                   "rsa3072",
                                                                   "rsa4096",
                                                                   "p256",
                                                                   "p384",
                                                                   "p521",
                                                                   "ed25519",
                                                                   "x25519",
                                                                   "brainpoolp256r1",
                                                                   "brainpoolp384r1",
                                                                   "brainpoolp512r1",
                                                                   "secp256k1",
                                                                   "any"};
inline constexpr std::array<std::string_view, 6> serial_sources{"chuid", "yubikey-f8", "openpgp-aid",
                                                                "cvc",   "fixed",      "object"};
inline constexpr std::array<std::string_view, 2> accesses{"data-object", "file"};
/// status_verbs are in the order of Verb, from the second on.
inline constexpr std::array<std::string_view, 17> status_verbs{
    "any",          "select", "read",    "verify",   "change-pin",   "unblock",
    "authenticate", "sign",   "encrypt", "decipher", "decrypt-aead", "derive",
    "generate",     "import", "write",   "erase",    "initialize"};
inline constexpr std::array<std::string_view, 4> status_actions{"none", "relogin", "reselect", "retry-once"};
inline constexpr std::array<std::string_view, 1> hashers{"host"};
inline constexpr std::array<std::string_view, 3> padders{"host", "card", "none"};
inline constexpr std::array<std::string_view, 4> inputs{"block", "digestinfo", "hash", "message"};
inline constexpr std::array<std::string_view, 2> serial_formats{"hex", "dec"};
inline constexpr std::array<std::string_view, 4> pin_roles{"user", "so", "puk", "context"};
inline constexpr std::array<std::string_view, 4> pin_encodings{"raw", "ascii", "digits", "hex8"};
inline constexpr std::array<std::string_view, 3> pin_statuses{"none", "empty-verify", "data-object"};
inline constexpr std::array<std::string_view, 4> logouts{"p1ff", "reselect", "select-other", "none"};
inline constexpr std::array<std::string_view, 4> cache_policies{"none", "session", "count", "time"};
inline constexpr std::array<std::string_view, 3> usages{"sign", "decrypt", "derive"};
inline constexpr std::array<std::string_view, 4> presences{"cert", "metadata", "either", "fingerprint"};
inline constexpr std::array<std::string_view, 2> secret_presences{"declared", "probe"};
inline constexpr std::array<std::string_view, 4> gcm_modes{"none", "assisted", "native",
                                                           "native-then-assisted"};
inline constexpr std::array<std::string_view, 3> gcm_blocks{"cbc0", "ecb", "ctr"};
inline constexpr std::array<std::string_view, 2> tag_policies{"assisted-if-short", "refuse-short"};
inline constexpr std::array<std::string_view, 2> object_classes{"certificate", "data"};
inline constexpr std::array<std::string_view, 3> containers{"plain", "piv-cert", "attestation"};
inline constexpr std::array<std::string_view, 2> select_les{"none", "00"};
inline constexpr std::array<std::string_view, 3> id_schemes{"opensc", "profile", "pkcs15"};

/// schema_minor is the newest minor version of schemaVersion 1.x that this table describes.
inline constexpr int schema_minor = 0;

inline constexpr std::array<std::string_view, 6> purposes{"encrypt",  "decrypt", "sign",
                                                          "decipher", "derive",  "block"};
inline constexpr std::array<std::string_view, 3> template_les{"none", "short", "max"};
inline constexpr std::array<std::string_view, 2> answer_lengths{"input", "rest"};

/// placeholders are what a command template can have filled in, in the order of CommandTemplate::Source from
/// key_ref on.
inline constexpr std::array<std::string_view, 7> placeholders{"{keyRef}", "{alg}", "{tagBits}", "{data}",
                                                              "{iv}",     "{aad}", "{counter}"};
/// byte_placeholders is how many of them, from the first, stand for one byte.
inline constexpr std::size_t byte_placeholders = 3;

/// most_template_steps is the longest sequence of commands in one template.
inline constexpr std::size_t most_template_steps = 4;

/// constant_in gives the name in "{const.NAME}"; empty for any other text.
std::string_view constant_in(std::string_view text);

/// known_features are the words that "requires" may hold.
inline constexpr std::array<std::string_view, 2> known_features{"command-template", "gcm-template"};

/// label_placeholders may stand in token.label.
inline constexpr std::array<std::string_view, 3> label_placeholders{"{certCN}", "{serial}",
                                                                    "{tokenInfoLabel}"};

}  // namespace jeton::card::vocabulary
