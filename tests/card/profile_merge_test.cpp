// Profiles that build on others: extends, patches, locks. The recipes are those of docs/profiles.md and of
// the design.
#include "card/profile_merge.hpp"

#include <gtest/gtest.h>

#include "card/command_template.hpp"
#include "card/profile_support.hpp"

namespace jeton::card::testing {
namespace {

/// Loads built-in profiles, then |system| files, then |user| files.
ProfileSet load(const std::vector<Json>& system, const std::vector<Json>& user = {}) {
    const TempDirectory directory;
    std::vector<ProfileSet::Layer> layers;
    for (const auto* files : {&system, &user}) {
        for (const Json& file : *files) {
            const std::string name = std::to_string(layers.size()) + ".json";
            layers.push_back({directory.write(name, file), files == &system});
        }
    }
    return ProfileSet::load(layers);
}

Json patch_of(Json targets, Json members) {
    members["schemaVersion"] = "1.0";
    members["patch"] = std::move(targets);
    return members;
}

Json extending(const std::string& id, const std::string& base, Json members = Json::object()) {
    members["schemaVersion"] = "1.0";
    members["id"] = id;
    members["extends"] = base;
    return members;
}

const KeySlot& key(const ProfileSet& set, const char* profile, const char* id) {
    for (const KeySlot& slot : set.find(profile)->keys) {
        if (slot.id == id) {
            return slot;
        }
    }
    ADD_FAILURE() << profile << " has no key " << id;
    static const KeySlot& none = *new KeySlot;
    return none;
}

const ObjectSlot& object(const ProfileSet& set, const char* profile, const char* id) {
    const auto index = set.find(profile)->object_index(id);
    EXPECT_TRUE(index.has_value()) << id;
    static const ObjectSlot& none = *new ObjectSlot;
    return index ? set.find(profile)->objects[*index] : none;
}

TEST(ProfileMerge, merge_follows_its_rules) {
    struct Row {
        const char* target;
        const char* change;
        const char* result;
    };
    const Row rows[] = {
        {R"({"a":1})", R"({"a":2,"b":3})", R"({"a":2,"b":3})"},
        {R"({"a":1,"b":2})", R"({"a":null,"c":null})", R"({"b":2})"},
        {R"({"o":{"a":1,"b":2}})", R"({"o":{"a":null,"c":3}})", R"({"o":{"b":2,"c":3}})"},
        {R"({"o":false})", R"({"o":{"a":1}})", R"({"o":{"a":1}})"},
        {R"({"o":{"a":1}})", R"({"o":false})", R"({"o":false})"},
        {R"({"l":[1,2]})", R"({"l":[3]})", R"({"l":[3]})"},
        {R"({})", R"({"o":{"a":null,"b":1}})", R"({"o":{"b":1}})"},
        {R"({"l":[{"id":"a","x":1},{"id":"b"}]})", R"({"l":[{"id":"c"},{"id":"a","y":2}]})",
         R"({"l":[{"id":"a","x":1,"y":2},{"id":"b"},{"id":"c"}]})"},
        {R"({"l":[{"id":"a"},{"id":"b"}]})", R"({"l":[{"id":"a","$delete":true}]})", R"({"l":[{"id":"b"}]})"},
        {R"({"l":[{"id":"a"}]})", R"({"l":[]})", R"({"l":[{"id":"a"}]})"},
        {R"({"match":[{"aid":"1"}]})", R"({"match":[{"aid":"2"}]})",
         R"({"match":[{"aid":"1"},{"aid":"2"}]})"},
        {R"({"match":[{"aid":"1"}]})", R"({"match":{"$replace":[{"aid":"2"}]}})",
         R"({"match":[{"aid":"2"}]})"},
        {R"({"match":[{"aid":"1"}]})", R"({"match":null})", R"({})"},
        {R"({"id":"t","schemaVersion":"1.0"})", R"({"patch":"t","schemaVersion":"1.0"})",
         R"({"id":"t","schemaVersion":"1.0"})"},
    };
    for (const Row& row : rows) {
        Json target = Json::parse(row.target);
        ProblemList problems;
        merge(target, Json::parse(row.change), problems);
        EXPECT_TRUE(problems.empty()) << row.change;
        EXPECT_EQ(target, Json::parse(row.result)) << row.target << " changed by " << row.change;
    }
}

TEST(ProfileMerge, recipe_extra_key_slot) {
    const Json patch = patch_of("piv", Json::parse(R"({
        "keys": [ { "id": "f9", "ref": "F9", "pkcs11Id": "25", "label": "Attestation key", "usage": ["sign"],
                    "certificate": "cert-f9" } ],
        "objects": [ { "id": "cert-f9", "class": "certificate", "ref": "5FFF01", "label": "Attestation certificate",
                       "pkcs11Id": "25", "container": "piv-cert" } ] })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.find("piv")->keys.size(), 25);
    EXPECT_EQ(key(set, "piv", "f9").ref, 0xF9);
    EXPECT_EQ(set.find("piv")->key_index(Bytes{0x25}), 24);
    EXPECT_EQ(key(set, "piv", "f9").certificate, set.find("piv")->object_index("cert-f9"));
    EXPECT_EQ(set.find("yubikey-piv")->keys.size(), 24) << "a patch changes the profiles that it names";
}

TEST(ProfileMerge, recipe_renamed_label) {
    const Json patch = patch_of("piv", Json::parse(R"({ "keys": [ { "id": "9a", "label": "VPN login key" } ],
        "objects": [ { "id": "cert-9a", "label": "VPN login certificate" } ] })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(key(set, "piv", "9a").label, "VPN login key");
    EXPECT_EQ(key(set, "piv", "9a").public_label, "PIV AUTH pubkey") << "nothing else changes";
    EXPECT_EQ(key(set, "piv", "9a").ref, 0x9A);
    EXPECT_EQ(object(set, "piv", "cert-9a").label, "VPN login certificate");
    EXPECT_EQ(key(set, "piv", "9c").label, "SIGN key");
    EXPECT_TRUE(set.find("piv")->origin.starts_with("built-in piv.json, /")) << set.find("piv")->origin;
}

TEST(ProfileMerge, recipe_mechanism_for_one_key) {
    const Json patch = patch_of("piv", Json::parse(R"({
        "mechanisms": { "CKM_SHA1_RSA_PKCS": false, "CKM_RSA_PKCS": { "keys": ["9a"] } } })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    const auto& mechanisms = set.find("piv")->mechanisms;
    EXPECT_EQ(mechanisms.size(), 2);
    EXPECT_FALSE(mechanisms.at("CKM_SHA1_RSA_PKCS").enabled);
    EXPECT_TRUE(mechanisms.at("CKM_RSA_PKCS").enabled);
    EXPECT_EQ(mechanisms.at("CKM_RSA_PKCS").keys, std::vector<std::string>{"9a"});
}

TEST(ProfileMerge, recipe_pin_cache) {
    const Json patch = patch_of("yubikey-piv", Json::parse(R"({
        "pins": { "user": { "cache": { "policy": "count", "count": 5, "forAlwaysAuth": false } } },
        "keys": [ { "id": "9c", "alwaysAuthenticate": true } ] })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    const PinRule& pin = *set.find("yubikey-piv")->pin(PinRole::user);
    EXPECT_EQ(pin.cache.policy, PinRule::Cache::Policy::count);
    EXPECT_EQ(pin.cache.count, 5);
    EXPECT_EQ(pin.max_length, 8);
    EXPECT_EQ(key(set, "yubikey-piv", "9c").always_authenticate, Switch::always);
}

TEST(ProfileMerge, recipe_masked_atr_is_added) {
    const Json patch = patch_of("piv", Json::parse(R"({ "match": [
        { "atr": "3BDE18FF8191FE1FC38031815448534D31738021408107FA",
          "atrMask": "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00" } ] })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    const auto& match = set.find("piv")->match;
    ASSERT_EQ(match.size(), 2);
    EXPECT_EQ(to_hex(match[0].aid), "A000000308");
    EXPECT_EQ(match[1].atr.value.size(), 24);
    EXPECT_EQ(match[1].atr.mask.back(), 0x00);
}

