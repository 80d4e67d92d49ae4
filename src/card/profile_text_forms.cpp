#include "card/profile_text_forms.hpp"

#include <algorithm>

#include "card/profile_version.hpp"
#include "card/return_values.hpp"
#include "util/bytes.hpp"

namespace jeton::card::vocabulary::text_forms {

namespace {

// Rules of strings. Each stands twice, as code and as a regular expression for the JSON Schema; the tests run
// the same cases through both.

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower_or_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z');
}
bool is_upper_or_digit(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z');
}
bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(), is_control);
}

bool is_identifier(std::string_view text) {
    const auto allowed = [](char c) { return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-'; };
    return !text.empty() && text.size() <= 64 && is_lower_or_digit(text.front()) &&
           std::all_of(text.begin(), text.end(), allowed);
}

/// A decimal number of at most |digits| digits without leading zeros.
bool is_number(std::string_view text, std::size_t digits) {
    return !text.empty() && text.size() <= digits && (text.size() == 1 || text.front() != '0') &&
           std::all_of(text.begin(), text.end(), is_digit);
}

bool is_version(std::string_view text) {
    return text.starts_with("1.") && is_number(text.substr(2), 4);
}

bool is_oid(std::string_view text) {
    std::size_t arcs = 0;
    bool small_second = false;
    for (bool more = true; more; ++arcs) {
        const std::size_t dot = text.find('.');
        const std::string_view arc = text.substr(0, dot);
        more = dot != std::string_view::npos;
        text.remove_prefix(more ? dot + 1 : text.size());
        const bool fits =
            arcs == 0 ? arc == "0" || arc == "1" || arc == "2" : is_number(arc, small_second ? 2 : 9);
        if (!fits || arcs == 32 || (arcs == 1 && small_second && arc.size() == 2 && arc >= "40")) {
            return false;
        }
        small_second = arcs == 0 && arc != "2";
    }
    return arcs >= 2;
}

bool is_pointer(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
            return false;
        }
    }
    return text.starts_with('/') && is_plain(text);
}

/// What stands between two bars of a label.
bool is_label_part(std::string_view text) {
    if (text.empty()) {
        return false;
    }
    while (!text.empty()) {
        const auto known = [text](std::string_view placeholder) { return text.starts_with(placeholder); };
        const auto placeholder = std::find_if(label_placeholders.begin(), label_placeholders.end(), known);
        if (placeholder == label_placeholders.end() && (text.front() == '{' || text.front() == '}')) {
            return false;
        }
        text.remove_prefix(placeholder == label_placeholders.end() ? 1 : placeholder->size());
    }
    return true;
}

bool is_label(std::string_view text) {
    for (std::size_t bar = text.find('|'); bar != std::string_view::npos; bar = text.find('|')) {
        if (!is_label_part(text.substr(0, bar))) {
            return false;
        }
        text.remove_prefix(bar + 1);
    }
    return is_label_part(text) && is_plain(text);
}

/// The names of mechanisms belong to PKCS#11; here only their form is known.
bool is_mechanism(std::string_view text) {
    const auto allowed = [](char c) { return is_upper_or_digit(c) || c == '_'; };
    return text.size() > 4 && text.size() <= 64 && text.starts_with("CK") && text.substr(2, 2) == "M_" &&
           std::all_of(text.begin(), text.end(), allowed);
}

bool is_constant_name(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto allowed = [&](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; };
    return !text.empty() && text.size() <= 64 && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(), allowed);
}

bool is_constant(std::string_view text) {
    return is_constant_name(constant_in(text));
}

bool is_hex(std::string_view text, std::size_t most) {
    const auto bytes = from_hex(text);
    return bytes && !bytes->empty() && bytes->size() <= most;
}

bool is_command_byte(std::string_view text) {
    const auto* const end = placeholders.begin() + byte_placeholders;
    return is_constant(text) || std::find(placeholders.begin(), end, text) != end || is_hex(text, 1);
}

bool is_command_bytes(std::string_view text) {
    return is_constant(text) || is_hex(text, 255);
}

