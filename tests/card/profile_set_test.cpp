// Layers of profiles: which file counts, and which may not.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/profile_support.hpp"
#include "util/environment.hpp"

namespace jeton::card::testing {
namespace {

namespace fs = std::filesystem;

Json named(const std::string& id, const std::string& name, const std::string& aid = "A000000999") {
    Json profile = minimal_profile(id, aid);
    profile["name"] = name;
    return profile;
}

TEST(ProfileSet, built_in_profiles_need_no_files) {
    const ProfileSet set = ProfileSet::load({});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    ASSERT_NE(set.find("piv"), nullptr);
    EXPECT_EQ(set.find("piv")->origin, "built-in piv.json");
    EXPECT_EQ(set.find("no-such"), nullptr);
}

TEST(ProfileSet, missing_directories_and_files_are_silent) {
    const ProfileSet set =
        ProfileSet::load({{"/no/such/directory", true}, {"/no/such/file.json", false}, {"", false}});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.profiles().size(), built_in_count());
}

TEST(ProfileSet, order_is_by_priority_then_id) {
    const TempDirectory directory;
    Json high = named("z-high", "");
    high.erase("name");
    high["priority"] = 100;
    directory.write("1.json", high);
    directory.write("2.json", minimal_profile("b"));
    directory.write("3.json", minimal_profile("a"));
    const ProfileSet set = ProfileSet::load({{directory.path(), true}});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    std::vector<std::string> ids;
    for (const auto& profile : set.profiles()) {
        ids.push_back(profile->id);
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"z-high", "pico-hsm", "smartcard-hsm", "yubikey-piv",
                                             "sc-hsm-native", "sc-hsm", "a", "b", "piv", "openpgp",
                                             "sc-hsm-any-native", "sc-hsm-any"}));
}

TEST(ProfileSet, later_layers_and_later_names_replace_the_same_id) {
    const TempDirectory directory;
    directory.write("low/b.json", named("test", "low b"));
    directory.write("low/a.json", named("test", "low a"));
    directory.write("high/a.json", named("test", "high a"));
    const ProfileSet low = ProfileSet::load({{directory.path() / "low", true}});
    ASSERT_NE(low.find("test"), nullptr);
    EXPECT_EQ(low.find("test")->name, "low b");
    const ProfileSet both =
        ProfileSet::load({{directory.path() / "low", true}, {directory.path() / "high", true}});
    EXPECT_EQ(both.find("test")->name, "high a");
    EXPECT_EQ(both.find("test")->origin, (directory.path() / "high/a.json").string());
}

TEST(ProfileSet, a_mistake_leaves_the_version_of_the_layer_below_in_force) {
    const TempDirectory directory;
    directory.write("low/a.json", named("test", "low"));
    Json wrong = named("test", "high");
    wrong["select"]["p2"] = "FFFF";
    directory.write("high/a.json", wrong);
    const ProfileSet set =
        ProfileSet::load({{directory.path() / "low", true}, {directory.path() / "high", true}});
    EXPECT_EQ(set.problems().size(), 1);
    ASSERT_NE(set.find("test"), nullptr);
    EXPECT_EQ(set.find("test")->name, "low");
}

TEST(ProfileSet, installed_copies_of_the_built_in_profiles_take_their_place) {
    const ProfileSet set = ProfileSet::load({{PROFILE_DIRECTORY, true}});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
    EXPECT_EQ(set.profiles().size(), built_in_count());
    EXPECT_EQ(set.find("piv")->origin, std::string(PROFILE_DIRECTORY) + "/piv.json");
}

TEST(ProfileSet, only_visible_json_files_are_profiles) {
    const TempDirectory directory;
    directory.write("a.json.bak", "not JSON");
    directory.write(".hidden.json", "not JSON");
    directory.write("schema.json", "not JSON");
    directory.write("README", "not JSON");
    const ProfileSet set = ProfileSet::load({{directory.path(), true}});
    EXPECT_TRUE(set.problems().empty()) << problems_text(set);
}

TEST(ProfileSet, something_that_is_not_a_file_is_reported_and_not_waited_for) {
    const TempDirectory directory;
    ASSERT_EQ(mkfifo((directory.path() / "pipe.json").c_str(), 0600), 0);
    fs::create_directory(directory.path() / "directory.json");
    const ProfileSet set = ProfileSet::load({{directory.path(), true}});
    ASSERT_EQ(set.problems().size(), 2) << problems_text(set);
    EXPECT_EQ(set.problems()[0].expected, "a regular file");
    EXPECT_EQ(set.profiles().size(), built_in_count());
}

