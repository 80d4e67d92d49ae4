// Interrupts as something to wait for, beside a socket.
#pragma once

#include <signal.h>

#include "util/files.hpp"

namespace jeton::tool {

/// StopSignals keeps SIGINT and SIGTERM from ending the process while it lives, those aside that the process
/// was started to ignore. For the one thread of a program.
class StopSignals {
  public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;  // one owner restores the signals
    StopSignals& operator=(const StopSignals&) = delete;

    /// fd becomes readable when a signal came.
    int fd() const { return m_fd.get(); }

    /// requested tells whether a signal came, now or earlier.
    bool requested();

  private:
    sigset_t m_old_mask{};
    UniqueFd m_fd;
    bool m_requested = false;
};

}  // namespace jeton::tool
