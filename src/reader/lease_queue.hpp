// LeaseQueue is the order in which processes get the one lock of a reader.
#pragma once

#include <optional>
#include <sys/types.h>

#include "util/deadline.hpp"

namespace jeton::reader {

/// LeaseQueue is made of record locks of fcntl on bytes of a file: the door, which the holder has, and the
/// places before it, of which each waiting process has one. Who waits moves up when the next place is free,
/// so that 32 processes are served in the order in which they came. Locks die with their owner: a killed
/// process leaves no gap. (Two locks, a gate before a door, are a lottery for three.)
///
/// A hand-over to real hardware costs more than a command, since the next one resets the card. So a process
/// that comes back at once goes on before those that wait, for at most |stay| after its first turn, and the
/// first in the queue leaves it that moment.
class LeaseQueue {
  public:
    enum class Attempt { locked, taken, failed };

    /// longest_stay is what readers allow where the next one resets the card: five times what that and the
    /// login cost with usual cards, so that a reader that all want does four fifths of what it can.
    static constexpr Milliseconds longest_stay{1250};

    /// With a |stay| of 0 everybody lines up again.
    explicit LeaseQueue(Milliseconds stay = longest_stay) : m_stay(stay) {}

    /// lock waits for the door of |fd| until |deadline|; failed leaves errno.
    Attempt lock(int fd, Deadline deadline);
    void unlock(int fd) noexcept;

    /// holder is the process that has the door, unless it is free or its holder cannot be seen from here.
    static std::optional<pid_t> holder(int fd);

  private:
    Attempt go_on(int fd);

    const Milliseconds m_stay;
    bool m_arrived = false;                    ///< the door was got by waiting, and not given back since
    Deadline::Clock::time_point m_began{};     ///< when it was given back first after that
    Deadline::Clock::time_point m_released{};  ///< when it was given back last
};

}  // namespace jeton::reader
