#include "card/profile_rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "card/profile_command_rules.hpp"
#include "card/profile_detection_rules.hpp"
#include "card/profile_iso7816_rules.hpp"
#include "card/profile_variants.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// Looks at one profile; each function is one rule.
class Rules {
  public:
    Rules(const Json& profile, ProblemList& problems) : m_profile(profile), m_problems(problems) {}

    void features() {
        const auto& known = vocabulary::known_features;
        for_each("requires", [&](const Json& feature, const Path& path) {
            if (std::find(known.begin(), known.end(), feature.get_ref<const std::string&>()) == known.end()) {
                add(path, "a feature that this version has", in_quotes(text(feature)));
            }
        });
    }

    void transport() {
        const Json& transport = section("transport");
        const bool bounded =
            text_of(transport, "extended") == "never" && text_of(transport, "chaining") == "never";
        const std::int64_t size = number_of(transport, "maxCommandData", 65535);
        if (bounded && size > 255) {
            add(m_root / "transport" / "maxCommandData",
                "at most 255, as neither extended length nor chaining is allowed", fmt::to_string(size));
        }
    }

    void token() {
        const Json& token = section("token");
        const auto serial = token.find("serial");
        const Path tokens = m_root / "token";
        const Path path = tokens / "serial";
        if (serial == token.end()) {
            return;
        }
        if (text_of(*serial, "from") == "fixed" && !serial->contains("value")) {
            add(path / "value", "the fixed serial number", "nothing");
        }
        if (text_of(*serial, "from") == "object" &&
            element("objects", text_of(*serial, "object")) == nullptr) {
            add(path / "object", "the id of an object in \"objects\"", in_quotes(text_of(*serial, "object")));
        }
    }

    void pins() {
        for (const auto& [name, pin] : section("pins").items()) {
            const Path all = m_root / "pins";
            const Path path = all / name;
            pin_lengths(pin, path);
            pin_status(pin, path);
            pin_cache(pin, path);
        }
    }

    void keys() {
        for_each("keys", [&](const Json& key, const Path& path) {
            reference(key, "pin", section("pins").contains(text_of(key, "pin")), path, "a name in \"pins\"");
            const Json* certificate = element("objects", text_of(key, "certificate"));
            reference(key, "certificate",
                      certificate != nullptr && text_of(*certificate, "class") == "certificate", path,
                      "the id of a certificate in \"objects\"");
            if (text_of(key, "presence") != "metadata" && !key.contains("certificate")) {
                add(path / "certificate", "the certificate that \"presence\" asks for", "nothing");
            }
            const bool always = key.value("alwaysAuthenticate", Json(false)) == Json(true);
            if (always && text_of(key, "pin").empty()) {
                add(path / "alwaysAuthenticate", "false, as the key needs no PIN", "true");
            }
            needs_id(key, path);
        });
    }

    void objects() {
        for_each("objects", [&](const Json& object, const Path& path) {
            reference(object, "readPin", section("pins").contains(text_of(object, "readPin")), path,
                      "a name in \"pins\"");
            reference(object, "writePin", section("pins").contains(text_of(object, "writePin")), path,
                      "a name in \"pins\"");
            if (text_of(object, "class") == "certificate") {
                needs_id(object, path);
            }
            attestation(object, path);
            place(object, path);
        });
    }

    void secret_keys() {
        for_each("secretKeys", [&](const Json& key, const Path& path) {
            reference(key, "pin", section("pins").contains(text_of(key, "pin")), path, "a name in \"pins\"");
            const std::int64_t bits = number_of(key, "bits", 128);
            if (bits % 64 != 0) {
                add(path / "bits", "128, 192 or 256", fmt::to_string(bits));
            }
        });
    }

    void mechanisms() {
        for (const auto& [name, rule] : section("mechanisms").items()) {
            const Json& keys = rule.is_object() && rule.contains("keys") ? rule["keys"] : m_nothing;
            const Path all = m_root / "mechanisms";
            const Path one = all / name;
            if (rule.is_object()) {
                mechanism(name, rule, one);
            }
            const Path path = one / "keys";
            for (std::size_t i = 0; i < keys.size(); ++i) {
                if (element("keys", text(keys[i])) == nullptr &&
                    element("secretKeys", text(keys[i])) == nullptr) {
                    add(path / i, "the id of a key in \"keys\" or \"secretKeys\"", in_quotes(text(keys[i])));
                }
            }
        }
    }

