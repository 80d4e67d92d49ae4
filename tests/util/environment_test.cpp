#include "util/environment.hpp"

#include <gtest/gtest.h>
#include <initializer_list>
#include <map>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

namespace jeton {
namespace {

constexpr const char* variables[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "JETON_STATE_DIR"};

/// Sets the variables that decide about directories, and puts back what was there.
class Environment : public testing::Test {
  protected:
    Environment() {
        for (const char* name : variables) {
            if (const char* value = getenv(name)) {
                m_before[name] = value;
            }
        }
        clear();
    }
    ~Environment() override {
        clear();
        for (const auto& [name, value] : m_before) {
            setenv(name.c_str(), value.c_str(), 1);
        }
    }

    void clear() {
        for (const char* name : variables) {
            unsetenv(name);
        }
    }

  private:
    std::map<std::string, std::string> m_before;
};

TEST_F(Environment, UnsetAndEmptyAreTheSame) {
    EXPECT_EQ(environment("JETON_STATE_DIR"), std::nullopt);
    setenv("JETON_STATE_DIR", "", 1);
    EXPECT_EQ(environment("JETON_STATE_DIR"), std::nullopt);
    setenv("JETON_STATE_DIR", "x", 1);
    EXPECT_EQ(environment("JETON_STATE_DIR"), "x");
}

TEST_F(Environment, ATestIsNotPrivileged) {
    EXPECT_FALSE(is_privileged());
}

struct Setting {
    const char* name;
    const char* value;
};

struct DirectoryRow {
    std::initializer_list<Setting> settings;
    const char* config;
    const char* state;
};

TEST_F(Environment, DirectoriesFollowTheBaseDirectorySpecification) {
    const DirectoryRow rows[] = {
        {{{"HOME", "/home/a"}}, "/home/a/.config/jeton", "/home/a/.local/state/jeton"},
        {{{"HOME", "/home/a"}, {"XDG_CONFIG_HOME", "/c"}}, "/c/jeton", "/home/a/.local/state/jeton"},
        {{{"HOME", "/home/a"}, {"XDG_STATE_HOME", "/s"}}, "/home/a/.config/jeton", "/s/jeton"},
        // Relative base directories are to be ignored.
        {{{"HOME", "/home/a"}, {"XDG_CONFIG_HOME", "c"}, {"XDG_STATE_HOME", "s"}},
         "/home/a/.config/jeton",
         "/home/a/.local/state/jeton"},
        {{{"HOME", "/home/a"}, {"XDG_STATE_HOME", "/s"}, {"JETON_STATE_DIR", "/cards"}},
         "/home/a/.config/jeton",
         "/cards"},
    };
    for (const DirectoryRow& row : rows) {
        clear();
        std::string name;
        for (const Setting& setting : row.settings) {
            setenv(setting.name, setting.value, 1);
            name += std::string(setting.name) + "=" + setting.value + " ";
        }
        EXPECT_EQ(config_directory(), row.config) << name;
        EXPECT_EQ(state_directory(), row.state) << name;
    }
}

TEST_F(Environment, WithoutHomeTheUserDatabaseKnows) {
    const passwd* entry = getpwuid(geteuid());
    if (entry == nullptr) {
        EXPECT_EQ(config_directory(), std::nullopt);
        return;
    }
    EXPECT_EQ(config_directory(), std::filesystem::path(entry->pw_dir) / ".config/jeton");
}

}  // namespace
}  // namespace jeton
