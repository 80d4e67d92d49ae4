// A CCID reader: opens a Device and offers its card openings as CardLinks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reader/card_link.hpp"
#include "reader/device.hpp"
#include "reader/lease_queue.hpp"

namespace jeton::reader {

/// HandoverPolicy says what happens to a card that another process used last.
enum class HandoverPolicy {
    reset,  ///< it is reset: what was verified for them is not for us
    keep,   ///< it stays as it is, where that process was one of ours and of the same user
};

/// ReaderPlace says where a reader is before anybody talks to it.
struct ReaderPlace {
    std::string name;                  ///< for people: "jeton soft card main"
    std::string key;                   ///< stays the same for the same place: "softcard:main"
    std::filesystem::path lease_file;  ///< the lock and hand-over record of this interface

    /// open throws Error. It is called with the first use, again where it threw or the reader was gone
    /// meanwhile, and once more in a forked child. An empty |lease_file| means that no other process can
    /// reach the reader.
    std::function<std::unique_ptr<Device>()> open;

    /// link, where it is set, makes the card openings instead, and nothing is opened: for links that are not
    /// made of CCID messages (PC/SC). It is called once for each opening, sends nothing and does not throw.
    std::function<std::unique_ptr<CardLink>(std::size_t index)> link{};

    HandoverPolicy handover = HandoverPolicy::reset;
    /// stay is how long a process that comes back at once may go on before others that wait.
    Milliseconds stay = LeaseQueue::longest_stay;

    std::size_t openings = 1;  ///< how many card openings there are, at most most_slots
    bool pinpad = true;        ///< false: the reader's PIN pad is not used, if it has one
};

class Slot;

/// Reader owns a Device and its openings. Making one sends nothing; the Device is opened at the first use.
class Reader {
  public:
    explicit Reader(ReaderPlace place);
    ~Reader();
    Reader(const Reader&) = delete;  // slots point to it
    Reader& operator=(const Reader&) = delete;

    const ReaderPlace& place() const;

    /// slot is the card opening |index|; the first one exists for every reader.
    CardLink& slot(std::size_t index = 0);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::reader
