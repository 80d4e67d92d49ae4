#include "tool/stop_signals.hpp"

#include <cerrno>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace jeton::tool {

StopSignals::StopSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM}) {
        struct sigaction action{};
        sigaction(number, nullptr, &action);
        if (action.sa_handler != SIG_IGN) {
            sigaddset(&signals, number);
        }
    }
    sigprocmask(SIG_BLOCK, &signals, &m_old_mask);
    m_fd = UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!m_fd) {
        const int error = errno;
        sigprocmask(SIG_SETMASK, &m_old_mask, nullptr);
        throw std::system_error(error, std::generic_category(), "signalfd");
    }
}

/// What came is taken, so that it does not end the process when the signals get through again.
StopSignals::~StopSignals() {
    requested();
    sigprocmask(SIG_SETMASK, &m_old_mask, nullptr);
}

bool StopSignals::requested() {
    signalfd_siginfo signal{};
    while (read(m_fd.get(), &signal, sizeof signal) == sizeof signal) {
        m_requested = true;
    }
    return m_requested;
}

}  // namespace jeton::tool
