#include "reader/lease_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <thread>

namespace jeton::reader {

namespace {

using Attempt = LeaseQueue::Attempt;
using Clock = Deadline::Clock;

constexpr off_t door = 0;
constexpr off_t first_place = 1;
constexpr off_t last_place = 32;

constexpr std::chrono::microseconds first_pause{50};
constexpr std::chrono::microseconds longest_pause{
    2000};                                      ///< of the first in the queue; others look less often
constexpr off_t slowest = 4;                    ///< times longest_pause
constexpr Milliseconds courtesy{20};            ///< in which the last holder may come back
constexpr Milliseconds longest_courtesy{3000};  ///< towards whoever takes more than that

struct flock lock_of(off_t byte, short type, off_t length = 1) {
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = length;
    return lock;
}

Attempt try_lock(int fd, off_t byte, off_t length = 1) {
    struct flock lock = lock_of(byte, F_WRLCK, length);
    if (fcntl(fd, F_SETLK, &lock) == 0) {
        return Attempt::locked;
    }
    return errno == EAGAIN || errno == EACCES || errno == EINTR ? Attempt::taken : Attempt::failed;
}

void release(int fd, off_t byte, off_t length = 1) noexcept {
    const int before = errno;
    struct flock lock = lock_of(byte, F_UNLCK, length);
    fcntl(fd, F_SETLK, &lock);
    errno = before;
}

bool is_free(int fd, off_t byte) {
    struct flock lock = lock_of(byte, F_WRLCK);
    return fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK;
}

/// Pause is the time between two looks: F_SETLKW has no deadline without a signal handler.
class Pause {
  public:
    Pause(off_t byte, Deadline deadline)
        : m_longest(longest_pause * std::clamp<off_t>(byte, 1, slowest)), m_deadline(deadline) {}

    void sleep() {
        std::this_thread::sleep_until(std::min(m_deadline.at(), Clock::now() + m_next));
        m_next = std::min(m_next * 2, m_longest);
    }

  private:
    std::chrono::microseconds m_next = first_pause;
    const std::chrono::microseconds m_longest;
    const Deadline m_deadline;
};

Attempt wait_for(int fd, off_t place, Deadline deadline) {
    Pause pause(place, deadline);
    while (true) {
        const Attempt attempt = try_lock(fd, place);
        if (attempt != Attempt::taken || deadline.passed()) {
            return attempt;
        }
        pause.sleep();
    }
}

/// line_up gets the first place: at once where nobody waits, else from the last place on.
Attempt line_up(int fd, Deadline deadline) {
    Attempt attempt = try_lock(fd, first_place, last_place);
    if (attempt == Attempt::locked) {
        release(fd, first_place + 1, last_place - 1);
    }
    if (attempt != Attempt::taken) {
        return attempt;
    }
    attempt = wait_for(fd, last_place, deadline);
    for (off_t place = last_place; attempt == Attempt::locked && place > first_place; --place) {
        attempt = wait_for(fd, place - 1, deadline);
        release(fd, place);
    }
    return attempt;
}

/// wait_at_door is for the first in the queue. A door that was seen to open may be passed after the courtesy,
/// or when those before it stay longer than they may.
Attempt wait_at_door(int fd, Milliseconds longest_stay, Deadline deadline) {
    if (longest_stay == Milliseconds(0)) {
        return wait_for(fd, door, deadline);
    }
    Attempt attempt = try_lock(fd, door);
    const Deadline stay = Deadline::after(longest_courtesy);
    std::optional<Deadline> open;
    for (Pause pause(door, deadline); attempt == Attempt::taken && !deadline.passed();) {
        pause.sleep();
        if (!is_free(fd, door)) {
            open.reset();
        } else if (!open) {
            open = Deadline::after(courtesy);
        }
        if (open && (open->passed() || stay.passed() || deadline.passed())) {
            attempt = try_lock(fd, door);
        }
    }
    return attempt;
}

}  // namespace

/// go_on passes by the queue.
Attempt LeaseQueue::go_on(int fd) {
    const Clock::time_point now = Clock::now();
    const bool may = now - m_released < courtesy && now - m_began < m_stay;
    return may ? try_lock(fd, door) : Attempt::taken;
}

Attempt LeaseQueue::lock(int fd, Deadline deadline) {
    Attempt attempt = go_on(fd);
    if (attempt != Attempt::taken) {
        return attempt;
    }
    attempt = line_up(fd, deadline);
    if (attempt == Attempt::locked) {
        attempt = wait_at_door(fd, m_stay, deadline);
        release(fd, first_place);
    }
    if (attempt == Attempt::locked) {
        m_arrived = true;
    }
    return attempt;
}

void LeaseQueue::unlock(int fd) noexcept {
    m_released = Clock::now();
    if (m_arrived) {
        m_arrived = false;
        m_began = m_released;
    }
    release(fd, door);
}

std::optional<pid_t> LeaseQueue::holder(int fd) {
    struct flock lock = lock_of(door, F_WRLCK);
    const bool seen = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
    return seen ? std::optional(lock.l_pid) : std::nullopt;
}

}  // namespace jeton::reader
