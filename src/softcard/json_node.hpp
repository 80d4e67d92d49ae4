// Node: a place in a JSON document that is read member by member, and says where it is when something is
// wrong.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fmt/core.h>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "util/bytes.hpp"
#include "util/json.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// in_quotes is |text| for a message, cut to what a line can hold.
inline std::string in_quotes(std::string_view text) {
    return fmt::format("\"{}\"", text.substr(0, 64));
}

/// tag_text is |tag| as the name of a member: hexadecimal digits. tag_of_text reads that and nothing else.
inline std::string tag_text(std::uint32_t tag) {
    return fmt::format("{:x}", tag);
}

inline std::optional<std::uint32_t> tag_of_text(std::string_view text) {
    std::uint32_t tag = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tag, 16);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && tag_text(tag) == text ? std::optional(tag) : std::nullopt;
}

/// Broken carries a JsonError up through the readers of members.
struct Broken {
    JsonError error;
};

/// Node is a place in the document that knows its own JSON pointer.
class Node {
  public:
    explicit Node(const Json& value, std::string pointer = {})
        : m_value(value), m_pointer(std::move(pointer)) {}

    [[noreturn]] void refuse(std::string expected, std::string found) const {
        throw Broken{{m_pointer, std::move(expected), std::move(found)}};
    }

    /// only refuses members that are not in |names|: a newer file must not lose what this program does not
    /// know.
    const Node& only(std::initializer_list<std::string_view> names) const {
        require_object();
        for (const auto& [key, value] : m_value.items()) {
            if (std::find(names.begin(), names.end(), key) == names.end()) {
                refuse("known members alone", in_quotes(key));
            }
        }
        return *this;
    }

    Node member(std::string_view name) const {
        require_object();
        const auto found = m_value.find(std::string(name));
        if (found == m_value.end()) {
            refuse("a member " + in_quotes(name), "none");
        }
        return Node(*found, m_pointer + "/" + std::string(name));
    }

    template <typename Visit>
    void each_member(Visit&& visit) const {
        require_object();
        for (const auto& [key, value] : m_value.items()) {
            visit(key, Node(value, m_pointer + "/" + key.substr(0, 64)));
        }
    }

    unsigned number(unsigned least, unsigned most) const {
        const bool inside = m_value.is_number_unsigned() && m_value.get<std::uint64_t>() >= least &&
                            m_value.get<std::uint64_t>() <= most;
        if (!inside) {
            refuse("a number from " + std::to_string(least) + " to " + std::to_string(most),
                   m_value.is_number() ? m_value.dump() : m_value.type_name());
        }
        return m_value.get<unsigned>();
    }

    bool has(std::string_view name) const {
        require_object();
        return m_value.contains(std::string(name));
    }

    bool boolean() const {
        if (!m_value.is_boolean()) {
            refuse("true or false", m_value.type_name());
        }
        return m_value.get<bool>();
    }

    std::string text() const {
        if (!m_value.is_string()) {
            refuse("a text", m_value.type_name());
        }
        return m_value.get<std::string>();
    }

    /// hex reads |least| to |most| bytes.
    SecretBytes hex(std::size_t least, std::size_t most) const {
        if (!m_value.is_string()) {
            refuse("hex digits", m_value.type_name());
        }
        std::optional<Bytes> bytes = from_hex(m_value.get_ref<const std::string&>());
        if (!bytes) {
            refuse("hex digits", "other characters");
        }
        SecretBytes out = to_secret(*bytes);
        if (!bytes->empty()) {
            wipe(*bytes);
        }
        if (out.size() < least || out.size() > most) {
            refuse(std::to_string(least) + " to " + std::to_string(most) + " bytes",
                   std::to_string(out.size()) + " bytes");
        }
        return out;
    }

  private:
    void require_object() const {
        if (!m_value.is_object()) {
            refuse("an object", m_value.type_name());
        }
    }

    const Json& m_value;
    std::string m_pointer;
};

}  // namespace jeton::softcard
