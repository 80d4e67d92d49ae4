// Mistakes in profiles: each is reported with its place, what was expected and what was found, and costs that
// file alone.
#include <fmt/core.h>

#include "card/profile_support.hpp"

namespace jeton::card::testing {
namespace {

const Json& cases() {
    static const Json& all = *new Json(read_json(PROFILE_CASES));
    return all;
}

/// The base profile of the cases with one case's changes.
Json document_of(const Json& row) {
    if (row.contains("document")) {
        return row["document"];
    }
    Json document = cases()["base"];
    const Json changes = row.value("set", Json::object());
    for (const auto& [pointer, value] : changes.items()) {
        document[Json::json_pointer(pointer)] = value;
    }
    for (const Json& pointer : row.value("remove", Json::array())) {
        const Json::json_pointer place(pointer.get<std::string>());
        document[place.parent_pointer()].erase(place.back());
    }
    return document;
}

class ProfileCase : public ::testing::TestWithParam<Json> {};

TEST_P(ProfileCase, is_judged_as_the_case_says) {
    const Json& row = GetParam();
    const TempDirectory directory;
    const auto file = directory.write("case.json", document_of(row));
    const ProfileSet set = ProfileSet::load({{file, true}});

    EXPECT_NE(set.find("piv"), nullptr) << "the other profiles stay";
    EXPECT_NE(set.find("yubikey-piv"), nullptr);
    if (!row.contains("pointer")) {
        EXPECT_TRUE(set.problems().empty()) << problems_text(set);
        EXPECT_EQ(set.profiles().size(), built_in_count() + (document_of(row).contains("id") ? 1 : 0));
        return;
    }
    EXPECT_EQ(set.profiles().size(), built_in_count()) << "the file is left out";
    ASSERT_EQ(set.problems().size(), 1) << problems_text(set);
    const ProfileProblem& problem = set.problems().front();
    EXPECT_EQ(problem.file, file.string());
    EXPECT_EQ(problem.pointer, row["pointer"].get<std::string>());
    EXPECT_EQ(problem.expected, row["expected"].get<std::string>());
    EXPECT_EQ(problem.found, row["found"].get<std::string>());
}

std::string name_of(const ::testing::TestParamInfo<Json>& info) {
    return info.param["name"];
}

INSTANTIATE_TEST_SUITE_P(Good, ProfileCase, ::testing::ValuesIn(cases()["good"].get<std::vector<Json>>()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Bad, ProfileCase, ::testing::ValuesIn(cases()["bad"].get<std::vector<Json>>()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Files, ProfileCase, ::testing::ValuesIn(cases()["files"].get<std::vector<Json>>()),
                         name_of);

struct Hostile {
    const char* name;
    std::string text;
    const char* pointer;
};

std::string text_with(const std::string& member) {
    std::string text = minimal_profile("test").dump();
    return text.insert(1, member + ",");
}

std::vector<Hostile> hostile_files() {
    std::string deep = "0";
    for (int i = 0; i < 20; ++i) {
        deep = "[" + deep + "]";
    }
    std::string many = "0";
    for (int i = 0; i < 600; ++i) {
        many += ",0";
    }
    return {
        {"empty", "", ""},
        {"cut", R"({"schemaVersion": "1.0", "id": "te)", "/id"},
        {"not_json", "piv", ""},
        {"comment", text_with("/* a */ \"name\": \"x\""), ""},
        {"trailing_text", minimal_profile("test").dump() + "x", ""},
        {"key_twice", text_with("\"name\": \"a\", \"name\": \"b\""), "/name"},
        {"deep", text_with("\"x-deep\": " + deep), "/x-deep/0/0/0/0/0/0/0/0/0/0/0/0/0/0"},
        {"long_text", text_with("\"comment\": \"" + std::string(4097, 'a') + "\""), "/comment"},
        {"long_array", text_with("\"x-many\": [" + many + "]"), "/x-many/512"},
        {"large", text_with("\"comment\": \"\"" + std::string(1 << 20, ' ')), ""},
        {"not_utf8", text_with("\"name\": \"\xC3\x28\""), "/name"},
        {"lone_surrogate", text_with(R"("name": "\ud800")"), "/name"},
        {"zero_byte", std::string("{\0}", 3), ""},
        {"huge_number", text_with("\"priority\": 1e999"), "/priority"},
    };
}

std::string hostile_name(const ::testing::TestParamInfo<Hostile>& info) {
    return info.param.name;
}

class HostileProfile : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileProfile, is_left_out_and_the_others_stay) {
    const TempDirectory directory;
    const auto file = directory.write("hostile.json", GetParam().text);
    const ProfileSet set = ProfileSet::load({{file, true}});
    EXPECT_EQ(set.profiles().size(), built_in_count());
    ASSERT_EQ(set.problems().size(), 1) << problems_text(set);
    EXPECT_EQ(set.problems().front().file, file.string());
    EXPECT_EQ(set.problems().front().pointer.substr(0, std::string(GetParam().pointer).size()),
              GetParam().pointer)
        << problems_text(set);
    EXPECT_FALSE(set.problems().front().expected.empty());
    EXPECT_FALSE(set.problems().front().found.empty());
}

INSTANTIATE_TEST_SUITE_P(Files, HostileProfile, ::testing::ValuesIn(hostile_files()), hostile_name);

TEST(ProfileCheck, collects_the_mistakes_of_a_file_up_to_a_limit) {
    const TempDirectory directory;
    Json document = minimal_profile("test");
    document["priority"] = "high";
    document["enabled"] = "yes";
    const ProfileSet two = ProfileSet::load({{directory.write("two.json", document), true}});
    EXPECT_EQ(two.problems().size(), 2) << problems_text(two);
    for (int i = 0; i < 400; ++i) {
        document[fmt::format("unknown{}", i)] = i;
    }
    const ProfileSet many = ProfileSet::load({{directory.write("many.json", document), true}});
    EXPECT_EQ(many.problems().size(), 32);
}

TEST(ProfileCheck, a_problem_is_one_line_for_people) {
    const ProfileProblem problem{"/etc/jeton/profiles/a.json", "/keys/1/pin", "a name in \"pins\"",
                                 "another name"};
    EXPECT_EQ(problem.text(),
              "/etc/jeton/profiles/a.json: at /keys/1/pin: expected a name in \"pins\", found another name");
    EXPECT_EQ((ProfileProblem{"a.json", "", "an object", "null"}.text()),
              "a.json: at the whole document: expected an object, found null");
}

TEST(ProfileCheck, a_newer_minor_version_may_have_unknown_keys_where_security_does_not_depend_on_them) {
    const TempDirectory directory;
    Json document = cases()["base"];
    document["schemaVersion"] = "1.7";
    document["newFeature"] = {{"a", 1}};
    document["transport"] = {{"newLimit", 7}};
    document["commands"] = Json::parse(R"({"x": {"cla": "00", "ins": "87", "p1": "00", "p2": "00",
        "data": [{"hex": "00"}], "answer": [{"field": "a", "length": 1}]}})");
    document["status"] = Json::parse(R"([{"sw": "6985", "rv": "CKR_DEVICE_ERROR"}])");
    document["variants"] = Json::parse(R"([{"when": {"version": ">1"}, "set": {"pins": {"user": {}}}}])");
    const ProfileSet set = ProfileSet::load({{directory.write("newer.json", document), true}});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_NE(set.find("test"), nullptr);

