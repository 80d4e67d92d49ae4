// What the rows of the vocabulary are written with.
#pragma once

#include <algorithm>

#include "card/profile_text_forms.hpp"

namespace jeton::card::vocabulary::rows {

constexpr Term text(std::string_view key, std::int64_t max, std::string_view meaning,
                    const TextForm& form = text_forms::plain) {
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
/// or_object allows an object of |shape| in the place of the value too.
constexpr Term or_object(Term term, const Shape& shape) {
    term.shape = &shape;
    return term;
}
/// or_word allows one of |words| in the place of the number too.
constexpr Term or_word(Term term, std::span<const std::string_view> words) {
    term.values = words;
    return term;
}
constexpr Term partial(Term term) {
    term.partial = true;
    return term;
}
constexpr Term at_most(Term term, std::size_t most) {
    term.most = most;
    return term;
}
constexpr Term map(Term term, std::span<const std::string_view> names) {
    term.form = Form::map;
    term.known_names = names;
    return term;
}

/// joined puts two lists of rows behind each other.
template <std::size_t First, std::size_t Second>
constexpr std::array<Term, First + Second> joined(const std::array<Term, First>& first,
                                                  const std::array<Term, Second>& second) {
    std::array<Term, First + Second> out{};
    std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), out.begin()));
    return out;
}

}  // namespace jeton::card::vocabulary::rows
