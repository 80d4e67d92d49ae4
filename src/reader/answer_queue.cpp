#include "reader/answer_queue.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "reader/error.hpp"

namespace jeton::reader {

void AnswerQueue::push(SecretBytes message, Moment from) {
    const auto later =
        std::find_if(m_waiting.begin(), m_waiting.end(), [&](const Waiting& it) { return it.from > from; });
    m_waiting.insert(later, {std::move(message), from});
}

void AnswerQueue::drop_later(Moment now) {
    while (busy(now)) {
        m_waiting.pop_back();
    }
}

SecretBytes AnswerQueue::pop(Deadline deadline) {
    if (m_waiting.empty()) {
        throw Error(Error::Kind::timeout, "emulated reader: nothing to read, and nothing will come");
    }
    const Moment from = m_waiting.front().from;
    std::this_thread::sleep_until(std::min(from, deadline.at()));
    if (from > deadline.at()) {
        throw Error(Error::Kind::timeout, "emulated reader: still working");
    }
    SecretBytes message = std::move(m_waiting.front().message);
    m_waiting.pop_front();
    return message;
}

}  // namespace jeton::reader