TEST(ProfileMerge, recipe_short_commands_for_two_profiles) {
    const Json patch = patch_of({"yubikey-piv", "piv"}, Json::parse(R"({ "transport":
        { "extended": "never", "chaining": "always", "chunk": 240, "maxResponseData": 256 } })"));
    const ProfileSet set = load({patch});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    for (const char* id : {"piv", "yubikey-piv"}) {
        const TransportRule& rule = set.find(id)->transport;
        EXPECT_EQ(rule.extended, Switch::never);
        EXPECT_EQ(rule.chaining, Switch::always);
        EXPECT_EQ(rule.chunk, 240);
        EXPECT_EQ(rule.max_response_data, 256);
    }
    EXPECT_EQ(set.find("yubikey-piv")->transport.max_command_data, 3072);
}

TEST(ProfileMerge, recipe_native_gcm) {
    const ProfileSet set = load({extending("pico-hsm", "smartcard-hsm", Json::parse(R"({
        "priority": 15, "requires": ["gcm-template"],
        "match": { "$replace": [ { "aid": "E82B0601040181C31F0201",
                                   "selectTlv": { "tag": "85", "hex": "0000FF0000", "mask": "0000FF0000" } } ] },
        "transport": { "maxCommandData": 2028 },
        "constants": { "gcmOid": { "128": "0609608648016503040106", "256": "060960864801650304012E" } },
        "commands": { "gcm-encrypt": { "cla": "80", "ins": "78", "p1": "{keyRef}", "p2": "51",
            "data": [ { "hex": "{const.gcmOid}" }, { "tlv": "82", "value": "{iv}" },
                      { "tlv": "83", "value": "{aad}", "omitIfEmpty": true }, { "tlv": "81", "value": "{data}" } ],
            "answer": [ { "field": "ciphertext", "length": "input" }, { "field": "tag", "length": 16 } ] } },
        "mechanisms": { "CKM_AES_GCM": { "command": { "encrypt": "gcm-encrypt" } } },
        "status": [ { "sw": "6700", "on": "encrypt", "rv": "CKR_DATA_LEN_RANGE" },
                    { "sw": "6600", "rv": "CKR_FUNCTION_CANCELED" } ] })"))});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    const auto profile = set.find("pico-hsm");
    ASSERT_NE(profile, nullptr);
    const MechanismRule& rule = profile->mechanisms.at("CKM_AES_GCM");
    ASSERT_NE(rule.command(Purpose::encrypt), nullptr);
    EXPECT_EQ(rule.command(Purpose::decrypt), nullptr);
    const Bytes iv(12, 0);
    EXPECT_EQ(rule.command(Purpose::encrypt)->most_data(profile->transport, {.key_bits = 256, .iv = iv}),
              2028U - 11 - 14 - 4);
    const StatusRule* const meaning = profile->status_rule(Error(Verb::encrypt, sw::wrong_length, ""));
    ASSERT_NE(meaning, nullptr);
    EXPECT_EQ(meaning->return_value, 0x21U);
    EXPECT_EQ(profile->status_rule(Error(Verb::sign, sw::wrong_length, "")), nullptr);
    ASSERT_EQ(profile->match.size(), 1U);
    EXPECT_TRUE(profile->match[0].select_tlv->value.fits(Bytes{1, 2, 0xFF, 6, 6}));
    EXPECT_EQ(profile->applet, "sc-hsm");
}

TEST(ProfileMerge, recipe_card_switched_off) {
    const ProfileSet set = load({patch_of("yubikey-piv", {{"enabled", false}})});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.find("yubikey-piv"), nullptr);
    EXPECT_NE(set.find("piv"), nullptr);
}

TEST(ProfileMerge, recipes_of_the_documentation_load) {
    std::ifstream page(PROFILE_PAGE);
    std::vector<std::string> recipes;
    bool inside = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("```")) {
            inside = line == "```json";
            if (inside) {
                recipes.emplace_back();
            }
        } else if (inside) {
            recipes.back() += line + '\n';
        }
    }
    EXPECT_GE(recipes.size(), 3);
    for (const std::string& recipe : recipes) {
        const TempDirectory directory;
        const ProfileSet set = ProfileSet::load({{directory.write("recipe.json", recipe), true}});
        EXPECT_TRUE(set.problems().empty()) << recipe << problems_text(set);
    }
}

