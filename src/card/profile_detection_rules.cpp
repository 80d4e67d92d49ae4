#include "card/profile_detection_rules.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace jeton::card {

namespace {

Bytes bytes_at(const Json& value, const char* key) {
    const auto found = value.find(key);
    return found == value.end() ? Bytes{} : from_hex(found->get_ref<const std::string&>()).value_or(Bytes{});
}

/// check_mask wants the mask at |mask|, if there is one, as long as the value at |key|, and not empty of
/// bits.
void check_mask(const Json& value, const char* key, const char* mask, const Path& path,
                ProblemList& problems) {
    if (!value.contains(mask)) {
        return;
    }
    const Bytes bits = bytes_at(value, mask);
    const std::size_t length = bytes_at(value, key).size();
    if (bits.size() != length) {
        problems.add((path / mask).pointer(), fmt::format("as many bytes as \"{}\": {}", key, length),
                     fmt::to_string(bits.size()));
    } else if (std::all_of(bits.begin(), bits.end(), [](Byte byte) { return byte == 0; })) {
        problems.add((path / mask).pointer(), "a bit that is compared", "zeros");
    }
}

bool has_any(const Json& value, std::initializer_list<const char*> keys) {
    return std::any_of(keys.begin(), keys.end(), [&](const char* key) { return value.contains(key); });
}

void check_match(const Json& entry, const Path& path, ProblemList& problems) {
    check_mask(entry, "atr", "atrMask", path, problems);
    for (const char* key : {"selectTlv", "getData"}) {
        if (const auto part = entry.find(key); part != entry.end()) {
            check_mask(*part, "hex", "mask", path / key, problems);
        }
    }
    if (!has_any(entry, {"atr", "atrMask", "historicalText", "historicalHex", "aid", "selectTlv", "getData",
                         "version", "reader"})) {
        problems.add(path.pointer(), "something that tells the card from others", "an empty entry");
    }
}

void check_status(const Json& rule, const Path& path, ProblemList& problems) {
    static constexpr std::array<std::string_view, 5> about_pins{"verify", "change-pin", "unblock",
                                                                "authenticate", "initialize"};
    const std::string action = rule.value("action", "none");
    const std::string on = rule.value("on", "any");
    if (!rule.contains("rv") && action == "none") {
        problems.add(path.pointer(), "\"rv\" or an \"action\"", "neither");
    }
    if (action != "none" && std::find(about_pins.begin(), about_pins.end(), on) != about_pins.end()) {
        problems.add((path / "action").pointer(), "\"none\", as no command about a PIN is sent twice",
                     in_quotes(action));
    }
    const std::string status = rule.at("sw");
    if (status == "9000") {
        problems.add((path / "sw").pointer(), "a status word that does not tell of success",
                     in_quotes(status));
    }
}

void check_when(const Json& when, const Path& path, ProblemList& problems) {
    check_mask(when, "atr", "atrMask", path, problems);
    if (!has_any(when, {"atr", "version"})) {
        problems.add(path.pointer(), "\"version\" or \"atr\"", "neither");
    }
}

template <typename Check>
void for_each(const Json& profile, const char* key, Check&& check) {
    const auto list = profile.find(key);
    const Path root;
    const Path path = root / key;
    for (std::size_t i = 0; list != profile.end() && i < list->size(); ++i) {
        check((*list)[i], path / i);
    }
}

}  // namespace

void check_detection(const Json& profile, ProblemList& problems) {
    for_each(profile, "match",
             [&](const Json& entry, const Path& path) { check_match(entry, path, problems); });
    for_each(profile, "status",
             [&](const Json& rule, const Path& path) { check_status(rule, path, problems); });
    for_each(profile, "variants", [&](const Json& variant, const Path& path) {
        check_when(variant.at("when"), path / "when", problems);
    });
}

}  // namespace jeton::card