    void unique() {
        unique_member("keys", "id", [](const Json&) { return true; });
        unique_member("objects", "id", [](const Json&) { return true; });
        unique_member("secretKeys", "id", [](const Json&) { return true; });
        unique_member("secretKeys", "pkcs11Id", [](const Json&) { return true; });
        unique_member("keys", "pkcs11Id", is_visible);
        unique_member("objects", "pkcs11Id", [](const Json& object) {
            return is_visible(object) && !object.value("onDemand", false) && object["class"] == "certificate";
        });
    }

  private:
    void add(const Path& path, std::string expected, std::string found) {
        m_problems.add(path.pointer(), std::move(expected), std::move(found));
    }

    void mechanism(const std::string& name, const Json& rule, const Path& path) {
        const bool is_rsa = name.find("RSA") != std::string::npos;
        if (rule.contains("pad") && !is_rsa) {
            add(path / "pad", "no padding, as the mechanism has none", in_quotes(text_of(rule, "pad")));
        }
        const std::int64_t longest = number_of(rule, "maxBits", 65535);
        if (number_of(rule, "minBits", 0) > longest) {
            add(path / "minBits", fmt::format("at most \"maxBits\": {}", longest), rule["minBits"].dump());
        }
        const Json& algorithms = section("algorithms");
        const auto same = [&](const Json& row) {
            return row.is_object() && bytes(row["id"]) == bytes(rule["algorithm"]);
        };
        if (rule.contains("algorithm") && !rule.contains("command") &&
            std::none_of(algorithms.begin(), algorithms.end(), same)) {
            add(path / "algorithm", "an identifier in \"algorithms\", as no template takes another",
                in_quotes(text_of(rule, "algorithm")));
        }
    }

    /// place looks at how the object is reached.
    void place(const Json& object, const Path& path) {
        const std::size_t length = bytes(object["ref"]).size();
        const bool alone = text_of(m_profile, "applet") == "iso7816";
        if (text_of(object, "access") == "file") {
            if (!alone) {
                add(path / "access", "\"data-object\", as files are for iso7816", "\"file\"");
            } else if (length % 2 != 0) {
                add(path / "ref", "file identifiers of 2 bytes each", fmt::format("{} bytes", length));
            }
        } else if (const std::size_t most = alone ? 2 : 3; length > most) {
            add(path / "ref", fmt::format("a tag of at most {} bytes", most),
                fmt::format("{} bytes", length));
        }
    }

    /// An attestation is issued by the card: a certificate for a key, which nobody writes.
    void attestation(const Json& object, const Path& path) {
        if (text_of(object, "container") != "attestation") {
            return;
        }
        if (text_of(object, "class") != "certificate") {
            add(path / "class", "\"certificate\", as the container is an attestation",
                in_quotes(text_of(object, "class")));
        }
        if (bytes(object["ref"]).size() != 1) {
            add(path / "ref", "the reference of a key: 1 byte", in_quotes(text_of(object, "ref")));
        }
        if (object.value("writable", false)) {
            add(path / "writable", "false, as the card issues it", "true");
        }
    }

    static const std::string& text(const Json& value) { return value.get_ref<const std::string&>(); }

    /// The text at |key|; empty when there is none.
    static std::string text_of(const Json& value, const char* key) {
        const auto found = value.find(key);
        return found != value.end() && found->is_string() ? text(*found) : std::string();
    }

    static std::int64_t number_of(const Json& value, const char* key, std::int64_t otherwise) {
        return value.value(key, otherwise);
    }

    static Bytes bytes(const Json& value) { return from_hex(text(value)).value_or(Bytes{}); }

    static bool is_visible(const Json& value) { return value.value("visible", true); }

    const Json& section(const char* key) const {
        const auto found = m_profile.find(key);
        return found == m_profile.end() ? m_nothing : *found;
    }