bool is_operand(std::string_view text) {
    return std::find(placeholders.begin(), placeholders.end(), text) != placeholders.end() ||
           is_command_bytes(text);
}

bool is_version_range(std::string_view text) {
    return VersionRange::parse(text).has_value();
}

bool is_return_name(std::string_view text) {
    return return_value(text).has_value();
}

/// Four digits or x: the nibbles of a status word.
bool is_status(std::string_view text) {
    const auto allowed = [](char c) {
        return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f') || c == 'x';
    };
    return text.size() == 4 && text.front() != 'x' && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

constexpr TextForm plain{"text", "^[^\\u0000-\\u001F\\u007F]*$", is_plain};
constexpr TextForm identifier{"a name of a-z, 0-9, '.', '_' and '-'", "^[a-z0-9][a-z0-9._-]{0,63}$",
                              is_identifier};
constexpr TextForm version{"a version \"1.x\"", "^1\\.(0|[1-9][0-9]{0,3})$", is_version};
constexpr TextForm oid{"an object identifier in dotted form",
                       "^([01]\\.[1-3]?[0-9]|2\\.(0|[1-9][0-9]{0,8}))(\\.(0|[1-9][0-9]{0,8})){0,30}$",
                       is_oid};
constexpr TextForm pointer{"a JSON pointer (RFC 6901)", "^/([^~\\u0000-\\u001F\\u007F]|~[01])*$", is_pointer};
constexpr TextForm label_template{
    "a label with {certCN}, {serial} or {tokenInfoLabel}, alternatives separated by '|'",
    "^([^{}|\\u0000-\\u001F\\u007F]|\\{certCN\\}|\\{serial\\}|\\{tokenInfoLabel\\})+"
    "(\\|([^{}|\\u0000-\\u001F\\u007F]|\\{certCN\\}|\\{serial\\}|\\{tokenInfoLabel\\})+)*$",
    is_label};
constexpr TextForm mechanism_name{"the PKCS#11 name of a mechanism", "^CK[M]_[A-Z0-9_]{1,60}$", is_mechanism};
constexpr TextForm constant_name{"a name of letters, digits, '_' and '-'", "^[A-Za-z][A-Za-z0-9_-]{0,63}$",
                                 is_constant_name};
constexpr TextForm command_byte{
    "hex digits for 1 byte, {keyRef}, {alg}, {tagBits} or {const.NAME}",
    "^( *([0-9A-Fa-f]{2} *)|\\{(keyRef|alg|tagBits|const\\.[A-Za-z][A-Za-z0-9_-]{0,63})\\})$",
    is_command_byte};
constexpr TextForm command_bytes{"hex digits for 1 to 255 bytes, or {const.NAME}",
                                 "^( *([0-9A-Fa-f]{2} *){1,255}|\\{const\\.[A-Za-z][A-Za-z0-9_-]{0,63}\\})$",
                                 is_command_bytes};
constexpr TextForm operand{
    "{data}, {iv}, {aad}, {counter}, {keyRef}, {alg}, {tagBits}, {const.NAME} or hex digits",
    "^( *([0-9A-Fa-f]{2} *){1,255}|"
    "\\{(data|iv|aad|counter|keyRef|alg|tagBits|const\\.[A-Za-z][A-Za-z0-9_-]{0,63})\\})$",
    is_operand};
constexpr TextForm version_range{
    "a range of versions such as \">=5.7 <6\"",
    "^(>=|<=|>|<|=)[0-9]{1,5}(\\.[0-9]{1,5}){0,2}( (>=|<=|>|<|=)[0-9]{1,5}(\\.[0-9]{1,5}){0,2}){0,3}$",
    is_version_range};
constexpr TextForm return_name{"the name of a PKCS#11 return value that tells of a failure",
                               "^CK[R]_[A-Z0-9_]{1,60}$", is_return_name};
constexpr TextForm status_pattern{"a status word of 4 hex digits, 'x' for any, not in the first place",
                                  "^[0-9A-Fa-f][0-9A-Fa-fx]{3}$", is_status};

}  // namespace jeton::card::vocabulary::text_forms
