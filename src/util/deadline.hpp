// The moment at which a wait ends.
#pragma once

#include <algorithm>
#include <chrono>

namespace jeton {

using Milliseconds = std::chrono::milliseconds;

/// Deadline is a point in monotonic time. Every wait for a card, a reader or a lock has one.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    static Deadline after(Milliseconds duration) { return Deadline(Clock::now() + duration); }

    bool passed() const { return Clock::now() >= m_at; }
    Clock::time_point at() const { return m_at; }

    /// remaining is never negative.
    Milliseconds remaining() const {
        return std::max(Milliseconds(0), std::chrono::duration_cast<Milliseconds>(m_at - Clock::now()));
    }

    friend bool operator<(Deadline a, Deadline b) { return a.m_at < b.m_at; }

  private:
    explicit Deadline(Clock::time_point at) : m_at(at) {}
    Clock::time_point m_at;
};

}  // namespace jeton
