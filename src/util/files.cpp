#include "util/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace jeton {

namespace fs = std::filesystem;

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
        UniqueFd old(m_fd);
        m_fd = other.release();
    }
    return *this;
}

UniqueFd::~UniqueFd() {
    if (m_fd >= 0) {
        close(m_fd);
    }
}

int UniqueFd::release() {
    const int fd = m_fd;
    m_fd = -1;
    return fd;
}

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int fd, View content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t written = write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            throw_errno("write " + name);
        }
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

/// NewFile is a file of a name of its own beside |path|, with its content on the disk; it goes unless it is
/// kept.
class NewFile {
  public:
    NewFile(const fs::path& path, View content, mode_t mode) : m_name(path.string() + ".XXXXXX") {
        const UniqueFd fd(mkostemp(m_name.data(), O_CLOEXEC));
        if (!fd) {
            throw_errno("create " + m_name);
        }
        try {
            if (fchmod(fd.get(), mode) != 0) {
                throw_errno("chmod " + m_name);
            }
            write_all(fd.get(), content, m_name);
            if (fsync(fd.get()) != 0) {
                throw_errno("fsync " + m_name);
            }
        } catch (...) {
            unlink(m_name.c_str());
            throw;
        }
    }
    NewFile(const NewFile&) = delete;  // one owner removes it
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile() {
        if (!m_name.empty()) {
            unlink(m_name.c_str());
        }
    }

    const char* name() const { return m_name.c_str(); }
    void keep() { m_name.clear(); }

  private:
    std::string m_name;
};

/// Makes the name |path| itself durable.
void sync_directory(const fs::path& path) {
    const UniqueFd directory(open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || fsync(directory.get()) != 0) {
        throw_errno("fsync " + path.parent_path().string());
    }
}

}  // namespace

std::optional<SecretBytes> read_file(const fs::path& path, std::size_t limit) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status{};
    if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) > limit) {
        return std::nullopt;
    }
    SecretBytes content(static_cast<std::size_t>(status.st_size));
    std::size_t filled = 0;
    while (filled < content.size()) {
        const ssize_t got = read(fd.get(), content.data() + filled, content.size() - filled);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::nullopt;
        }
        if (got == 0) {
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    content.resize(filled);
    return content;
}

void replace_file(const fs::path& path, View content, mode_t mode) {
    NewFile file(path, content, mode);
    if (rename(file.name(), path.c_str()) != 0) {
        throw_errno("replace " + path.string());
    }
    file.keep();
    sync_directory(path);
}

void create_file(const fs::path& path, View content, mode_t mode) {
    const NewFile file(path, content, mode);
    if (link(file.name(), path.c_str()) != 0) {
        throw_errno("create " + path.string());
    }
    sync_directory(path);
}

void make_private_directory(const fs::path& path) {
    fs::create_directories(path.parent_path());
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        throw_errno("mkdir " + path.string());
    }
}

}  // namespace jeton