TEST(ProfileSet, a_directory_with_too_many_files_is_left_out) {
    const TempDirectory directory;
    for (int i = 0; i < 513; ++i) {
        directory.write(std::to_string(i) + ".json", std::string("x"));
    }
    const ProfileSet set = ProfileSet::load({{directory.path(), true}});
    ASSERT_EQ(set.problems().size(), 1);
    EXPECT_EQ(set.problems().front().expected, "at most 512 profiles");
}

TEST(ProfileSet, a_file_of_the_user_must_not_be_writable_by_others) {
    const TempDirectory directory;
    const auto file = directory.write("a.json", named("test", "mine"));
    EXPECT_NE(ProfileSet::load({{file, false}}).find("test"), nullptr);
    for (const unsigned mode : {0664U, 0646U, 0666U}) {
        fs::permissions(file, fs::perms(mode));
        const ProfileSet set = ProfileSet::load({{file, false}});
        EXPECT_EQ(set.find("test"), nullptr);
        ASSERT_EQ(set.problems().size(), 1);
        EXPECT_EQ(set.problems().front().expected, "a file that only its owner can write (chmod go-w)");
        EXPECT_NE(ProfileSet::load({{file, true}}).find("test"), nullptr)
            << "the installed layers belong to the admin";
    }
}

TEST(ProfileSet, a_file_of_the_user_must_not_belong_to_another_user) {
    const TempDirectory directory;
    const auto file = directory.write("a.json", named("test", "theirs"));
    if (geteuid() == 0) {
        ASSERT_EQ(chown(file.c_str(), 12345, static_cast<gid_t>(-1)), 0);
        const ProfileSet set = ProfileSet::load({{file, false}});
        ASSERT_EQ(set.problems().size(), 1);
        EXPECT_EQ(set.problems().front().found, "one of user 12345");
    } else {
        EXPECT_NE(ProfileSet::load({{file, false}}).find("test"), nullptr) << "one's own";
        EXPECT_TRUE(ProfileSet::load({{"/etc/hostname", false}}).problems().size() == 1) << "root's is read";
    }
}

TEST(ProfileSet, a_user_profile_for_the_systems_cards_must_build_on_the_systems) {
    const TempDirectory directory;
    const auto file = directory.write("a.json", named("mine", "mine", "A0 00 00 03 08"));
    const ProfileSet refused = ProfileSet::load({{file, false}});
    ASSERT_EQ(refused.problems().size(), 1) << problems_text(refused);
    EXPECT_EQ(refused.problems().front().pointer, "/match/0");
    EXPECT_EQ(refused.problems().front().expected,
              "\"extends\" or \"patch\", as the system's profile piv matches the same");
    EXPECT_NE(ProfileSet::load({{file, true}}).find("mine"), nullptr) << "the admin may";

    const Json extends{{"schemaVersion", "1.0"}, {"id", "mine"}, {"extends", "piv"}, {"name", "mine"}};
    EXPECT_NE(ProfileSet::load({{directory.write("b.json", extends), false}}).find("mine"), nullptr);
}

class Environment : public ::testing::Test {
  protected:
    void SetUp() override {
        unsetenv("JETON_PROFILES");
        setenv("XDG_CONFIG_HOME", "/home/test/config", 1);
    }
    void TearDown() override {
        unsetenv("JETON_PROFILES");
        unsetenv("XDG_CONFIG_HOME");
    }
};

TEST_F(Environment, standard_layers_are_the_systems_and_then_the_users) {
    setenv("JETON_PROFILES", "/a:/b/c.json::relative", 1);
    const auto layers = ProfileSet::standard_layers();
    ASSERT_EQ(layers.size(), 6);
    EXPECT_TRUE(layers[0].path.string().ends_with("/share/jeton/profiles")) << layers[0].path;
    EXPECT_EQ(layers[1].path, "/etc/jeton/profiles");
    EXPECT_EQ(layers[2].path, "/home/test/config/jeton/profiles");
    EXPECT_EQ(layers[3].path, "/a");
    EXPECT_EQ(layers[4].path, "/b/c.json");
    EXPECT_EQ(layers[5].path, "relative");
    for (std::size_t i = 0; i < layers.size(); ++i) {
        EXPECT_EQ(layers[i].trusted, i < 2) << i;
    }
}

TEST_F(Environment, standard_layers_without_variables) {
    EXPECT_EQ(ProfileSet::standard_layers().size(), 3);
}

}  // namespace
}  // namespace jeton::card::testing
