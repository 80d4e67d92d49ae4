#include "card/profile_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "util/files.hpp"

namespace jeton::card {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr std::size_t most_files = 512;

class LayerReader {
  public:
    LayerReader(bool trusted, std::vector<ProfileProblem>& problems)
        : m_trusted(trusted), m_problems(problems) {}

    void file(const fs::path& path) {
        const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        struct stat status{};
        if (!fd || fstat(fd.get(), &status) != 0) {
            if (errno != ENOENT && errno != ENOTDIR) {
                problem(path, "a readable file", std::strerror(errno));
            }
            return;
        }
        if (const auto wrong = refusal(status)) {
            return problem(path, wrong->first, wrong->second);
        }
        if (auto text = content(fd.get())) {
            m_sources.push_back({path.string(), std::move(*text), m_trusted});
        } else {
            problem(path, fmt::format("a file of at most {} bytes", largest_file),
                    "more, or an error of the disk");
        }
    }

    void directory(const fs::path& path) {
        std::error_code error;
        std::vector<fs::path> files;
        fs::directory_iterator entry(path, error);
        for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
            const std::string name = entry->path().filename().string();
            if (name.ends_with(".json") && !name.starts_with('.') && name != "schema.json") {
                files.push_back(entry->path());
            }
            if (files.size() > most_files) {
                return problem(path, fmt::format("at most {} profiles", most_files), "more");
            }
        }
        if (error) {
            return problem(path, "a readable directory", error.message());
        }
        std::sort(files.begin(), files.end(),
                  [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
        std::for_each(files.begin(), files.end(), [this](const fs::path& found) { file(found); });
    }

    std::vector<ProfileSource> take() { return std::move(m_sources); }

  private:
    using Refusal = std::pair<std::string, std::string>;

    /// The status is that of the open file, so nobody can put another one in its place.
    std::optional<Refusal> refusal(const struct stat& status) const {
        if (!S_ISREG(status.st_mode)) {
            return Refusal("a regular file", "something else");
        }
        if (m_trusted) {
            return std::nullopt;
        }
        if (status.st_uid != geteuid() && status.st_uid != 0) {
            return Refusal("a file of yours or of root", fmt::format("one of user {}", status.st_uid));
        }
        if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
            return Refusal("a file that only its owner can write (chmod go-w)",
                           fmt::format("mode {:04o}", status.st_mode & 07777));
        }
        return std::nullopt;
    }

    static std::optional<std::string> content(int fd) {
        std::string text;
        std::size_t filled = 0;
        while (filled <= largest_file) {
            text.resize(filled + 16384);
            const ssize_t got = read(fd, text.data() + filled, text.size() - filled);
            if (got == 0) {
                text.resize(filled);
                return text;
            }
            if (got < 0 && errno != EINTR) {
                return std::nullopt;
            }
            filled += got > 0 ? static_cast<std::size_t>(got) : 0;
        }
        return std::nullopt;
    }

    void problem(const fs::path& path, std::string expected, std::string found) {
        m_problems.push_back({path.string(), {}, std::move(expected), std::move(found)});
    }

    bool m_trusted;
    std::vector<ProfileProblem>& m_problems;
    std::vector<ProfileSource> m_sources;
};

}  // namespace

std::vector<ProfileSource> read_layer(const ProfileSet::Layer& layer, std::vector<ProfileProblem>& problems) {
    LayerReader reader(layer.trusted, problems);
    std::error_code error;
    if (fs::is_directory(layer.path, error)) {
        reader.directory(layer.path);
    } else {
        reader.file(layer.path);
    }
    return reader.take();
}

}  // namespace jeton::card
