// A trace of what goes between host and readers: a pcapng file that Wireshark opens, without PINs and keys
// (docs/trace.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <sys/types.h>

#include "reader/device.hpp"
#include "util/bytes.hpp"

namespace jeton::reader {

/// Trace is the file of one process, in which all its readers are. A forked child gets one of its own. No
/// function throws or changes what is traced: when the file cannot be written, the log says so and the trace
/// ends.
class Trace {
  public:
    /// Trace will create |file| with the first packet, for its user alone. Where something of that name is
    /// there already, it stays, and the number of the process goes into the name: trace-4711.pcapng.
    explicit Trace(std::filesystem::path file);
    ~Trace();
    Trace(const Trace&) = delete;  // one file, one owner
    Trace& operator=(const Trace&) = delete;

    /// write appends one block of the file in one step; threads may write at the same time.
    void write(View block) noexcept;

    /// next_transfer numbers transfers, next_address the readers that are on no bus: 1 to 127, and round
    /// again.
    std::uint64_t next_transfer() { return ++m_transfers; }
    Byte next_address() { return static_cast<Byte>(m_addresses++ % 127 + 1); }

  private:
    struct File;

    File* file_of_this_process();

    const std::filesystem::path m_path;
    std::atomic<File*> m_file{nullptr};
    std::atomic<pid_t> m_opener{0};     ///< the process that has the file, or is about to
    std::atomic<bool> m_broken{false};  ///< nothing more is written
    std::atomic<std::uint64_t> m_transfers{0};
    std::atomic<std::uint64_t> m_addresses{0};
};

/// make_traced_device wraps |device|: each of its transfers goes into |trace|, after its descriptors; those
/// of notifications only when one came. Secrets are masked before.
std::unique_ptr<Device> make_traced_device(std::unique_ptr<Device> device, std::shared_ptr<Trace> trace);

}  // namespace jeton::reader
