#include "card/profile_iso7816_rules.hpp"

#include <algorithm>
#include <array>

namespace jeton::card {

namespace {

/// Wanted is a key that has to have one of some values, in quotes as JSON has them; without the key it has
/// the first.
struct Wanted {
    std::string_view section;
    const char* key;
    std::array<std::string_view, 3> values;
};

/// The applet iso7816 does only this much.
constexpr std::array wanted{
    Wanted{"pins", "status", {"\"none\"", "\"empty-verify\""}},
    Wanted{"pins", "logout", {"\"none\"", "\"p1ff\"", "\"reselect\""}},
    Wanted{"keys", "presence", {"\"cert\""}},
    Wanted{"keys", "retired", {"false"}},
    Wanted{"objects", "container", {"\"plain\""}},
    Wanted{"objects", "writable", {"false"}},
    Wanted{"objects", "retired", {"false"}},
};

void check_element(std::string_view section, const Json& element, const Path& path, ProblemList& problems) {
    for (const Wanted& row : wanted) {
        const auto found = row.section == section ? element.find(row.key) : element.end();
        const std::string value = found == element.end() ? std::string(row.values.front()) : found->dump();
        if (std::find(row.values.begin(), row.values.end(), value) == row.values.end()) {
            std::string expected(row.values.front());
            for (const std::string_view other : {row.values[1], row.values[2]}) {
                expected += other.empty() ? "" : " or " + std::string(other);
            }
            problems.add((path / row.key).pointer(), expected + ", as iso7816 does no more", value);
        }
    }
}

}  // namespace

void check_iso7816(const Json& profile, ProblemList& problems) {
    if (profile.at("applet") != "iso7816") {
        return;
    }
    const Path root;
    const Json serial = profile.value(Json::json_pointer("/token/serial/from"), Json("chuid"));
    if (serial != "fixed" && serial != "object") {
        problems.add("/token/serial/from", "\"fixed\" or \"object\", as iso7816 knows no other",
                     serial.dump());
    }
    for (const char* section : {"pins", "keys", "objects"}) {
        const auto list = profile.find(section);
        if (list == profile.end()) {
            continue;
        }
        const Path path = root / section;
        if (list->is_object()) {
            for (const auto& [name, element] : list->items()) {
                check_element(section, element, path / name, problems);
            }
        } else {
            for (std::size_t i = 0; i < list->size(); ++i) {
                check_element(section, (*list)[i], path / i, problems);
            }
        }
    }
}

}  // namespace jeton::card
