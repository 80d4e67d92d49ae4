// The directory in which processes that share readers on this machine find each other's locks.
#pragma once

#include <filesystem>
#include <optional>

namespace jeton::reader {

/// shared_runtime_directory belongs to root and everybody may make files in it, as in /tmp; packaging makes
/// it at boot. Users, and containers that mount it, share readers by it.
inline constexpr const char* shared_runtime_directory = "/run/jeton";

/// runtime_directory is |shared| where it is a directory of root with mode 1777; else `jeton` in
/// $XDG_RUNTIME_DIR, made when it is missing, if nobody but this user can write to both; else nullopt. No
/// symbolic link is followed at its end. Throws nothing.
std::optional<std::filesystem::path> runtime_directory(
    const std::filesystem::path& shared = shared_runtime_directory);

}  // namespace jeton::reader
