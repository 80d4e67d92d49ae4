// Files that must survive a crash, and files that may be hostile.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <sys/types.h>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton {

/// UniqueFd owns one file descriptor.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : m_fd(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : m_fd(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    UniqueFd(const UniqueFd&) = delete;  // one owner closes it
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd();

    int get() const { return m_fd; }
    explicit operator bool() const { return m_fd >= 0; }
    int release();

  private:
    int m_fd = -1;
};

/// read_file reads a regular file of at most |limit| bytes into secret memory; nullopt when it is missing,
/// larger, or not readable.
std::optional<SecretBytes> read_file(const std::filesystem::path& path, std::size_t limit);

/// replace_file puts |content| in place of |path| in one step that a crash cannot halve: a new file in the
/// same directory, fsync, rename, fsync of the directory. Throws std::system_error.
void replace_file(const std::filesystem::path& path, View content, mode_t mode);

/// create_file makes |path| with |content| in one step, durably, if it is not there; throws
/// std::system_error, with std::errc::file_exists if it is, even if somebody else makes it just now.
void create_file(const std::filesystem::path& path, View content, mode_t mode);

/// make_private_directory makes |path| and its parents, the last one with mode 0700. Throws
/// std::system_error.
void make_private_directory(const std::filesystem::path& path);

}  // namespace jeton
