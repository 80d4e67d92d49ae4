#include "reader/lease_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "util/log.hpp"

namespace jeton::reader {

namespace {

constexpr int most_reopenings = 3;

/// process_name is printable, whatever the process calls itself.
std::string process_name(pid_t pid) {
    const UniqueFd fd(open(fmt::format("/proc/{}/comm", pid).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 32> buffer{};
    const ssize_t got = fd ? read(fd.get(), buffer.data(), buffer.size()) : 0;
    std::string name(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    std::erase_if(name, [](char c) { return c < ' ' || c > '~'; });
    return name.empty() ? "a process" : name;
}

/// is_shared_directory tells whether everybody may make files in |path|, as in /tmp.
bool is_shared_directory(const std::filesystem::path& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 && (status.st_mode & S_ISVTX) != 0 &&
           (status.st_mode & S_IWOTH) != 0;
}

/// open_or_make asks for a new file only where there is none: in a sticky directory the kernel refuses
/// O_CREAT for the file of another user (fs.protected_regular). A shared file is for everybody, whatever the
/// umask.
UniqueFd open_or_make(const std::filesystem::path& path, bool shared) {
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    for (int round = 0; round < most_reopenings; ++round) {
        UniqueFd file(open(path.c_str(), flags));
        if (file || errno != ENOENT) {
            return file;
        }
        file = UniqueFd(open(path.c_str(), flags | O_CREAT | O_EXCL, 0600));
        if (file && shared && fchmod(file.get(), 0666) != 0) {
            return UniqueFd();
        }
        if (file || errno != EEXIST) {
            return file;
        }
    }
    return UniqueFd();
}

/// of_another_user is what is left of the record of another user: where the reader stands, not the cards.
HandoverRecord of_another_user(const HandoverRecord& theirs) {
    HandoverRecord record = fresh_record();
    record.pid = theirs.pid;
    record.next_seq = theirs.next_seq;
    record.phase = theirs.phase;
    record.flight_seq = theirs.flight_seq;
    record.flight_slot = theirs.flight_slot;
    return record;
}

}  // namespace

LeaseFile::LeaseFile(std::filesystem::path path, Milliseconds stay) : m_path(std::move(path)), m_queue(stay) {
    if (m_path.empty()) {
        m_mode = Mode::memory;
    }
}

LeaseFile::Locked LeaseFile::lock(Deadline deadline) {
    if (m_mode == Mode::unopened) {
        open_file();
    }
    for (int round = 0; m_mode == Mode::file; ++round) {
        const LeaseQueue::Attempt attempt = m_queue.lock(m_file.get(), deadline);
        if (attempt == LeaseQueue::Attempt::taken) {
            return Locked::no;
        }
        if (attempt == LeaseQueue::Attempt::failed) {
            give_up(fmt::format("cannot lock: {}", std::strerror(errno)));
        } else if (!replaced()) {
            return Locked::yes;
        } else if (round == most_reopenings) {
            give_up("somebody replaces it all the time");
        } else {
            open_file();
        }
    }
    return Locked::yes;
}

void LeaseFile::unlock() noexcept {
    if (m_mode == Mode::file) {
        m_queue.unlock(m_file.get());
    }
}

void LeaseFile::open_file() {
    try {
        make_private_directory(m_path.parent_path());
    } catch (const std::system_error& error) {
        give_up(error.what());
        return;
    }
    m_shared = is_shared_directory(m_path.parent_path());
    m_file = open_or_make(m_path, m_shared);
    struct stat status{};
    if (!m_file || fstat(m_file.get(), &status) != 0) {
        give_up(std::strerror(errno));
    } else if (!S_ISREG(status.st_mode) || (!m_shared && status.st_uid != geteuid())) {
        give_up("it is no regular file of this user");
    } else if (status.st_nlink > 1) {
        give_up("it has another name, and may be another file");
    } else {
        m_mode = Mode::file;
    }
}

void LeaseFile::give_up(const std::string& reason) {
    log::warn("{}: {}; other processes that use this reader will not be noticed", m_path.string(), reason);
    m_mode = Mode::memory;
    m_file = UniqueFd();
}

/// replaced tells whether the path leads to another file by now: the lock of a deleted file protects nothing.
bool LeaseFile::replaced() const {
    struct stat ours{};
    struct stat there{};
    return fstat(m_file.get(), &ours) != 0 || lstat(m_path.c_str(), &there) != 0 ||
           ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

/// read_record gives the record in the file, of whatever user.
std::optional<HandoverRecord> LeaseFile::read_record() const {
    std::array<Byte, record_size + 1> bytes{};  // one more, to notice a longer file
    const ssize_t got = pread(m_file.get(), bytes.data(), bytes.size(), 0);
    return decode_record(View(bytes).first(got > 0 ? static_cast<std::size_t>(got) : 0));
}

std::optional<HandoverRecord> LeaseFile::peek() const {
    if (m_mode != Mode::file) {
        return m_memory;
    }
    const auto record = read_record();
    return record && record->uid == geteuid() ? record : std::nullopt;
}

std::optional<HandoverRecord> LeaseFile::glance() {
    struct stat status{};
    if (m_mode == Mode::unopened && lstat(m_path.c_str(), &status) == 0) {
        open_file();
    }
    return peek();
}

std::optional<HandoverRecord> LeaseFile::load() {
    auto record = m_mode == Mode::file ? read_record() : m_memory;
    if (record && m_mode == Mode::file && record->uid != geteuid()) {
        record = m_shared ? std::optional(of_another_user(*record)) : std::nullopt;
    }
    struct stat status{};
    if (record || m_mode != Mode::file || fstat(m_file.get(), &status) != 0 || status.st_size == 0) {
        return record;
    }
    log::warn("{}: not a valid hand-over record; the card will be reset", m_path.string());
    if (ftruncate(m_file.get(), 0) != 0) {
        give_up(fmt::format("cannot write: {}", std::strerror(errno)));
    }
    return std::nullopt;
}

void LeaseFile::store(const HandoverRecord& record) {
    if (m_mode != Mode::file) {
        m_memory = record;
        return;
    }
    const RecordBytes bytes = encode_record(record);
    if (pwrite(m_file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        m_memory = record;
        give_up(fmt::format("cannot write: {}", std::strerror(errno)));
    }
}

std::string LeaseFile::holder() const {
    pid_t pid = 0;
    if (m_mode == Mode::file) {
        pid = LeaseQueue::holder(m_file.get()).value_or(0);
        if (pid <= 0) {  // released just now, or held in another pid namespace
            const auto record = read_record();
            pid = record ? static_cast<pid_t>(record->pid) : 0;
        }
    }
    return pid > 0 ? fmt::format("{} (pid {})", process_name(pid), pid) : "another process";
}

}  // namespace jeton::reader
