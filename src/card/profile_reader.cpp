#include "card/profile_reader.hpp"

#include <algorithm>

#include "card/command_template.hpp"
#include "card/profile_reading.hpp"
#include "card/profile_vocabulary.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

using namespace reading;

namespace {

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
    read(json, "fileP2", rule.file_p2);
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
    read_enum(json, "access", vocabulary::accesses, slot.file);
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

SecretKeySlot read_secret_key(const Profile& profile, const Json& json) {
    SecretKeySlot slot;
    read(json, "id", slot.id);
    read(json, "ref", slot.ref);
    read(json, "pkcs11Id", slot.pkcs11_id);
    read(json, "label", slot.label);
    read_number(json, "bits", slot.bits);
    slot.pin = pin_index(profile, json, "pin");
    read_enum(json, "presence", vocabulary::secret_presences, slot.presence);
    return slot;
}

GcmRule read_gcm(const Json& json) {
    GcmRule rule;
    read_enum(json, "mode", vocabulary::gcm_modes, rule.mode);
    read_enum(json, "block", vocabulary::gcm_blocks, rule.block);
    read_number(json, "maxBytes", rule.max_bytes);
    read_number(json, "maxBlocksPerApdu", rule.max_blocks_per_apdu);
    read(json, "cacheH", rule.cache_h);
    read(json, "exclusiveModes", rule.exclusive_modes);
    read_enum(json, "tagPolicy", vocabulary::tag_policies, rule.short_tag);
    return rule;
}

/// read_commands finds the templates that a mechanism names: one for all purposes, or one for each.
void read_commands(const Profile& profile, const Json& json, MechanismRule& rule) {
    for (std::size_t i = 0; i < vocabulary::purposes.size(); ++i) {
        const auto of_purpose = json.is_object() ? json.find(vocabulary::purposes[i]) : json.end();
        const Json* const name = json.is_string() ? &json : of_purpose == json.end() ? nullptr : &*of_purpose;
        if (name != nullptr) {
            rule.commands[static_cast<Purpose>(i)] = profile.commands.at(*name);
        }
    }
}

MechanismRule read_mechanism(const Profile& profile, const Json& json) {
    MechanismRule rule;
    if (json.is_boolean()) {
        rule.enabled = json.get<bool>();
        return rule;
    }
    read(json, "enabled", rule.enabled);
    for (const Json& key : section(json, "keys")) {
        rule.keys.push_back(key);
    }
    read_commands(profile, section(json, "command"), rule);
    if (const auto algorithm = json.find("algorithm"); algorithm != json.end()) {
        rule.algorithm = bytes_of(*algorithm).front();
    }
    read_number(json, "minBits", rule.min_bits);
    read_number(json, "maxBits", rule.max_bits);
    if (json.contains("pad")) {
        read_enum(json, "pad", vocabulary::padders, rule.pad.emplace());
    }
    if (json.contains("input")) {
        read_enum(json, "input", vocabulary::inputs, rule.input.emplace());
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
    const Json& serial = section(section(json, "token"), "serial");
    if (const auto object = serial.find("object"); object != serial.end()) {
        profile.token.serial_object = profile.object_index(object->get_ref<const std::string&>());
    }
    for (const Json& key : section(json, "keys")) {
        profile.keys.push_back(read_key(profile, key));
    }
    for (const Json& key : section(json, "secretKeys")) {
        profile.secret_keys.push_back(read_secret_key(profile, key));
    }
    profile.gcm = read_gcm(section(json, "gcm"));
    for (const auto& [name, algorithm] : section(json, "algorithms").items()) {
        read(algorithm, "id", profile.algorithms[enum_of<KeyType>(name, vocabulary::key_types)]);
    }
    for (const auto& [name, command] : section(json, "commands").items()) {
        profile.commands.emplace(name, CommandTemplate::read(command, section(json, "constants")));
    }
    for (const auto& [name, rule] : section(json, "mechanisms").items()) {
        profile.mechanisms.emplace(name, read_mechanism(profile, rule));
    }
    for (const Json& rule : section(json, "status")) {
        profile.status.push_back(read_status(rule));
    }
    for (const Json& variant : section(json, "variants")) {
        profile.variants.push_back(read_match(variant.at("when")));
    }
    read_switches(json, profile);
    return profile;
}

}  // namespace jeton::card
