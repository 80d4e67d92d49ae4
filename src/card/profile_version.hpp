// Versions of cards, and ranges of them as profiles write them: ">=5.7 <6".
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string_view>
#include <vector>

namespace jeton::card {

/// Version has up to three numbers; those that are not there are 0.
struct Version {
    std::array<unsigned, 3> parts{};
    auto operator<=>(const Version&) const = default;
};

/// VersionRange is one to four comparisons that must all hold; without any it has all versions.
class VersionRange {
  public:
    /// parse reads comparisons (=, <, <=, >, >=) with one space between them; nullopt for anything else.
    static std::optional<VersionRange> parse(std::string_view text);

    bool any() const { return m_comparisons.empty(); }
    bool contains(const Version& version) const;
    bool operator==(const VersionRange&) const = default;

  private:
    struct Comparison {
        bool less = false;     ///< smaller versions are in the range
        bool equal = false;    ///< the version itself is
        bool greater = false;  ///< and greater ones
        Version version;
        bool operator==(const Comparison&) const = default;
    };
    static std::optional<Comparison> parse_one(std::string_view text);

    std::vector<Comparison> m_comparisons;
};

}  // namespace jeton::card