    for (const char* pointer :
         {"/pins/user/new", "/pins/user/pad/new", "/pins/user/cache/new", "/keys/0/new", "/policy/new",
          "/mechanisms/CKM_RSA_PKCS/new", "/commands/x/new", "/commands/x/data/0/new",
          "/commands/x/answer/0/new", "/status/0/new", "/variants/0/new", "/variants/0/set/pins/user/new"}) {
        Json strict = document;
        strict[Json::json_pointer(pointer)] = true;
        const ProfileSet refused = ProfileSet::load({{directory.write("strict.json", strict), true}});
        ASSERT_EQ(refused.problems().size(), 1) << pointer << problems_text(refused);
        EXPECT_EQ(refused.problems().front().pointer, pointer);
    }
    const Json patch{{"schemaVersion", "1.7"}, {"patch", "piv"}, {"newFeature", 1}};
    const ProfileSet patched = ProfileSet::load({{directory.write("patch.json", patch), true}});
    EXPECT_TRUE(patched.problems().empty()) << problems_text(patched);
}

TEST(ProfileCheck, values_that_could_be_secrets_are_not_repeated) {
    const TempDirectory directory;
    for (const char* pointer :
         {"/keys/0/pin", "/pins/user/userPin", "/pins/puk", "/objects/2/readPin", "/x-password"}) {
        Json document = cases()["base"];
        document[Json::json_pointer(pointer)] = "87654321";
        const ProfileSet set = ProfileSet::load({{directory.write("secret.json", document), true}});
        ASSERT_EQ(set.problems().size(), 1) << pointer << problems_text(set);
        EXPECT_EQ(problems_text(set).find("87654321"), std::string::npos) << pointer;
    }
}

}  // namespace
}  // namespace jeton::card::testing
