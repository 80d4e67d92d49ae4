#include "tool/terminal.hpp"

#include <cerrno>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "tool/failure.hpp"
#include "tool/output.hpp"

namespace jeton::tool {

namespace {

constexpr std::size_t longest_answer = 256;

volatile sig_atomic_t caught_signal = 0;

void remember_signal(int number) {
    caught_signal = number;
}

/// Turns the echo off, and holds interrupts back until wait() lets them through, so that none is missed and
/// the terminal is always left as it was.
class HiddenInput {
  public:
    HiddenInput() {
        caught_signal = 0;
        sigset_t interrupts;
        sigemptyset(&interrupts);
        sigaddset(&interrupts, SIGINT);
        sigaddset(&interrupts, SIGTERM);
        sigprocmask(SIG_BLOCK, &interrupts, &m_old_mask);
        struct sigaction action{};
        action.sa_handler = remember_signal;
        sigaction(SIGINT, &action, &m_old_interrupt);
        sigaction(SIGTERM, &action, &m_old_terminate);
        tcgetattr(STDIN_FILENO, &m_old_terminal);
        termios hidden = m_old_terminal;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        hidden.c_lflag |= ECHONL;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    ~HiddenInput() {
        tcsetattr(STDIN_FILENO, TCSANOW, &m_old_terminal);
        sigaction(SIGINT, &m_old_interrupt, nullptr);
        sigaction(SIGTERM, &m_old_terminate, nullptr);
        sigprocmask(SIG_SETMASK, &m_old_mask, nullptr);
    }
    HiddenInput(const HiddenInput&) = delete;  // one owner restores the terminal
    HiddenInput& operator=(const HiddenInput&) = delete;

    /// wait returns when there is something to read; false after a signal.
    bool wait() const {
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        return ppoll(&input, 1, nullptr, &m_old_mask) > 0;
    }

  private:
    sigset_t m_old_mask{};
    termios m_old_terminal{};
    struct sigaction m_old_interrupt{};
    struct sigaction m_old_terminate{};
};

/// read_line reads up to the end of a line; nullopt at the end of input or beyond the longest answer.
std::optional<std::string> read_line() {
    std::string line;
    char character = 0;
    while (line.size() <= longest_answer) {
        const ssize_t got = read(STDIN_FILENO, &character, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return std::nullopt;
        }
        if (character == '\n') {
            return line;
        }
        line.push_back(character);
    }
    return std::nullopt;
}

void put(const std::string& text) {
    // A question that cannot be shown is answered by nobody; the read that follows finds that out.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

bool has_terminal() {
    return isatty(STDIN_FILENO) == 1;
}

std::string ask_secret(const std::string& question) {
    std::optional<std::string> answer;
    {
        const HiddenInput hidden;  // before the question, so that nothing typed early is shown
        put(question + ": ");
        if (hidden.wait()) {
            answer = read_line();
        }
    }
    if (caught_signal != 0) {
        put("\n");
        raise(caught_signal);
    }
    if (!answer) {
        throw Failure("Nothing was typed in, so nothing was done.");
    }
    return *answer;
}

std::string ask_new_secret(const std::string& what) {
    while (true) {
        const std::string first = ask_secret("New " + what);
        if (ask_secret("New " + what + " again") == first) {
            return first;
        }
        print_note("The two are not the same. Please try again.");
    }
}

bool ask_yes(const std::string& question) {
    put(question + " [y/N] ");
    const auto answer = read_line();
    return answer == "y" || answer == "yes";
}

}  // namespace jeton::tool
