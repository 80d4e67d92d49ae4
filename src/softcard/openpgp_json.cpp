#include "softcard/openpgp_json.hpp"

#include "softcard/pin_json.hpp"

namespace jeton::softcard::openpgp {

namespace {

constexpr std::size_t longest_key_text = 8192;
constexpr std::size_t longest_public_text = 2048;

/// PasswordName is what the file calls a password.
struct PasswordName {
    Byte reference;
    const char* name;
    bool is_needed;
};

constexpr PasswordName password_names[] = {
    {pw1_signature, "pw1", true}, {pw3, "pw3", true}, {resetting_code, "resetting_code", false}};

Json password_json(const Password& password) {
    return {{"pin", pin_json(password.pin)}, {"length", password.length}};
}

Json keys_json(const State& state) {
    Json out = Json::object();
    for (std::size_t place = 0; place < key_count; ++place) {
        if (const auto& key = state.keys[place]) {
            out[std::to_string(place + 1)] = {{"origin", unsigned{key->origin}},
                                              {"public_key", to_hex(crypto::spki(key->public_key))},
                                              {"sealed_key", to_hex(key->box)}};
        }
    }
    return out;
}

Password read_password(const Node& node, Byte reference) {
    node.only({"pin", "length"});
    const auto least = static_cast<unsigned>(shortest_password(reference));
    return {read_pin(node.member("pin")), node.member("length").number(least, longest_password)};
}

Key read_one_key(const Node& node, const KeyAlgorithm& algorithm) {
    node.only({"origin", "public_key", "sealed_key"});
    Key key;
    key.origin = static_cast<Byte>(node.member("origin").number(origin_generated, origin_imported));
    auto public_key = crypto::parse_spki(node.member("public_key").hex(1, longest_public_text));
    if (!public_key || !algorithm.describes(*public_key)) {
        node.member("public_key").refuse("a public key of the key's attributes", "something else");
    }
    key.public_key = std::move(*public_key);
    key.box =
        to_bytes(node.member("sealed_key").hex(least_box_bytes + 1, least_box_bytes + longest_key_text));
    return key;
}

/// place_of reads "1" to the digit |count|, less one.
std::size_t place_of(const Node& value, const std::string& name, std::size_t count) {
    if (name.size() != 1 || name[0] < '1' || static_cast<std::size_t>(name[0] - '0') > count) {
        value.refuse("a number from 1 to " + std::to_string(count), in_quotes(name));
    }
    return static_cast<std::size_t>(name[0] - '1');
}

void read_kept_objects(const Node& node, State& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto tag = tag_of_text(name);
        const ObjectRule* const rule = tag ? find_object_rule(*tag) : nullptr;
        if (rule == nullptr) {
            value.refuse("a tag of a data object", in_quotes(name));
        }
        SecretBytes content = value.hex(rule->least, rule->most);
        if (!fits_object(*tag, content)) {
            value.refuse("a content that the object may have", "another");
        }
        out.objects.emplace(*tag, std::move(content));
    });
}

}  // namespace

Json write_state(const State& state) {
    Json out = {{"terminated", state.terminated},
                {"sealing_key", to_hex(state.sealing_key)},
                {"several_signatures", state.several_signatures},
                {"signatures", state.signatures},
                {"keys", keys_json(state)},
                {"certificates", Json::object()},
                {"objects", Json::object()}};
    for (const PasswordName& row : password_names) {
        if (const auto found = state.passwords.find(row.reference); found != state.passwords.end()) {
            out[row.name] = password_json(found->second);
        }
    }
    for (std::size_t place = 0; place < certificate_count; ++place) {
        if (!state.certificates[place].empty()) {
            out["certificates"][std::to_string(place + 1)] = to_hex(state.certificates[place]);
        }
    }
    for (const auto& [tag, content] : state.objects) {
        out["objects"][tag_text(tag)] = to_hex(content);
    }
    if (!state.aes_key.empty()) {
        out["aes_key"] = to_hex(state.aes_key);
    }
    return out;
}

State read_state(const Node& node, const State*) {
    node.only({"terminated", "sealing_key", "several_signatures", "signatures", "keys", "certificates",
               "objects", "pw1", "pw3", "resetting_code", "aes_key"});
    State state;
    state.terminated = node.member("terminated").boolean();
    const std::size_t key_bytes = crypto::okp_facts(crypto::OkpCurve::x25519).public_bytes;
    state.sealing_key = to_bytes(node.member("sealing_key").hex(key_bytes, key_bytes));
    for (const PasswordName& row : password_names) {
        if (row.is_needed || node.has(row.name)) {
            state.passwords.emplace(row.reference, read_password(node.member(row.name), row.reference));
        }
    }
    state.several_signatures = node.member("several_signatures").boolean();
    state.signatures = node.member("signatures").number(0, most_signatures);
    read_kept_objects(node.member("objects"), state);
    node.member("keys").each_member([&](const std::string& name, const Node& value) {
        const std::size_t place = place_of(value, name, key_count);
        state.keys[place] = read_one_key(value, state.algorithm(place));
    });
    node.member("certificates").each_member([&](const std::string& name, const Node& value) {
        state.certificates[place_of(value, name, certificate_count)] = value.hex(1, most_certificate_bytes);
    });
    if (node.has("aes_key")) {
        const std::size_t most = least_box_bytes + aes_key_bytes.back();
        state.aes_key = to_bytes(node.member("aes_key").hex(least_box_bytes + aes_key_bytes.front(), most));
    }
    return state;
}

}  // namespace jeton::softcard::openpgp
