#include "softcard/card_json.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <string_view>
#include <utility>

#include "softcard/json_node.hpp"

namespace jeton::softcard {

namespace {

constexpr std::string_view format_name = "jeton software card";
constexpr unsigned format_version = 2;
constexpr std::size_t longest_private_key = 8192;
constexpr std::size_t longest_public_key = 2048;

/// PinName is what the file calls a PIN.
struct PinName {
    Byte reference;
    const char* name;
    bool is_needed;
};

constexpr PinName pin_names[] = {
    {application_pin, "pin", true}, {pin_unblocking_key, "puk", true}, {global_pin, "global_pin", false}};

/// Overwrites every text in |value|: a document holds keys.
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

template <typename Small>
Json number(Small value) {
    return static_cast<unsigned>(value);
}

Json pin_json(const Pin& pin) {
    return {{"salt", to_hex(pin.wrapped.salt)},       {"iterations", pin.wrapped.iterations},
            {"sealing_key", to_hex(pin.wrapped.box)}, {"tries", pin.tries},
            {"most_tries", pin.most_tries},           {"factory_value", pin.is_factory_value}};
}

Json key_json(const Key& key) {
    Json out = {{"algorithm", number(key.algorithm)},
                {"pin_policy", number(key.pin_policy)},
                {"touch_policy", number(key.touch_policy)},
                {"origin", number(key.origin)},
                {"public_key", to_hex(crypto::spki(key.public_key))}};
    if (const auto* const sealed = std::get_if<SealedKey>(&key.secret)) {
        out["made_for"] = number(sealed->made_for);
        out["sealed_key"] = to_hex(sealed->box);
    } else {
        out["private_key"] = to_hex(std::get<OpenKey>(key.secret)->to_der());
    }
    return out;
}

Json management_json(const ManagementKey& key) {
    return {{"algorithm", number(key.algorithm)},
            {"touch_policy", number(key.touch_policy)},
            {"value", to_hex(key.value)}};
}

std::string tag_text(std::uint32_t tag) {
    char digits[8];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), tag, 16).ptr;
    return {std::begin(digits), end};
}

std::optional<std::uint32_t> tag_of_text(std::string_view text) {
    std::uint32_t tag = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tag, 16);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && tag_text(tag) == text ? std::optional(tag) : std::nullopt;
}

TouchPolicy read_touch_policy(const Node& node) {
    return static_cast<TouchPolicy>(
        node.member("touch_policy")
            .number(static_cast<unsigned>(TouchPolicy::never), static_cast<unsigned>(TouchPolicy::cached)));
}

Pin read_pin(const Node& node) {
    node.only({"salt", "iterations", "sealing_key", "tries", "most_tries", "factory_value"});
    Pin pin;
    const SecretBytes salt = node.member("salt").hex(salt_bytes, salt_bytes);
    std::copy(salt.begin(), salt.end(), pin.wrapped.salt.begin());
    pin.wrapped.iterations = node.member("iterations").number(1, most_iterations);
    pin.wrapped.box = to_bytes(node.member("sealing_key").hex(Wrapped::box_bytes, Wrapped::box_bytes));
    pin.most_tries = node.member("most_tries").number(1, largest_tries);
    pin.tries = node.member("tries").number(0, pin.most_tries);
    pin.is_factory_value = node.member("factory_value").boolean();
    return pin;
}

void read_pins(const Node& root, CardState& out) {
    for (const PinName& row : pin_names) {
        if (row.is_needed || root.has(row.name)) {
            out.pins.emplace(row.reference, read_pin(root.member(row.name)));
        }
    }
}

OpenKey read_open_key(const Node& node, const Key& key) {
    auto parsed = crypto::PrivateKey::from_der(node.hex(1, longest_private_key));
    if (!parsed || parsed->public_key() != key.public_key) {
        node.refuse("the PKCS#8 private key of the public key", "something else");
    }
    return std::make_shared<const crypto::PrivateKey>(std::move(*parsed));
}

SealedKey read_sealed_key(const Node& node) {
    SealedKey sealed;
    sealed.made_for = static_cast<Byte>(node.member("made_for").number(0, 0xFF));
    sealed.box =
        to_bytes(node.member("sealed_key").hex(least_box_bytes + 1, least_box_bytes + longest_private_key));
    return sealed;
}

