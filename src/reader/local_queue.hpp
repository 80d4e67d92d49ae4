// LocalQueue orders the threads of this process that want one reader: first come, first served.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

#include "util/deadline.hpp"

namespace jeton::reader {

/// LocalQueue has one owner at a time. Its mutex is held for moments only: owning the queue is what lasts
/// during I/O.
class LocalQueue {
  public:
    /// enter waits for the turn of this thread; false when |deadline| came first.
    bool enter(Deadline deadline);

    /// try_enter becomes the owner only if that needs no waiting.
    bool try_enter();

    /// hand_over makes the longest waiting thread the owner; false when nobody waits: the caller still is.
    bool hand_over();

    /// leave makes the longest waiting thread the owner, or nobody.
    void leave();

    /// waiting is the number of threads that wait now.
    std::size_t waiting();

  private:
    bool give_to_next();

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::uint64_t> m_waiting;  ///< tickets
    std::uint64_t m_last_ticket = 0;
    std::uint64_t m_owner = 0;  ///< a ticket; 0: nobody
};

}  // namespace jeton::reader
