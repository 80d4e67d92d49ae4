#include "card/profile_reader.hpp"

#include <algorithm>

#include "card/profile_vocabulary.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

// Each read() leaves |out| alone, and with it the default that profile.hpp gives, when the key is not there.

void read(const Json& json, const char* key, bool& out) {
    out = json.value(key, out);
}

void read(const Json& json, const char* key, std::string& out) {
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

Bytes bytes_of(const Json& json) {
    return from_hex(json.get_ref<const std::string&>()).value_or(Bytes{});
}

void read(const Json& json, const char* key, Bytes& out) {
    if (const auto found = json.find(key); found != json.end()) {
        out = bytes_of(*found);
    }
}

void read(const Json& json, const char* key, Byte& out) {
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
const Json& section(const Json& json, const char* key) {
    static const Json& none = *new Json(Json::object());  // never destroyed: calls may come at process exit
    const auto found = json.find(key);
    return found == json.end() ? none : *found;
}

Bytes oid_of(const std::string& dotted) {
    Bytes content;
    std::uint64_t first = 0;
    std::size_t count = 0;
    for (std::size_t at = 0; at < dotted.size(); ++count) {
        const std::size_t end = std::min(dotted.find('.', at), dotted.size());
        std::uint64_t arc = std::stoull(dotted.substr(at, end - at));
        at = end + 1;
        if (count == 0) {
            first = arc * 40;  // the first two arcs share a byte (ITU-T X.690, 8.19.4)
            continue;
        }
        arc += count == 1 ? first : 0;
        Bytes groups;
        for (; groups.empty() || arc != 0; arc >>= 7) {
            groups.insert(groups.begin(), static_cast<Byte>((arc & 0x7F) | (groups.empty() ? 0 : 0x80)));
        }
        append(content, groups);
    }
    return TlvWriter().put(0x06, content).take();
}

SelectRule read_select(const Json& json) {
    SelectRule rule;
    read(json, "aid", rule.aid);
    read(json, "p2", rule.p2);
    read_enum(json, "le", vocabulary::select_les, rule.le);
    for (const Json& aid : section(json, "alternates")) {
        rule.alternates.push_back(bytes_of(aid));
    }
    return rule;
}

TransportRule read_transport(const Json& json) {
    TransportRule rule;
    read_enum(json, "extended", vocabulary::switches, rule.extended);
    read_enum(json, "chaining", vocabulary::switches, rule.chaining);
    read_number(json, "chunk", rule.chunk);
    read_number(json, "maxCommandData", rule.max_command_data);
    read_number(json, "maxResponseData", rule.max_response_data);
    read(json, "getResponse", rule.get_response);
    read(json, "retry6C", rule.retry_6c);
    return rule;
}

TokenRule read_token(const Json& json) {
    TokenRule rule;
    std::string label;
    read(json, "label", label);
    for (std::size_t at = 0; at < label.size();) {
        const std::size_t bar = std::min(label.find('|', at), label.size());
        rule.label.push_back(label.substr(at, bar - at));
        at = bar + 1;
    }
    read(json, "manufacturer", rule.manufacturer);
    read(json, "model", rule.model);
    const Json& serial = section(json, "serial");
    read_enum(serial, "from", vocabulary::serial_sources, rule.serial_from);
    read_enum(serial, "format", vocabulary::serial_formats, rule.serial_decimal);
    read(serial, "value", rule.fixed_serial);
    return rule;
}

PinRule::Cache read_cache(const Json& json) {
    PinRule::Cache cache;
    read_enum(json, "policy", vocabulary::cache_policies, cache.policy);
    read_number(json, "count", cache.count);
    std::int64_t ttl = 0;
    read_number(json, "ttlMs", ttl);
    cache.ttl = Milliseconds(ttl);
    read(json, "forAlwaysAuth", cache.for_always_auth);
    return cache;
}

PinRule read_pin(const std::string& name, const Json& json) {
    PinRule rule;
    rule.name = name;
    read_enum(json, "role", vocabulary::pin_roles, rule.role);
    read(json, "ref", rule.ref);
    read_enum(json, "encoding", vocabulary::pin_encodings, rule.encoding);
    read_number(json, "minLength", rule.min_length);
    read_number(json, "maxLength", rule.max_length);
    if (const auto pad = json.find("pad"); pad != json.end()) {
        PinRule::Pad padding;
        read(*pad, "byte", padding.byte);
        read_number(*pad, "length", padding.length);
        rule.pad = padding;
    }
    read_enum(json, "status", vocabulary::pin_statuses, rule.status);
    read(json, "statusObject", rule.status_object);
    read_number(json, "triesMax", rule.tries_max);
    read_enum(json, "logout", vocabulary::logouts, rule.logout);
    if (const auto cache = json.find("cache"); cache != json.end()) {
        rule.cache = read_cache(*cache);
    }
    read(json, "finalTryGuard", rule.final_try_guard);
    read(json, "pinpad", rule.pinpad);
    return rule;
}

std::optional<std::size_t> pin_index(const Profile& profile, const Json& json, const char* key) {
    const auto name = json.find(key);
    const auto named = [&](const PinRule& pin) { return name->is_string() && *name == pin.name; };
    const auto found = name == json.end() ? profile.pins.end()
                                          : std::find_if(profile.pins.begin(), profile.pins.end(), named);
    return found == profile.pins.end() ? std::nullopt
                                       : std::optional<std::size_t>(found - profile.pins.begin());
}

ObjectSlot read_object(const Profile& profile, const Json& json) {
    ObjectSlot slot;
    read(json, "id", slot.id);
    read_enum(json, "class", vocabulary::object_classes, slot.object_class);
    read(json, "ref", slot.ref);
    read(json, "label", slot.label);
    read(json, "application", slot.application);
    if (const auto oid = json.find("oid"); oid != json.end()) {
        slot.oid = oid_of(*oid);
    }
    read(json, "pkcs11Id", slot.pkcs11_id);
    read_enum(json, "container", vocabulary::containers, slot.container);
    read_number(json, "occurrence", slot.occurrence);
    slot.read_pin = pin_index(profile, json, "readPin");
    slot.write_pin = pin_index(profile, json, "writePin");
    read_number(json, "maxSize", slot.max_size);
    read(json, "writable", slot.writable);
    read(json, "visible", slot.visible);
    read(json, "retired", slot.retired);
    read(json, "onDemand", slot.on_demand);
    return slot;
}

void read_usage(const Json& json, KeySlot& slot) {
    for (const Json& usage : section(json, "usage")) {
        slot.sign = slot.sign || usage == "sign";
        slot.decrypt = slot.decrypt || usage == "decrypt";
        slot.derive = slot.derive || usage == "derive";
    }
}

void read_types(const Json& json, KeySlot& slot) {
    for (const Json& type : section(json, "types")) {
        if (type == "any") {
            slot.types.clear();
            return;
        }
        slot.types.push_back(enum_of<KeyType>(type, vocabulary::key_types));
    }
}

KeySlot read_key(const Profile& profile, const Json& json) {
    KeySlot slot;
    read(json, "id", slot.id);
    read(json, "ref", slot.ref);
    read(json, "pkcs11Id", slot.pkcs11_id);
    read(json, "label", slot.label);
    slot.public_label = slot.label;
    read(json, "publicLabel", slot.public_label);
    read_types(json, slot);
    read_usage(json, slot);
    slot.pin = pin_index(profile, json, "pin");
    if (const auto always = json.find("alwaysAuthenticate"); always != json.end()) {
        slot.always_authenticate =
            always->is_string() ? Switch::automatic : (always->get<bool>() ? Switch::always : Switch::never);
    }
    if (const auto certificate = json.find("certificate"); certificate != json.end()) {
        slot.certificate = profile.object_index(certificate->get_ref<const std::string&>());
    }
    read_enum(json, "presence", vocabulary::presences, slot.presence);
    read(json, "private", slot.is_private);
    read(json, "visible", slot.visible);
    read(json, "retired", slot.retired);
    return slot;
}

MechanismRule read_mechanism(const Json& json) {
    MechanismRule rule;
    if (json.is_boolean()) {
        rule.enabled = json.get<bool>();
        return rule;
    }
    read(json, "enabled", rule.enabled);
    for (const Json& key : section(json, "keys")) {
        rule.keys.push_back(key);
    }
    return rule;
}

void read_switches(const Json& json, Profile& profile) {
    const Json& quirks = section(json, "quirks");
    read(quirks, "verifyAdjacentToSign", profile.quirks.verify_adjacent_to_sign);
    read(quirks, "verify630x", profile.quirks.verify_630x);
    read(quirks, "probeRetiredSlots", profile.quirks.probe_retired_slots);
    read(quirks, "discoveryPin", profile.quirks.discovery_pin);
    const Json& policy = section(json, "policy");
    read(policy, "exposeData", profile.expose_data);
    read(policy, "allowWrite", profile.allow_write);
    read(policy, "allowKeygen", profile.allow_keygen);
    read(policy, "allowImport", profile.allow_import);
}

}  // namespace

MatchRule read_match(const Json& json) {
    MatchRule rule;
    read(json, "atr", rule.atr);
    read(json, "atrMask", rule.atr_mask);
    read(json, "historicalText", rule.historical_text);
    read(json, "historicalHex", rule.historical_hex);
    read(json, "aid", rule.aid);
    return rule;
}

Profile read_profile(const Json& json) {
    Profile profile;
    read(json, "id", profile.id);
    read(json, "name", profile.name);
    read(json, "applet", profile.applet);
    read_number(json, "priority", profile.priority);
    read(json, "enabled", profile.enabled);
    for (const Json& entry : section(json, "match")) {
        profile.match.push_back(read_match(entry));
    }
    profile.select = read_select(section(json, "select"));
    profile.transport = read_transport(section(json, "transport"));
    profile.token = read_token(section(json, "token"));
    if (const auto tokens = json.find("tokens"); tokens != json.end()) {
        profile.tokens = tokens->get<std::vector<std::string>>();
    }
    for (const auto& [name, pin] : section(json, "pins").items()) {
        profile.pins.push_back(read_pin(name, pin));
    }
    for (const Json& object : section(json, "objects")) {
        profile.objects.push_back(read_object(profile, object));
    }
    for (const Json& key : section(json, "keys")) {
        profile.keys.push_back(read_key(profile, key));
    }
    for (const auto& [name, algorithm] : section(json, "algorithms").items()) {
        read(algorithm, "id", profile.algorithms[enum_of<KeyType>(name, vocabulary::key_types)]);
    }
    for (const auto& [name, rule] : section(json, "mechanisms").items()) {
        profile.mechanisms.emplace(name, read_mechanism(rule));
    }
    read_switches(json, profile);
    return profile;
}

}  // namespace jeton::card