TEST(ProfileMerge, a_patch_of_several_profiles_changes_all_or_none) {
    const ProfileSet set = load({patch_of({"piv", "no-such"}, {{"name", "changed"}})});
    EXPECT_EQ(set.problems().size(), 1);
    EXPECT_NE(set.find("piv")->name, "changed");
}

TEST(ProfileMerge, what_cannot_be_deleted_is_reported_at_its_place_in_the_file) {
    const ProfileSet set = load({patch_of("piv", Json::parse(R"({ "keys": [ { "id": "9e", "$delete": true },
        { "id": "none", "$delete": true }, { "id": "82" }, { "id": "9c" } ] })"))});
    ASSERT_EQ(set.problems().size(), 1) << problems_text(set);
    EXPECT_EQ(set.problems().front().pointer, "/keys/1/id");
}

TEST(ProfileMerge, patches_apply_in_the_order_of_the_layers) {
    const ProfileSet set = load({patch_of("piv", {{"name", "first"}, {"priority", 7}})},
                                {patch_of("piv", {{"name", "second"}})});
    EXPECT_EQ(set.find("piv")->name, "second");
    EXPECT_EQ(set.find("piv")->priority, 7);
}

TEST(ProfileMerge, extends_starts_from_a_copy_without_patches) {
    const ProfileSet set = load({patch_of("piv", {{"name", "patched"}}),
                                 extending("mine", "piv", {{"token", {{"model", "mine"}}}}),
                                 extending("next", "mine", {{"priority", 3}})});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.find("next")->name, "PIV (NIST SP 800-73)");
    EXPECT_EQ(set.find("next")->token.model, "mine");
    EXPECT_EQ(set.find("next")->keys.size(), 24);
    EXPECT_EQ(set.find("next")->priority, 3);
    EXPECT_EQ(set.find("mine")->priority, 0);
}

