// The process's environment, which setuid programs must not believe, and the directories that follow from it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace jeton {

/// environment gives the value of the variable |name|; nullopt when it is unset, empty, or the process runs
/// with more rights than its user (setuid, setgid, file capabilities).
std::optional<std::string> environment(const char* name);

/// is_privileged tells whether the process runs with more rights than its user.
bool is_privileged();

/// config_directory is $XDG_CONFIG_HOME/jeton, or ~/.config/jeton; nullopt where there is no home.
std::optional<std::filesystem::path> config_directory();

/// state_directory is JETON_STATE_DIR, or $XDG_STATE_HOME/jeton, or ~/.local/state/jeton; nullopt where there
/// is no home.
std::optional<std::filesystem::path> state_directory();

}  // namespace jeton
