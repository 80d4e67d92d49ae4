// The table of the vocabulary, looked up and in words.
#include <algorithm>
#include <fmt/format.h>

#include "card/profile_vocabulary.hpp"

namespace jeton::card::vocabulary {

const Term* Shape::find(std::string_view key) const {
    const auto found =
        std::find_if(terms.begin(), terms.end(), [key](const Term& term) { return term.key == key; });
    return found == terms.end() ? nullptr : &*found;
}

std::string_view constant_in(std::string_view text) {
    constexpr std::string_view opening = "{const.";
    const bool is_constant = text.starts_with(opening) && text.ends_with('}');
    return is_constant ? text.substr(opening.size(), text.size() - opening.size() - 1) : std::string_view{};
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
            return fmt::format(
                "an integer from {} to {}{}", term.min, term.max,
                term.values.empty() ? "" : fmt::format(", or \"{}\"", fmt::join(term.values, "\", \"")));
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
    if (term.shape != nullptr && term.kind != Kind::object) {
        text += ", or an object";
    }
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
            return fmt::format("an array{}{} of: {}", term.least > 0 ? ", not empty," : "",
                               term.most > 0 ? fmt::format(" of at most {}", term.most) : "",
                               value_text(term));
        case Form::map:
            return "an object by name of: " + value_text(term);
    }
    return {};
}

}  // namespace jeton::card::vocabulary
