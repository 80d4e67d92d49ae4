// ByteCursor reads bytes forward and remembers whether they sufficed.
#pragma once

#include "util/bytes.hpp"

namespace jeton::reader {

class ByteCursor {
  public:
    explicit ByteCursor(View bytes) : m_rest(bytes) {}

    /// byte gives the next one, 0 when there is none.
    Byte byte() {
        const View next = take(1);
        return next.empty() ? Byte{0} : next.front();
    }

    /// take gives the next |count| bytes; none, and takes none, when there are fewer.
    View take(std::size_t count) {
        if (m_rest.size() < count) {
            m_short = true;
            return {};
        }
        const View head = m_rest.first(count);
        m_rest = m_rest.subspan(count);
        return head;
    }

    View rest() const { return m_rest; }
    bool cut_short() const { return m_short; }

  private:
    View m_rest;
    bool m_short = false;
};

}  // namespace jeton::reader
