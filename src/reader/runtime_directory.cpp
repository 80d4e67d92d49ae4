#include "reader/runtime_directory.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include "util/environment.hpp"

namespace jeton::reader {

namespace fs = std::filesystem;

namespace {

constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

/// directory_status gives nullopt for what is no directory, a symbolic link to one included.
std::optional<struct stat> directory_status(const fs::path& path) {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return std::nullopt;
    }
    return status;
}

bool is_shared(const fs::path& path) {
    const auto status = directory_status(path);
    return status && status->st_uid == 0 && (status->st_mode & S_ISVTX) != 0 &&
           (status->st_mode & S_IWOTH) != 0;
}

bool is_private(const fs::path& path) {
    const auto status = directory_status(path);
    return status && status->st_uid == geteuid() && (status->st_mode & writable_by_others) == 0;
}

}  // namespace

std::optional<fs::path> runtime_directory(const fs::path& shared) {
    if (is_shared(shared)) {
        return shared;
    }
    const auto base = environment("XDG_RUNTIME_DIR");
    if (!base || !fs::path(*base).is_absolute() || !is_private(*base)) {
        return std::nullopt;
    }
    fs::path own = fs::path(*base) / "jeton";
    if (mkdir(own.c_str(), 0700) != 0 && errno != EEXIST) {
        return std::nullopt;
    }
    if (!is_private(own)) {
        return std::nullopt;
    }
    return own;
}

}  // namespace jeton::reader