TEST(ProfileMerge, a_profile_can_extend_the_version_of_itself_in_the_layer_below) {
    const ProfileSet set = load({}, {extending("piv", "piv", {{"name", "mine"}})});
    ASSERT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.find("piv")->name, "mine");
    EXPECT_EQ(set.find("piv")->keys.size(), 24);
    EXPECT_NE(set.find("yubikey-piv")->name, "mine") << "the system's profiles do not build on the user's";
}

TEST(ProfileMerge, circles_are_mistakes) {
    const ProfileSet set = load({extending("a", "b"), extending("b", "c"), extending("c", "a")});
    EXPECT_EQ(set.problems().size(), 3) << problems_text(set);
    for (const ProfileProblem& problem : set.problems()) {
        EXPECT_EQ(problem.pointer, "/extends");
    }
    EXPECT_EQ(set.profiles().size(), built_in_count());
}

TEST(ProfileMerge, what_extends_a_profile_with_a_mistake_is_left_out) {
    Json wrong = minimal_profile("base");
    wrong["keys"] = Json::parse(R"([{"id": "a", "ref": "9A", "pkcs11Id": "01", "certificate": "none"}])");
    const ProfileSet set = load({wrong, extending("top", "base")});
    EXPECT_EQ(set.problems().size(), 2) << problems_text(set);
    EXPECT_EQ(set.find("top"), nullptr);
}

