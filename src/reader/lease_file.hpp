// LeaseFile is the lock that processes share for one reader, and the place of the HandoverRecord.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "reader/handover_record.hpp"
#include "reader/lease_queue.hpp"
#include "util/deadline.hpp"
#include "util/files.hpp"

namespace jeton::reader {

/// LeaseFile uses record locks of fcntl: they die with their holder and are not inherited over fork. They
/// belong to the process, not to the descriptor, and closing ANY descriptor of the file gives them up. So
/// there is one LeaseFile with one descriptor for each reader in a process, and nothing else in the process
/// may open that file.
///
/// Where the file cannot be made or locked (a read-only directory, somebody else's file), usable() is false,
/// a warning is logged once, and the lease orders the threads of this process alone: locking then always
/// succeeds, load() gives what store() kept in memory, and the card's state is trusted as if no other process
/// existed.
///
/// In a directory that is sticky and writable for everybody the file is for all users, and may belong to any
/// of them. A record that another user left there tells what is in flight and nothing of the cards.
class LeaseFile {
  public:
    enum class Locked { yes, no };

    /// An empty |path| means a reader that only this process can reach: no file, no warning.
    /// |stay| is the LeaseQueue's.
    explicit LeaseFile(std::filesystem::path path, Milliseconds stay = LeaseQueue::longest_stay);

    /// lock opens the file at the first use and waits for the lock until |deadline|.
    Locked lock(Deadline deadline);
    void unlock() noexcept;

    /// load gives the record, nullopt when there is none or it is not valid or not of this user; such a
    /// record is dropped, unless the file is for all users. Only when locked.
    std::optional<HandoverRecord> load();

    /// peek is load() without the lock: a hint.
    std::optional<HandoverRecord> peek() const;

    /// glance is peek() that opens the file first, if there is one.
    std::optional<HandoverRecord> glance();

    /// store puts |record| down: in the page cache, which a killed process leaves intact; a crash of the
    /// system powers the reader off as well. Only when locked.
    void store(const HandoverRecord& record);

    /// holder says, for people, who holds the lock: "ssh-agent (pid 1234)".
    std::string holder() const;

    bool usable() const { return m_mode == Mode::file; }

  private:
    enum class Mode { unopened, file, memory };

    void open_file();
    std::optional<HandoverRecord> read_record() const;
    void give_up(const std::string& reason);
    bool replaced() const;

    std::filesystem::path m_path;
    Mode m_mode = Mode::unopened;
    bool m_shared = false;  ///< among users
    UniqueFd m_file;
    LeaseQueue m_queue;
    std::optional<HandoverRecord> m_memory;  ///< the record, where there is no file
};

}  // namespace jeton::reader