    const Json* element(const char* key, const std::string& id) const {
        for (const Json& item : section(key)) {
            if (text_of(item, "id") == id) {
                return &item;
            }
        }
        return nullptr;
    }

    template <typename Visit>
    void for_each(const char* key, Visit&& visit) {
        const Json& list = section(key);
        const Path path = m_root / key;
        for (std::size_t i = 0; i < list.size(); ++i) {
            visit(list[i], path / i);
        }
    }

    /// A name under |key| must be |known|. Its text is not shown where it could be a PIN put in the wrong
    /// place.
    void reference(const Json& value, const char* key, bool known, const Path& path, const char* expected) {
        if (const std::string name = text_of(value, key); !name.empty() && !known) {
            add(path / key, expected, std::string(key) == "certificate" ? in_quotes(name) : "another name");
        }
    }

    void needs_id(const Json& value, const Path& path) {
        if (is_visible(value) && !value.contains("pkcs11Id")) {
            add(path / "pkcs11Id", "an id, as it is visible", "nothing");
        }
    }

    template <typename Counts>
    void unique_member(const char* list, const char* key, Counts&& counts) {
        std::set<std::string> seen;
        for_each(list, [&](const Json& item, const Path& path) {
            const std::string value = text_of(item, key);
            const std::string name =
                std::string(key) == "pkcs11Id" && !value.empty() ? to_hex(bytes(item[key])) : value;
            if (!name.empty() && counts(item) && !seen.insert(name).second) {
                add(path / key, fmt::format("a value that no other of \"{}\" has", list), in_quotes(name));
            }
        });
    }

    void pin_lengths(const Json& pin, const Path& path) {
        const std::int64_t longest = number_of(pin, "maxLength", 0);
        if (number_of(pin, "minLength", 0) > longest) {
            add(path / "minLength", fmt::format("at most \"maxLength\": {}", longest),
                pin["minLength"].dump());
        }
        const std::int64_t encoded = text_of(pin, "encoding") == "hex8" ? (longest + 1) / 2 : longest;
        if (const auto pad = pin.find("pad"); pad != pin.end() && number_of(*pad, "length", 0) < encoded) {
            add(path / "pad" / "length", fmt::format("at least the longest PIN: {}", encoded),
                (*pad)["length"].dump());
        }
    }

    void pin_status(const Json& pin, const Path& path) {
        const std::string object = text_of(pin, "statusObject");
        if (text_of(pin, "status") == "data-object" && object.empty()) {
            add(path / "statusObject", "the object that \"status\" reads", "nothing");
        } else if (!object.empty() && element("objects", object) == nullptr) {
            add(path / "statusObject", "the id of an object in \"objects\"", in_quotes(object));
        }
    }

    void pin_cache(const Json& pin, const Path& path) {
        const Json& cache = pin.contains("cache") ? pin["cache"] : m_nothing;
        const std::string policy = text_of(cache, "policy");
        if (policy == "count" && !cache.contains("count")) {
            add(path / "cache" / "count", "how many times the PIN serves", "nothing");
        }
        if (policy == "time" && !cache.contains("ttlMs")) {
            add(path / "cache" / "ttlMs", "how long the PIN serves", "nothing");
        }
        if (cache.value("forAlwaysAuth", false)) {
            log::warn(
                "profile {}: {}/cache/forAlwaysAuth weakens consent: the PIN is not asked for each signature",
                in_quotes(text_of(m_profile, "id")), path.pointer());
        }
    }

    const Json& m_profile;
    ProblemList& m_problems;
    const Path m_root;
    const Json m_nothing = Json::object();
};

}  // namespace

void check_rules(const Json& profile, ProblemList& problems) {
    Rules rules(profile, problems);
    rules.features();
    rules.transport();
    rules.token();
    rules.pins();
    rules.keys();
    rules.objects();
    rules.secret_keys();
    rules.mechanisms();
    rules.unique();
    check_iso7816(profile, problems);
    check_detection(profile, problems);
    check_commands(profile, problems);
    check_variants(profile, problems);
}

}  // namespace jeton::card