class Locked : public ::testing::Test {
  protected:
    ProfileSet load_user(const Json& file) {
        return load({patch_of("piv", Json::parse(R"({ "policy": { "allowKeygen": false, "locked":
            ["/pins/user/cache", "/keys/9c/alwaysAuthenticate", "/keys/9e", "/policy/allowKeygen", "/x-none"] },
            "pins": { "user": { "cache": { "policy": "none" } } } })"))},
                    {file});
    }
    static void expect_locked(const ProfileSet& set, const char* id) {
        const auto profile = set.find(id);
        ASSERT_NE(profile, nullptr) << problems_text(set);
        EXPECT_EQ(profile->pin(PinRole::user)->cache.policy, PinRule::Cache::Policy::none);
        EXPECT_EQ(key(set, id, "9c").always_authenticate, Switch::always);
        EXPECT_EQ(key(set, id, "9e").label, "CARD AUTH key");
        EXPECT_FALSE(profile->allow_keygen);
        EXPECT_EQ(key(set, id, "9a").label, "mine") << "what is not locked can change";
    }
    const Json attack = Json::parse(R"({
        "pins": { "user": { "cache": { "policy": "session", "forAlwaysAuth": true } } },
        "keys": [ { "id": "9c", "alwaysAuthenticate": false }, { "id": "9a", "label": "mine" },
                  { "id": "9e", "$delete": true } ],
        "policy": { "allowKeygen": true, "locked": null }, "x-none": 1 })");
};

TEST_F(Locked, holds_against_a_patch_of_the_user) {
    expect_locked(load_user(patch_of("piv", attack)), "piv");
}

TEST_F(Locked, holds_against_a_copy_with_another_id) {
    Json copy = extending("mine", "piv", attack);
    copy["priority"] = 100;
    expect_locked(load_user(copy), "mine");
}

TEST_F(Locked, holds_against_a_replacement) {
    expect_locked(load_user(extending("piv", "piv", attack)), "piv");
}

TEST_F(Locked, holds_against_another_profile_under_the_same_id) {
    Json other = minimal_profile("piv");
    other["policy"] = {{"allowKeygen", true}};
    const ProfileSet set = load_user(other);
    const auto profile = set.find("piv");
    ASSERT_NE(profile, nullptr) << problems_text(set);
    EXPECT_FALSE(profile->allow_keygen);
}

TEST_F(Locked, does_not_bind_the_system) {
    const ProfileSet set =
        load({patch_of("piv", {{"policy", {{"locked", {"/name"}}}}}), patch_of("piv", {{"name", "x"}})},
             {patch_of("piv", {{"priority", 1}})});
    EXPECT_EQ(set.find("piv")->name, "x");
    EXPECT_EQ(set.find("piv")->priority, 1);
}

TEST(ProfileMerge, restore_locked_puts_back_changed_missing_and_added_values) {
    const Json authority =
        Json::parse(R"({ "a": {"b": 1}, "l": [{"id": "x", "v": [1]}, {"id": "y"}], "n": [5, 6],
        "policy": {"locked": ["/a/b", "/l/x/v", "/l/y", "/n/1", "/added", "/l/x/added", "/a/b/c/d", "/l/7"]} })");
    for (const char* text :
         {R"({})", R"({"a": 1, "l": 2, "n": 3, "policy": 4})", R"({"a": [], "l": {}, "n": {}})",
          R"({"a": {"b": {"c": {"d": 1}}}, "l": [], "n": [], "added": 1})",
          R"({"l": [{"id": "x", "v": 2, "added": 3}], "n": [5, 7]})"}) {
        Json profile = Json::parse(text);
        EXPECT_FALSE(restore_locked(profile, authority).empty());
        EXPECT_EQ(profile["a"]["b"], 1) << text;
        EXPECT_EQ(profile["policy"]["locked"], authority["policy"]["locked"]) << text;
        EXPECT_FALSE(profile.contains("added")) << text;
        EXPECT_TRUE(restore_locked(profile, authority).empty()) << text << " became " << profile;
    }
}

}  // namespace
}  // namespace jeton::card::testing
