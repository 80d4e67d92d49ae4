#include "reader/local_queue.hpp"

#include <algorithm>

namespace jeton::reader {

bool LocalQueue::enter(Deadline deadline) {
    std::unique_lock lock(m_mutex);
    const std::uint64_t ticket = ++m_last_ticket;
    if (m_owner == 0) {
        m_owner = ticket;
        return true;
    }
    m_waiting.push_back(ticket);
    if (m_changed.wait_until(lock, deadline.at(), [&] { return m_owner == ticket; })) {
        return true;
    }
    m_waiting.erase(std::find(m_waiting.begin(), m_waiting.end(), ticket));
    return false;
}

bool LocalQueue::try_enter() {
    const std::lock_guard lock(m_mutex);
    if (m_owner != 0) {
        return false;
    }
    m_owner = ++m_last_ticket;
    return true;
}

bool LocalQueue::hand_over() {
    const std::lock_guard lock(m_mutex);
    return give_to_next();
}

void LocalQueue::leave() {
    const std::lock_guard lock(m_mutex);
    if (!give_to_next()) {
        m_owner = 0;
    }
}

std::size_t LocalQueue::waiting() {
    const std::lock_guard lock(m_mutex);
    return m_waiting.size();
}

bool LocalQueue::give_to_next() {
    if (m_waiting.empty()) {
        return false;
    }
    m_owner = m_waiting.front();
    m_waiting.pop_front();
    m_changed.notify_all();
    return true;
}

}  // namespace jeton::reader
