#include "softcard/card_json.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace jeton::softcard {

namespace {

constexpr std::string_view format_name = "jeton software card";
constexpr unsigned format_version = 1;

/// Overwrites every text in |value|: a document holds PINs and keys.
void wipe_texts(Json& value) {
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        wipe({reinterpret_cast<Byte*>(text.data()), text.size()});
        return;
    }
    if (value.is_structured()) {
        for (Json& element : value) {
            wipe_texts(element);
        }
    }
}

/// WipedJson is a document that leaves no secrets behind.
struct WipedJson {
    Json value;

    explicit WipedJson(Json document) : value(std::move(document)) {}
    WipedJson(const WipedJson&) = delete;  // one copy is enough to wipe
    WipedJson& operator=(const WipedJson&) = delete;
    ~WipedJson() { wipe_texts(value); }
};

Json number(Byte value) {
    return static_cast<unsigned>(value);
}

Json pin_json(const Pin& pin) {
    return {{"block", to_hex(pin.block)}, {"tries", pin.tries}};
}

Json key_json(const Key& key) {
    return {{"algorithm", number(key.algorithm)},
            {"pin_policy", number(static_cast<Byte>(key.pin_policy))},
            {"touch_policy", number(key.touch_policy)},
            {"origin", number(key.origin)},
            {"private_key", to_hex(key.private_key->to_der())}};
}

std::string tag_text(std::uint32_t tag) {
    char digits[8];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), tag, 16).ptr;
    return {std::begin(digits), end};
}

/// in_quotes is |text| for a message, cut to what a line can hold.
std::string in_quotes(std::string_view text) {
    return fmt::format("\"{}\"", text.substr(0, 64));
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

std::optional<std::uint32_t> tag_of_text(std::string_view text) {
    std::uint32_t tag = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tag, 16);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && tag_text(tag) == text ? std::optional(tag) : std::nullopt;
}

Pin read_pin(const Node& node) {
    node.only({"block", "tries"});
    Pin pin{node.member("block").hex(pin_block_bytes, pin_block_bytes),
            node.member("tries").number(0, most_tries)};
    if (!is_pin_block(pin.block)) {
        node.member("block").refuse("6 to 8 printable characters, padded with FF", "other bytes");
    }
    return pin;
}

Key read_key(const Node& node) {
    node.only({"algorithm", "pin_policy", "touch_policy", "origin", "private_key"});
    Key key;
    key.algorithm = static_cast<Byte>(node.member("algorithm").number(0, 0xFF));
    const KeyAlgorithm* const algorithm = find_key_algorithm(key.algorithm);
    if (algorithm == nullptr) {
        node.member("algorithm").refuse("an algorithm of this card", std::to_string(key.algorithm));
    }
    key.pin_policy = static_cast<PinPolicy>(node.member("pin_policy").number(1, 3));
    key.touch_policy = static_cast<Byte>(node.member("touch_policy").number(touch_never, touch_never));
    key.origin = static_cast<Byte>(node.member("origin").number(origin_generated, origin_imported));
    const Node private_key = node.member("private_key");
    auto parsed = crypto::PrivateKey::from_der(private_key.hex(1, 8192));
    if (!parsed || !algorithm->describes(parsed->public_key())) {
        private_key.refuse("a PKCS#8 private key of the algorithm", "something else");
    }
    key.private_key = std::make_shared<const crypto::PrivateKey>(std::move(*parsed));
    return key;
}

void read_keys(const Node& node, CardState& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto reference = tag_of_text(name);
        if (!reference || *reference > 0xFF || !is_key_slot(static_cast<Byte>(*reference))) {
            value.refuse("a key reference", in_quotes(name));
        }
        out.keys.emplace(static_cast<Byte>(*reference), read_key(value));
    });
}

void read_objects(const Node& node, CardState& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto tag = tag_of_text(name);
        if (!tag || find_object_rule(*tag) == nullptr) {
            value.refuse("a tag of a data object", in_quotes(name));
        }
        out.objects.emplace(*tag, value.hex(1, most_object_bytes));
    });
}

CardState read_members(const Node& root) {
    if (root.member("format").text() != format_name) {
        root.member("format").refuse(in_quotes(format_name), "another text");
    }
    root.member("version").number(format_version, format_version);
    root.only({"format", "version", "serial", "pin", "puk", "management_key", "keys", "objects"});
    CardState state;
    const SecretBytes serial = root.member("serial").hex(state.serial.size(), state.serial.size());
    std::copy(serial.begin(), serial.end(), state.serial.begin());
    state.pin = read_pin(root.member("pin"));
    state.puk = read_pin(root.member("puk"));
    state.management_key = root.member("management_key").hex(16, 32);
    state.management_algorithm = management_algorithm(state.management_key.size());
    if (state.management_algorithm == 0) {
        root.member("management_key")
            .refuse("an AES key", std::to_string(state.management_key.size()) + " bytes");
    }
    read_keys(root.member("keys"), state);
    read_objects(root.member("objects"), state);
    return state;
}

}  // namespace

SecretBytes write_card(const CardState& state) {
    WipedJson document({{"format", format_name},
                        {"version", format_version},
                        {"serial", to_hex(state.serial)},
                        {"pin", pin_json(state.pin)},
                        {"puk", pin_json(state.puk)},
                        {"management_key", to_hex(state.management_key)},
                        {"keys", Json::object()},
                        {"objects", Json::object()}});
    for (const auto& [reference, key] : state.keys) {
        document.value["keys"][tag_text(reference)] = key_json(key);
    }
    for (const auto& [tag, content] : state.objects) {
        document.value["objects"][tag_text(tag)] = to_hex(content);
    }
    std::string text = document.value.dump(2);
    SecretBytes out = to_secret(view_of(text));
    wipe({reinterpret_cast<Byte*>(text.data()), text.size()});
    return out;
}

std::variant<CardState, JsonError> read_card(View text) {
    auto parsed = parse_json(text, JsonLimits::large);
    if (auto* const error = std::get_if<JsonError>(&parsed)) {
        return std::move(*error);
    }
    const WipedJson document(std::move(std::get<Json>(parsed)));
    try {
        return read_members(Node(document.value));
    } catch (const Broken& broken) {
        return broken.error;
    }
}

}  // namespace jeton::softcard
