#include "util/environment.hpp"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace jeton {

namespace fs = std::filesystem;

bool is_privileged() {
    return getauxval(AT_SECURE) != 0;
}

std::optional<std::string> environment(const char* name) {
    const char* value = is_privileged() ? nullptr : std::getenv(name);
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    return value;
}

namespace {

std::optional<fs::path> home_directory() {
    if (const auto home = environment("HOME")) {
        return *home;
    }
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return found->pw_dir;
}

/// An XDG base directory: |variable| where it holds an absolute path, else |fallback| below the home
/// directory.
std::optional<fs::path> base_directory(const char* variable, const char* fallback) {
    if (const auto value = environment(variable); value && fs::path(*value).is_absolute()) {
        return fs::path(*value) / "jeton";
    }
    if (const auto home = home_directory()) {
        return *home / fallback / "jeton";
    }
    return std::nullopt;
}

}  // namespace

std::optional<fs::path> config_directory() {
    return base_directory("XDG_CONFIG_HOME", ".config");
}

std::optional<fs::path> state_directory() {
    if (const auto value = environment("JETON_STATE_DIR")) {
        return *value;
    }
    return base_directory("XDG_STATE_HOME", ".local/state");
}

}  // namespace jeton
