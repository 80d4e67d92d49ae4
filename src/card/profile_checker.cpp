#include "card/profile_checker.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <numeric>
#include <utility>

#include "card/profile_rules.hpp"
#include "util/log.hpp"

namespace jeton::card {

using vocabulary::Form;
using vocabulary::Kind;
using vocabulary::Shape;
using vocabulary::Term;

std::string Path::pointer() const {
    if (m_parent == nullptr) {
        return {};
    }
    std::string text = m_parent->pointer() + '/';
    if (m_key.data() == nullptr) {
        return text + std::to_string(m_index);
    }
    for (const char c : m_key.substr(0, 128)) {
        text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return text;
}

void ProblemList::add(std::string pointer, std::string expected, std::string found) {
    if (!full()) {
        m_problems.push_back({{}, std::move(pointer), std::move(expected), std::move(found)});
    }
}

Extent extent_of(const Json& file) {
    return file.contains("extends") || file.contains("patch") ? Extent::part : Extent::whole;
}

std::string in_quotes(std::string_view text) {
    const bool cut = text.size() > 48;
    return Json(std::string(text.substr(0, 48)) + (cut ? "..." : ""))
        .dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string describe(const Json& value) {
    switch (value.type()) {
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return fmt::format("an array of {}", value.size());
        case Json::value_t::string:
            return "text";
        case Json::value_t::null:
            return "null";
        default:
            return value.dump();
    }
}

namespace {

constexpr std::array<std::string_view, 4> secret_endings{"pin", "puk", "mgmkey", "password"};

/// Profiles hold no secrets: a text under such a name is one, whatever it was meant to be.
bool names_secret(std::string_view key) {
    const auto ends_key = [key](std::string_view ending) {
        const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
        return key.size() >= ending.size() &&
               std::equal(ending.begin(), ending.end(),
                          key.end() - static_cast<std::ptrdiff_t>(ending.size()),
                          [same](char b, char a) { return same(a, b); });
    };
    return std::any_of(secret_endings.begin(), secret_endings.end(), ends_key);
}

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string suggestion(const Shape& shape, std::string_view key) {
    const Term* closest = nullptr;
    std::size_t least = key.size() > 64 ? 0 : std::max<std::size_t>(3, key.size() / 3 + 1);
    for (const Term& term : shape.terms) {
        if (const std::size_t far = least == 0 ? 0 : distance(key, term.key); far < least) {
            least = far;
            closest = &term;
        }
    }
    return closest == nullptr ? "a known key" : fmt::format("a known key, such as \"{}\"", closest->key);
}

}  // namespace

bool is_newer(const Json& file) {
    const auto version = file.is_object() ? file.find("schemaVersion") : file.end();
    if (version == file.end() || !version->is_string()) {
        return false;
    }
    const auto& text = version->get_ref<const std::string&>();
    int minor = 0;
    return text.starts_with("1.") &&
           std::from_chars(text.data() + 2, text.data() + text.size(), minor).ec == std::errc{} &&
           minor > vocabulary::schema_minor;
}

namespace {

/// Compares one document with the vocabulary.
class FormChecker {
  public:
    /// |tell|: log what is ignored.
    FormChecker(Extent extent, bool newer, bool tell, ProblemList& problems)
        : m_extent(extent), m_newer(newer), m_tell(tell), m_problems(problems) {}

    void object(const Json& value, const Shape& shape, const Path& path, bool element = false) {
        if (!value.is_object()) {
            return wrong(path, "an object", value);
        }
        const bool deletes = m_extent == Extent::part && element && value.contains("$delete");
        for (const auto& [key, member] : value.items()) {
            if (const Term* term = shape.find(key)) {
                form(member, *term, path / key);
            } else if (key == "$delete" && deletes) {
                if (member != Json(true)) {
                    wrong(path / key, "true", member);
                }
            } else {
                unknown(key, member, shape, path / key);
            }
        }
        for (const Term& term : shape.terms) {
            const bool needed = m_extent == Extent::whole ? term.required : term.required && term.identity;
            if (needed && !value.contains(term.key)) {
                m_problems.add((path / term.key).pointer(), vocabulary::term_text(term), "nothing");
            }
        }
    }

  private:
    void wrong(const Path& path, std::string expected, const Json& found) {
        m_problems.add(path.pointer(), std::move(expected), describe(found));
    }

    void unknown(const std::string& key, const Json& member, const Shape& shape, const Path& path) {
        if (m_problems.full()) {
            return;  // searching for suggestions takes time
        }
        if (names_secret(key) && member.is_string()) {
            m_problems.add(path.pointer(), "no secrets in a profile", "text");
        } else if (vocabulary::is_site_key(key)) {
            site_value(member, path);
        } else if (m_newer && !shape.sensitive && !key.starts_with('$')) {
            if (m_tell) {
                log::warn("profile: {} is not known to this version and ignored", path.pointer());
            }
        } else {
            m_problems.add(path.pointer(), suggestion(shape, key), in_quotes(key));
        }
    }

    /// What stands below an x- key is free, but for secrets.
    void site_value(const Json& value, const Path& path) {
        if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                site_value(value[i], path / i);
            }
        } else if (value.is_object()) {
            for (const auto& [key, member] : value.items()) {
                if (names_secret(key) && member.is_string()) {
                    m_problems.add((path / key).pointer(), "no secrets in a profile", "text");
                }
                site_value(member, path / key);
            }
        }
    }

    void form(const Json& value, const Term& term, const Path& path) {
        if (value.is_null() && m_extent == Extent::part && !term.identity) {
            return;
        }
        if (term.form == Form::map) {
            return map(value, term, path);
        }
        if (term.form == Form::one || (term.form == Form::one_or_list && !value.is_array())) {
            return single(value, term, path);
        }
        const bool replaces = m_extent == Extent::part && term.appends && value.is_object() &&
                              value.size() == 1 && value.contains("$replace");
        if (replaces) {
            return list(value["$replace"], term, path / "$replace");
        }
        list(value, term, path);
    }

    void list(const Json& value, const Term& term, const Path& path) {
        if (!value.is_array() || value.size() < term.least || (term.most != 0 && value.size() > term.most)) {
            return wrong(path, vocabulary::term_text(term), value);
        }
        for (std::size_t i = 0; i < value.size(); ++i) {
            single(value[i], term, path / i, true);
        }
    }

    void map(const Json& value, const Term& term, const Path& path) {
        if (!value.is_object()) {
            return wrong(path, vocabulary::term_text(term), value);
        }
        const auto& names = term.known_names;
        for (const auto& [name, member] : value.items()) {
            if (term.names != nullptr && !term.names->accepts(name)) {
                m_problems.add((path / name).pointer(), std::string(term.names->expected), in_quotes(name));
            } else if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
                m_problems.add((path / name).pointer(), fmt::format("one of {}", fmt::join(names, ", ")),
                               in_quotes(name));
            } else if (!member.is_null() || m_extent == Extent::whole) {
                single(member, term, path / name);
            }
        }
    }

    void single(const Json& value, const Term& term, const Path& path, bool element = false) {
        const bool allowed_else = (term.nullable && value.is_null()) ||
                                  (term.or_boolean && value.is_boolean()) ||
                                  (term.or_false && value == Json(false));
        if (allowed_else) {
            return;
        }
        if (term.shape != nullptr && value.is_object()) {
            const Extent whole = std::exchange(m_extent, term.partial ? Extent::part : m_extent);
            object(value, *term.shape, path, element);
            m_extent = whole;
            return;
        }
        if (!fits(value, term)) {
            const bool show = value.is_string() && (term.kind == Kind::choice || term.text != nullptr);
            const bool tell = show && !names_secret(term.key);
            m_problems.add(path.pointer(), vocabulary::value_text(term),
                           tell ? in_quotes(value.get_ref<const std::string&>()) : describe(value));
        }
    }

    static bool fits(const Json& value, const Term& term) {
        const auto inside = [&term](std::uint64_t size) {
            return std::cmp_greater_equal(size, term.min) && std::cmp_less_equal(size, term.max);
        };
        switch (term.kind) {
            case Kind::boolean:
                return value.is_boolean();
            case Kind::integer:
                if (value.is_string()) {
                    return std::find(term.values.begin(), term.values.end(),
                                     value.get_ref<const std::string&>()) != term.values.end();
                }
                return value.is_number_unsigned()
                           ? inside(value.get<std::uint64_t>())
                           : value.is_number_integer() && value.get<std::int64_t>() >= term.min &&
                                 value.get<std::int64_t>() <= term.max;
            case Kind::object:
                return false;
            default:
                break;
        }
        if (!value.is_string()) {
            return false;
        }
        const auto& text = value.get_ref<const std::string&>();
        if (term.kind == Kind::text) {
            return inside(text.size()) && term.text->accepts(text);
        }
        if (term.kind == Kind::hex) {
            const auto bytes = from_hex(text);
            return bytes && inside(bytes->size());
        }
        return std::find(term.values.begin(), term.values.end(), text) != term.values.end();
    }

    Extent m_extent;
    bool m_newer;
    bool m_tell;
    ProblemList& m_problems;
};

/// A file defines a profile ("id") or changes others ("patch").
void check_identity(const Json& file, ProblemList& problems) {
    const bool patch = file.contains("patch");
    if (patch == file.contains("id")) {
        problems.add(patch ? "/patch" : "/id", "either \"id\" or \"patch\"", patch ? "both" : "neither");
    }
    if (patch && file.contains("extends")) {
        problems.add("/extends", "no \"extends\" beside \"patch\"", "both");
    }
}

}  // namespace

void check_file(const Json& file, ProblemList& problems) {
    FormChecker(extent_of(file), is_newer(file), true, problems).object(file, vocabulary::profile_shape, {});
    if (file.is_object()) {
        check_identity(file, problems);
    }
}

void check_whole(const Json& profile, ProblemList& problems) {
    FormChecker(Extent::whole, is_newer(profile), false, problems)
        .object(profile, vocabulary::profile_shape, {});
    if (problems.empty()) {
        check_rules(profile, problems);
    }
}

}  // namespace jeton::card