/// Reads what tells how the key is used, and the key itself: sealed unless its use needs no PIN.
Key read_key(const Node& node) {
    Key key;
    key.algorithm = static_cast<Byte>(node.member("algorithm").number(0, 0xFF));
    const KeyAlgorithm* const algorithm = find_key_algorithm(key.algorithm);
    if (algorithm == nullptr) {
        node.member("algorithm").refuse("an algorithm of this card", std::to_string(key.algorithm));
    }
    key.pin_policy = static_cast<PinPolicy>(node.member("pin_policy").number(1, 3));
    key.touch_policy = read_touch_policy(node);
    key.origin = static_cast<Byte>(node.member("origin").number(origin_generated, origin_imported));
    auto public_key = crypto::parse_spki(node.member("public_key").hex(1, longest_public_key));
    if (!public_key || !algorithm->describes(*public_key)) {
        node.member("public_key").refuse("a public key of the algorithm", "something else");
    }
    key.public_key = std::move(*public_key);
    if (key.pin_policy == PinPolicy::never) {
        node.only({"algorithm", "pin_policy", "touch_policy", "origin", "public_key", "private_key"});
        key.secret = read_open_key(node.member("private_key"), key);
    } else {
        node.only(
            {"algorithm", "pin_policy", "touch_policy", "origin", "public_key", "made_for", "sealed_key"});
        key.secret = read_sealed_key(node);
    }
    return key;
}

void read_keys(const Node& node, CardState& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto reference = tag_of_text(name);
        if (!reference || *reference > 0xFF || !holds_key(static_cast<Byte>(*reference))) {
            value.refuse("a key reference", in_quotes(name));
        }
        Key key = read_key(value);
        if (*reference == attestation_key && key.pin_policy != PinPolicy::never) {
            value.member("pin_policy").refuse("1, because attesting asks for no PIN", "another number");
        }
        out.keys.emplace(static_cast<Byte>(*reference), std::move(key));
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

ManagementKey read_management(const Node& node) {
    node.only({"algorithm", "touch_policy", "value"});
    ManagementKey key;
    const unsigned algorithm = node.member("algorithm").number(0, 0xFF);
    const ManagementFacts* const facts = find_management(static_cast<Byte>(algorithm));
    if (facts == nullptr) {
        node.member("algorithm").refuse("3, 8, 10 or 12", std::to_string(algorithm));
    }
    key.algorithm = facts->algorithm;
    key.touch_policy = read_touch_policy(node);
    key.value = node.member("value").hex(facts->key_bytes, facts->key_bytes);
    return key;
}

/// Refuses files of other versions; those of version 1 deserve a word of advice.
void check_version(const Node& node) {
    if (node.number(1, format_version) == 1) {
        node.refuse("version 2, which encrypts private keys",
                    "version 1, which did not: such a card is not read any more. Delete it and make a new "
                    "one (jeton softcard delete, jeton softcard create); what was encrypted or certified "
                    "for its keys needs new keys too");
    }
}

CardState read_members(const Node& root) {
    if (root.member("format").text() != format_name) {
        root.member("format").refuse(in_quotes(format_name), "another text");
    }
    check_version(root.member("version"));
    root.only({"format", "version", "serial", "sealing_key", "pin", "puk", "global_pin", "management_key",
               "keys", "objects"});
    CardState state;
    const SecretBytes serial = root.member("serial").hex(state.serial.size(), state.serial.size());
    std::copy(serial.begin(), serial.end(), state.serial.begin());
    const std::size_t key_bytes = crypto::okp_facts(crypto::OkpCurve::x25519).public_bytes;
    state.sealing_key = to_bytes(root.member("sealing_key").hex(key_bytes, key_bytes));
    read_pins(root, state);
    state.management = read_management(root.member("management_key"));
    read_keys(root.member("keys"), state);
    read_objects(root.member("objects"), state);
    return state;
}

}  // namespace

SecretBytes write_card(const CardState& state) {
    WipedJson document({{"format", format_name},
                        {"version", format_version},
                        {"serial", to_hex(state.serial)},
                        {"sealing_key", to_hex(state.sealing_key)},
                        {"management_key", management_json(state.management)},
                        {"keys", Json::object()},
                        {"objects", Json::object()}});
    for (const PinName& row : pin_names) {
        if (const auto pin = state.pins.find(row.reference); pin != state.pins.end()) {
            document.value[row.name] = pin_json(pin->second);
        }
    }
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
