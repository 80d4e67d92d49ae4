#include "softcard/hsm_json.hpp"

#include <fmt/core.h>
#include <limits>

#include "softcard/pin_json.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t longest_secret = 8192;
constexpr std::size_t longest_spki = 2048;

struct HsmPinName {
    Byte reference;
    const char* name;
};

constexpr HsmPinName hsm_pin_names[] = {{hsm_user_pin, "pin"}, {hsm_so_pin, "so_pin"}};

/// Reads the name of the member |node|, a number of |least| to |most|.
unsigned number_of_name(const Node& node, const std::string& name, unsigned least, unsigned most) {
    const auto number = tag_of_text(name);
    if (!number || *number < least || *number > most) {
        node.refuse(fmt::format("a number from {:x} to {:x} as a name", least, most), in_quotes(name));
    }
    return *number;
}

Json hsm_domain_json(const HsmDomain& domain) {
    return {{"shares", domain.shares},
            {"missing", domain.missing},
            {"sum", to_hex(domain.sum)},
            {"check_value", to_hex(domain.check_value)},
            {"sealed_dkek", to_hex(domain.box)}};
}

HsmDomain read_hsm_domain(const Node& node) {
    node.only({"shares", "missing", "sum", "check_value", "sealed_dkek"});
    HsmDomain domain;
    domain.shares = node.member("shares").number(0, 0xFF);
    domain.missing = node.member("missing").number(0, domain.shares);
    const bool complete = domain.missing == 0;
    const bool begun = !complete && domain.missing < domain.shares;
    const std::size_t sum = begun ? dkek_bytes : 0;
    const std::size_t check = complete ? dkek_check_bytes : 0;
    const std::size_t box = complete ? dkek_bytes + least_box_bytes : 0;
    domain.sum = node.member("sum").hex(sum, sum);
    domain.check_value = to_bytes(node.member("check_value").hex(check, check));
    domain.box = to_bytes(node.member("sealed_dkek").hex(box, box));
    return domain;
}

Json hsm_key_json(const HsmKey& key) {
    Json out = {{"algorithms", to_hex(key.algorithms)},
                {"domain", static_cast<unsigned>(key.domain)},
                {"sealed_key", to_hex(key.box)}};
    if (const auto* const aes = std::get_if<HsmKey::Aes>(&key.kind)) {
        out["aes_bytes"] = aes->bytes;
    } else {
        out["public_key"] = to_hex(crypto::spki(std::get<crypto::PublicKey>(key.kind)));
    }
    if (key.uses) {
        out["uses"] = *key.uses;
    }
    return out;
}

std::variant<HsmKey::Aes, crypto::PublicKey> read_hsm_kind(const Node& node) {
    if (node.has("aes_bytes")) {
        const std::size_t bytes = node.member("aes_bytes").number(16, 32);
        if (bytes % 8 != 0) {
            node.member("aes_bytes").refuse("16, 24 or 32", std::to_string(bytes));
        }
        return HsmKey::Aes{bytes};
    }
    auto key = crypto::parse_spki(node.member("public_key").hex(1, longest_spki));
    if (!key || std::holds_alternative<crypto::OkpPublicKey>(*key)) {
        node.member("public_key").refuse("a public key of RSA or of a curve with points", "something else");
    }
    return std::move(*key);
}

HsmKey read_hsm_key(const Node& node) {
    node.only({"algorithms", "domain", "sealed_key", "aes_bytes", "public_key", "uses"});
    HsmKey key{.kind = read_hsm_kind(node)};
    key.algorithms = to_bytes(node.member("algorithms").hex(0, 0xFF));
    key.domain = static_cast<Byte>(node.member("domain").number(0, 0xFF));
    key.box = to_bytes(node.member("sealed_key").hex(least_box_bytes + 1, least_box_bytes + longest_secret));
    if (node.has("uses")) {
        key.uses = node.member("uses").number(0, std::numeric_limits<std::uint32_t>::max());
    }
    return key;
}

SecretBytes read_hsm_file(const Node& node, HsmFile file) {
    if (find_hsm_file_rule(file) == nullptr) {
        node.refuse("a file of this application", "another one");
    }
    const bool sealed = file >> 8 == hsm_file::protected_prefix;
    const std::size_t added = sealed ? least_box_bytes : 0;
    return node.hex(added, hsm_most_file_bytes + added);
}

