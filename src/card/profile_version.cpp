#include "card/profile_version.hpp"

#include <algorithm>
#include <charconv>

namespace jeton::card {

namespace {

constexpr std::size_t most_comparisons = 4;
constexpr std::size_t most_digits = 5;

/// parse_version reads one to three numbers with points between them.
std::optional<Version> parse_version(std::string_view text) {
    Version version;
    for (unsigned& part : version.parts) {
        const std::size_t end = std::min(text.find('.'), text.size());
        const auto number = std::from_chars(text.data(), text.data() + end, part);
        if (end == 0 || end > most_digits || number.ec != std::errc{} || number.ptr != text.data() + end) {
            return std::nullopt;
        }
        if (end == text.size()) {
            return version;
        }
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

}  // namespace

std::optional<VersionRange::Comparison> VersionRange::parse_one(std::string_view text) {
    const std::string_view sign = text.substr(0, std::min(text.find_first_not_of("<>="), text.size()));
    const auto version = parse_version(text.substr(sign.size()));
    const bool known = sign == "=" || sign == "<" || sign == "<=" || sign == ">" || sign == ">=";
    if (!known || !version) {
        return std::nullopt;
    }
    return Comparison{sign.front() == '<', sign.back() == '=', sign.front() == '>', *version};
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
    VersionRange range;
    for (bool more = true; more;) {
        const std::size_t space = std::min(text.find(' '), text.size());
        const auto comparison = parse_one(text.substr(0, space));
        if (!comparison || range.m_comparisons.size() == most_comparisons) {
            return std::nullopt;
        }
        range.m_comparisons.push_back(*comparison);
        more = space < text.size();
        text.remove_prefix(more ? space + 1 : space);
    }
    return range;
}

bool VersionRange::contains(const Version& version) const {
    return std::all_of(m_comparisons.begin(), m_comparisons.end(), [&](const Comparison& comparison) {
        const auto order = version <=> comparison.version;
        return order < 0 ? comparison.less : order > 0 ? comparison.greater : comparison.equal;
    });
}

}  // namespace jeton::card
