// AnswerQueue holds what an emulated reader has to say, and from when on it says it.
#pragma once

#include <deque>

#include "util/deadline.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

class AnswerQueue {
  public:
    using Moment = Deadline::Clock::time_point;

    /// push adds a message that can be read from |from| on, behind those that can be read no later.
    void push(SecretBytes message, Moment from);

    /// busy tells whether a message is still to come at |now|; drop_later takes such messages back.
    bool busy(Moment now) const { return !m_waiting.empty() && m_waiting.back().from > now; }
    void drop_later(Moment now);

    /// pop waits for the next message. Throws Error(timeout) when it comes after |deadline|, and at once when
    /// none will come.
    SecretBytes pop(Deadline deadline);

  private:
    struct Waiting {
        SecretBytes message;
        Moment from;
    };

    std::deque<Waiting> m_waiting;  ///< in the order of |from|
};

}  // namespace jeton::reader