void check_device_key(const Node& node, View der) {
    const auto key = crypto::PrivateKey::from_der(der);
    if (!key || !std::holds_alternative<crypto::EcPublicKey>(key->public_key())) {
        node.refuse("the PKCS#8 private key of a curve with points", "something else");
    }
}

void read_hsm_initialised(const Node& node, HsmState& out) {
    const std::size_t key_bytes = crypto::okp_facts(crypto::OkpCurve::x25519).public_bytes;
    out.sealing_key = to_bytes(node.member("sealing_key").hex(key_bytes, key_bytes));
    for (const HsmPinName& row : hsm_pin_names) {
        out.pins.emplace(row.reference, read_pin(node.member(row.name)));
    }
    out.options = static_cast<std::uint16_t>(node.member("options").number(0, 0xFFFF));
    out.pin_length = node.member("pin_length").number(hsm_shortest_pin, hsm_longest_pin);
    out.domain_count = node.member("domain_count").number(0, 0xFF);
    node.member("domains").each_member([&](const std::string& name, const Node& value) {
        const unsigned number = number_of_name(value, name, 0, 0xFF);
        if (number >= out.domain_count) {
            value.refuse("a domain below the number of domains", in_quotes(name));
        }
        out.domains.emplace(static_cast<Byte>(number), read_hsm_domain(value));
    });
    node.member("keys").each_member([&](const std::string& name, const Node& value) {
        const unsigned id = number_of_name(value, name, 1, 0xFF);
        out.keys.emplace(static_cast<Byte>(id), read_hsm_key(value));
    });
}

}  // namespace

Json hsm_json(const HsmState& state) {
    Json out = {{"modes", aes_modes_name(state.modes)},
                {"name", state.name},
                {"device_key", to_hex(state.device_key)},
                {"iterations", state.iterations},
                {"files", Json::object()}};
    for (const auto& [file, content] : state.files) {
        out["files"][tag_text(file)] = to_hex(content);
    }
    if (!state.is_initialised()) {
        return out;
    }
    out["sealing_key"] = to_hex(state.sealing_key);
    out["pin_length"] = state.pin_length;
    out["options"] = static_cast<unsigned>(state.options);
    out["domain_count"] = state.domain_count;
    out["domains"] = Json::object();
    out["keys"] = Json::object();
    for (const HsmPinName& row : hsm_pin_names) {
        out[row.name] = pin_json(state.pins.at(row.reference));
    }
    for (const auto& [number, domain] : state.domains) {
        out["domains"][tag_text(number)] = hsm_domain_json(domain);
    }
    for (const auto& [id, key] : state.keys) {
        out["keys"][tag_text(id)] = hsm_key_json(key);
    }
    return out;
}

HsmState read_hsm(const Node& node, const HsmState* known) {
    node.only({"modes", "name", "device_key", "iterations", "files", "sealing_key", "options", "domain_count",
               "domains", "keys", "pin", "so_pin", "pin_length"});
    HsmState state;
    const auto modes = find_aes_modes(node.member("modes").text());
    if (!modes) {
        node.member("modes").refuse("\"native\", \"cbc0\" or \"ecb\"", "another text");
    }
    state.modes = *modes;
    state.name = node.member("name").text();
    if (state.name.size() < 8 || state.name.size() > 16) {
        node.member("name").refuse("8 to 16 characters", std::to_string(state.name.size()));
    }
    state.device_key = node.member("device_key").hex(1, longest_secret);
    if (known == nullptr || known->device_key != state.device_key) {
        check_device_key(node.member("device_key"), state.device_key);
    }
    state.iterations = node.member("iterations").number(1, most_iterations);
    node.member("files").each_member([&](const std::string& name, const Node& value) {
        const auto file = static_cast<HsmFile>(number_of_name(value, name, 0, 0xFFFF));
        state.files.emplace(file, read_hsm_file(value, file));
    });
    if (!state.files.contains(hsm_file::device_certificates)) {
        node.member("files").refuse("the device certificates, 2F02", "none");
    }
    if (node.has("sealing_key")) {
        read_hsm_initialised(node, state);
    }
    return state;
}

}  // namespace jeton::softcard
