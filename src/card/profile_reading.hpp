// How the values of a checked profile become C++.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "util/json.hpp"

namespace jeton::card::reading {

// Each read() leaves |out| alone, and with it the default that profile.hpp gives, when the key is not there.

inline void read(const Json& json, const char* key, bool& out) {
    out = json.value(key, out);
}

inline void read(const Json& json, const char* key, std::string& out) {
    if (const auto found = json.find(key); found != json.end()) {
        out = found->get<std::string>();
    }
}

template <typename Number>
void read_number(const Json& json, const char* key, Number& out) {
    if (const auto found = json.find(key); found != json.end()) {
        out = found->get<Number>();
    }
}

inline Bytes bytes_of(const Json& json) {
    return from_hex(json.get_ref<const std::string&>()).value_or(Bytes{});
}

inline void read(const Json& json, const char* key, Bytes& out) {
    if (const auto found = json.find(key); found != json.end()) {
        out = bytes_of(*found);
    }
}

inline void read(const Json& json, const char* key, Byte& out) {
    Bytes bytes;
    read(json, key, bytes);
    if (!bytes.empty()) {
        out = bytes.front();
    }
}

/// The values of a choice stand in the order of the enumerators.
template <typename Enum>
Enum enum_of(const std::string& text, std::span<const std::string_view> values) {
    const auto found = std::find(values.begin(), values.end(), text);
    return static_cast<Enum>(found == values.end() ? 0 : found - values.begin());
}

template <typename Enum>
void read_enum(const Json& json, const char* key, std::span<const std::string_view> values, Enum& out) {
    if (const auto found = json.find(key); found != json.end() && found->is_string()) {
        out = enum_of<Enum>(found->get_ref<const std::string&>(), values);
    }
}

/// The object or list at |key|; an empty one when there is none.
inline const Json& section(const Json& json, const char* key) {
    static const Json& none = *new Json(Json::object());  // never destroyed: calls may come at process exit
    const auto found = json.find(key);
    return found == json.end() ? none : *found;
}

}  // namespace jeton::card::reading
