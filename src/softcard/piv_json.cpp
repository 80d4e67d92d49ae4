#include "softcard/piv_json.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "softcard/pin_json.hpp"

namespace jeton::softcard {

namespace {

using ClearSecret = std::shared_ptr<const ClearKey>;

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

template <typename Small>
Json number(Small value) {
    return static_cast<unsigned>(value);
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
        out["private_key"] = to_hex(std::get<ClearSecret>(key.secret)->der);
    }
    return out;
}

Json management_json(const ManagementKey& key) {
    return {{"algorithm", number(key.algorithm)},
            {"touch_policy", number(key.touch_policy)},
            {"value", to_hex(key.value)}};
}

TouchPolicy read_touch_policy(const Node& node) {
    return static_cast<TouchPolicy>(
        node.member("touch_policy")
            .number(static_cast<unsigned>(TouchPolicy::never), static_cast<unsigned>(TouchPolicy::cached)));
}

void read_pins(const Node& root, PivState& out) {
    for (const PinName& row : pin_names) {
        if (row.is_needed || root.has(row.name)) {
            out.pins.emplace(row.reference, read_pin(root.member(row.name)));
        }
    }
}

/// known_key gives what |known| holds under |reference|, if it is there and not sealed.
ClearSecret known_key(const PivState* known, Byte reference) {
    if (known == nullptr || !known->keys.contains(reference)) {
        return nullptr;
    }
    const auto* const clear = std::get_if<ClearSecret>(&known->keys.at(reference).secret);
    return clear == nullptr ? nullptr : *clear;
}

ClearSecret read_clear_key(const Node& node, const Key& key, const ClearSecret& known) {
    SecretBytes der = node.hex(1, longest_private_key);
    if (known != nullptr && known->der == der && known->key.public_key() == key.public_key) {
        return known;
    }
    auto parsed = crypto::PrivateKey::from_der(der);
    if (!parsed || parsed->public_key() != key.public_key) {
        node.refuse("the PKCS#8 private key of the public key", "something else");
    }
    return std::make_shared<const ClearKey>(std::move(*parsed), std::move(der));
}

SealedKey read_sealed_key(const Node& node) {
    SealedKey sealed;
    sealed.made_for = static_cast<Byte>(node.member("made_for").number(0, 0xFF));
    sealed.box =
        to_bytes(node.member("sealed_key").hex(least_box_bytes + 1, least_box_bytes + longest_private_key));
    return sealed;
}

/// Reads what tells how the key is used, and the key itself: sealed unless its use needs no PIN.
Key read_key(const Node& node, const ClearSecret& known) {
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
        key.secret = read_clear_key(node.member("private_key"), key, known);
    } else {
        node.only(
            {"algorithm", "pin_policy", "touch_policy", "origin", "public_key", "made_for", "sealed_key"});
        key.secret = read_sealed_key(node);
    }
    return key;
}

void read_keys(const Node& node, const PivState* known, PivState& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto reference = tag_of_text(name);
        if (!reference || *reference > 0xFF || !holds_key(static_cast<Byte>(*reference))) {
            value.refuse("a key reference", in_quotes(name));
        }
        const Byte slot = static_cast<Byte>(*reference);
        Key key = read_key(value, known_key(known, slot));
        if (slot == attestation_key && key.pin_policy != PinPolicy::never) {
            value.member("pin_policy").refuse("1, because attesting asks for no PIN", "another number");
        }
        out.keys.emplace(slot, std::move(key));
    });
}

void read_objects(const Node& node, PivState& out) {
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

}  // namespace

Json piv_json(const PivState& state) {
    Json out = {{"sealing_key", to_hex(state.sealing_key)},
                {"management_key", management_json(state.management)},
                {"keys", Json::object()},
                {"objects", Json::object()}};
    for (const PinName& row : pin_names) {
        if (const auto pin = state.pins.find(row.reference); pin != state.pins.end()) {
            out[row.name] = pin_json(pin->second);
        }
    }
    for (const auto& [reference, key] : state.keys) {
        out["keys"][tag_text(reference)] = key_json(key);
    }
    for (const auto& [tag, content] : state.objects) {
        out["objects"][tag_text(tag)] = to_hex(content);
    }
    return out;
}

PivState read_piv(const Node& node, const PivState* known) {
    node.only({"sealing_key", "pin", "puk", "global_pin", "management_key", "keys", "objects"});
    PivState state;
    const std::size_t key_bytes = crypto::okp_facts(crypto::OkpCurve::x25519).public_bytes;
    state.sealing_key = to_bytes(node.member("sealing_key").hex(key_bytes, key_bytes));
    read_pins(node, state);
    state.management = read_management(node.member("management_key"));
    read_keys(node.member("keys"), known, state);
    read_objects(node.member("objects"), state);
    return state;
}

}  // namespace jeton::softcard
