#include "softcard/storage.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace jeton::softcard {

namespace {

constexpr int read_attempts = 3;

std::optional<Version> version_of(const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return Version{static_cast<std::uint64_t>(status.st_ino), static_cast<std::uint64_t>(status.st_size),
                   static_cast<std::int64_t>(status.st_mtim.tv_sec),
                   static_cast<std::int64_t>(status.st_mtim.tv_nsec)};
}

}  // namespace

std::optional<Version> FileStorage::version() const {
    struct stat status{};
    if (stat(m_file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return version_of(status);
}

std::optional<Version> FileStorage::pinned_version() const {
    auto fd = std::make_shared<const UniqueFd>(open(m_file.c_str(), O_PATH | O_CLOEXEC));
    struct stat status{};
    if (!*fd || fstat(fd->get(), &status) != 0) {
        return std::nullopt;
    }
    std::optional<Version> found = version_of(status);
    if (found) {
        found->pin = std::move(fd);
    }
    return found;
}

std::optional<Content> FileStorage::read() const {
    for (int attempt = 0; attempt < read_attempts; ++attempt) {
        const std::optional<Version> before = pinned_version();
        if (!before) {
            return std::nullopt;
        }
        std::optional<SecretBytes> bytes = read_file(m_file, most_bytes);
        if (before == version()) {
            return bytes ? std::optional(Content{std::move(*bytes), *before}) : std::nullopt;
        }
    }
    return std::nullopt;
}

Version FileStorage::write(View bytes) {
    replace_file(m_file, bytes, S_IRUSR | S_IWUSR);
    std::optional<Version> written = pinned_version();
    if (!written) {
        throw std::system_error(ENOENT, std::generic_category(), "open " + m_file.string());
    }
    return *written;
}

std::optional<Version> MemoryStorage::version() const {
    if (!m_medium->bytes) {
        return std::nullopt;
    }
    return Version{m_medium->writes, m_medium->bytes->size(), 0, 0};
}

std::optional<Content> MemoryStorage::read() const {
    const std::optional<Version> present = version();
    return present ? std::optional(Content{*m_medium->bytes, *present}) : std::nullopt;
}

Version MemoryStorage::write(View bytes) {
    m_medium->bytes = to_secret(bytes);
    ++m_medium->writes;
    return *version();
}

}  // namespace jeton::softcard
