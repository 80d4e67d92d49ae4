#include "reader/trace.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include "reader/pcapng.hpp"
#include "util/deadline.hpp"
#include "util/files.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace fs = std::filesystem;

namespace {

constexpr int most_names = 1000;
constexpr Milliseconds longest_opening{1000};
constexpr std::uint64_t largest_file = std::uint64_t{1} << 30;

/// numbered is trace-4711.pcapng, then trace-4711-2.pcapng.
fs::path numbered(const fs::path& path, pid_t process, int attempt) {
    std::string name = fmt::format("{}-{}", path.stem().string(), process);
    if (attempt > 1) {
        name += fmt::format("-{}", attempt);
    }
    return path.parent_path() / (name + path.extension().string());
}

UniqueFd create(const fs::path& path) {
    return UniqueFd(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600));
}

}  // namespace

struct Trace::File {
    pid_t process = getpid();
    fs::path path;
    UniqueFd fd;
    std::atomic<bool> ended{false};
    std::atomic<std::uint64_t> size{0};
    std::unique_ptr<File> inherited;  ///< of the process that forked this one

    explicit File(const fs::path& wanted) : path(wanted), fd(create(wanted)) {
        for (int attempt = 1; !fd && errno == EEXIST && attempt <= most_names; ++attempt) {
            path = numbered(wanted, process, attempt);
            fd = create(path);
        }
        if (!fd) {
            end(std::strerror(errno));
            return;
        }
        if (path != wanted) {
            log::info("trace: {} is there already: this process writes {}", wanted.string(), path.string());
        }
        write(pcapng::section_block("jeton"));
        write(pcapng::interface_block("jeton"));
    }

    void end(const char* why) {
        if (!ended.exchange(true)) {
            log::warn("trace: {} ends: {}", path.string(), why);
        }
    }

    void write(View block) {
        if (ended) {
            return;
        }
        if (size.fetch_add(block.size()) + block.size() > largest_file) {
            end("it has become too large");
            return;
        }
        ssize_t written = -1;
        do {
            written = ::write(fd.get(), block.data(), block.size());
        } while (written < 0 && errno == EINTR);
        if (written < 0 || static_cast<std::size_t>(written) != block.size()) {
            end(written < 0 ? std::strerror(errno) : "no space for a whole block");
        }
    }
};

Trace::Trace(fs::path file) : m_path(std::move(file)) {}

Trace::~Trace() {
    delete m_file.load();
}

/// file_of_this_process creates the file at the first packet, and a forked child's own one. One thread does;
/// the others wait for it, for a moment.
Trace::File* Trace::file_of_this_process() {
    const pid_t process = getpid();
    File* const found = m_file.load();
    if (found != nullptr && found->process == process) {
        return found;
    }
    pid_t opener = m_opener.load();
    if (opener != process && m_opener.compare_exchange_strong(opener, process)) {
        auto own = std::make_unique<File>(m_path);
        own->inherited.reset(found);
        m_file = own.get();
        return own.release();
    }
    for (const Deadline end = Deadline::after(longest_opening); !end.passed();) {
        File* const made = m_file.load();
        if (made != nullptr && made->process == process) {
            return made;
        }
        std::this_thread::sleep_for(Milliseconds(1));
    }
    return nullptr;
}

void Trace::write(View block) noexcept {
    if (m_broken) {
        return;
    }
    try {
        if (File* const file = file_of_this_process()) {
            file->write(block);
        }
    } catch (const std::exception&) {
        m_broken = true;
    }
}

}  // namespace jeton::reader
