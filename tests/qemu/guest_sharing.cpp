#include "qemu/guest_sharing.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <dlfcn.h>
#include <exception>
#include <fmt/core.h>
#include <functional>
#include <new>
#include <random>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "qemu/guest_token.hpp"

namespace jeton::test {

namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

constexpr const char* pin = "123456";
constexpr std::size_t most_signatures = 10000;
constexpr Milliseconds patience{200000};  ///< for processes to start or end; the guest may be slow

/// Signature is one that a process made: when it asked, when it had it.
struct Signature {
    pid_t pid = 0;
    Clock::time_point asked;
    Clock::time_point made;
};

/// Board is memory that processes share. All children start together.
struct Board {
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> count{0};
    std::array<Signature, most_signatures> signatures;
};

Board& new_board() {
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("mmap");
    }
    return *new (memory) Board;
}

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

pid_t child(const std::function<void()>& work) {
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 0;
        try {
            work();
        } catch (const std::exception& error) {
            say(fmt::format("process {}: {}", getpid(), error.what()));
            status = 1;
        }
        std::fflush(stdout);
        _exit(status);
    }
    return pid;
}

/// finished waits for a child; true when it ended well.
bool finished(pid_t pid) {
    int status = 0;
    for (const Deadline end = Deadline::after(patience); !end.passed();
         std::this_thread::sleep_for(Milliseconds(2))) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    say(fmt::format("process {} did not end in time", pid));
    return false;
}

void require(bool holds, const std::string& what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

void await(const std::function<bool()>& condition, const std::string& what) {
    for (const Deadline end = Deadline::after(patience); !condition();) {
        require(!end.passed(), what + ": waited too long");
        std::this_thread::sleep_for(Milliseconds(1));
    }
}

void sign_once(GuestToken& token, Board& board) {
    const Clock::time_point asked = Clock::now();
    token.sign();
    board.signatures.at(board.count++) = {getpid(), asked, Clock::now()};
}

/// sign_in_bursts is the work of one process. The first signature, for which the card's objects are read,
/// does not count.
void sign_in_bursts(const std::string& module, Board& board, int signatures, int burst, Milliseconds pause) {
    GuestToken token(module);
    token.login(pin);
    token.sign();
    ++board.ready;
    await([&] { return board.go.load(); }, "the start");
    for (int i = 0; i < signatures; ++i) {
        if (i > 0 && i % burst == 0) {
            std::this_thread::sleep_for(pause);
        }
        sign_once(token, board);
    }
    token.check();
}

struct Figures {
    double per_second = 0;
    double mean_wait = 0;  ///< of one signature, in milliseconds
    double longest_wait = 0;
    double changes = 0;              ///< share of signatures that another process than the last one made
    std::size_t most_overtaken = 0;  ///< turns of others that began and ended before a waiting one's
};

Figures figures_of(const Board& board) {
    std::vector<Signature> all(board.signatures.begin(), board.signatures.begin() + board.count);
    std::ranges::sort(all, {}, &Signature::made);
    Figures result;
    Clock::time_point begin = all.front().asked;
    std::vector<Clock::time_point> turns;  ///< when the first signature of each was made
    for (std::size_t i = 0; i < all.size(); ++i) {
        begin = std::min(begin, all[i].asked);
        const double wait = milliseconds(all[i].made - all[i].asked);
        result.longest_wait = std::max(result.longest_wait, wait);
        if (i > 0 && all[i].pid == all[i - 1].pid) {
            continue;
        }
        if (i > 0) {
            result.mean_wait += wait;
            const auto since = std::ranges::upper_bound(turns, all[i].asked);
            result.most_overtaken =
                std::max(result.most_overtaken, static_cast<std::size_t>(turns.end() - since));
        }
        turns.push_back(all[i].made);
    }
    const std::size_t changes = turns.size() - 1;
    result.mean_wait /= static_cast<double>(std::max<std::size_t>(changes, 1));
    result.changes = static_cast<double>(changes) / static_cast<double>(all.size() - 1);
    result.per_second = 1000.0 * static_cast<double>(all.size()) / milliseconds(all.back().made - begin);
    return result;
}

Figures measure(const Words& words, int processes) {
    dlopen(words[0].c_str(), RTLD_NOW | RTLD_LOCAL);  // once, for the children too
    Board& board = new_board();
    const int signatures = std::stoi(words.at(2));
    const Milliseconds pause(std::stoul(words.at(4)));
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
        children.push_back(
            child([&] { sign_in_bursts(words[0], board, signatures, std::stoi(words.at(3)), pause); }));
    }
    await([&] { return board.ready == processes; }, "the processes");
    board.go = true;
    bool well = true;
    for (const pid_t pid : children) {
        well = finished(pid) && well;
    }
    require(well, "a process failed");
    require(board.count == static_cast<std::size_t>(processes * signatures), "signatures are missing");
    const Figures figures = figures_of(board);
    say(fmt::format(
        "{} process(es) x {} signatures: {:.2f} a second, mean wait {:.0f} ms, longest {:.0f} ms, "
        "{:.0f} % by another process than the one before",
        processes, signatures, figures.per_second, figures.mean_wait, figures.longest_wait,
        100 * figures.changes));
    return figures;
}

/// expect_refusal: the login is gone, or never was, so that private keys are not even seen.
void expect_refusal(GuestToken& token, const std::string& who) {
    try {
        token.sign();
    } catch (const CkError& error) {
        require(error.rv() == CKR_USER_NOT_LOGGED_IN || error.rv() == CKR_KEY_HANDLE_INVALID,
                who + ": " + error.what());
        return;
    }
    throw std::runtime_error(who + " signed");
}

}  // namespace

void share(const Words& words) {
    const Figures alone = measure(words, 1);
    const Figures shared = measure(words, std::stoi(words.at(1)));
    say(fmt::format(
        "throughput {:.2f} of one process alone, longest wait {:.1f} times the mean, at most {} turns of "
        "others before one's own",
        shared.per_second / alone.per_second, shared.longest_wait / shared.mean_wait, shared.most_overtaken));
    // Times depend on the computer; who comes first does not.
    require(shared.most_overtaken <= std::stoul(words.at(1)), "somebody came too late");
}

void share_with_killed(const Words& words) {
    const int processes = std::stoi(words.at(1));
    const int signatures = std::stoi(words.at(2));
    Board& board = new_board();
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
        children.push_back(child([&] { sign_in_bursts(words[0], board, signatures, 1, Milliseconds(0)); }));
    }
    await([&] { return board.ready == processes; }, "the processes");
    board.go = true;
    std::mt19937 random(20260101);
    for (int i = 0; i < std::stoi(words.at(3)); ++i) {
        Board& theirs = new_board();
        theirs.go = true;
        const pid_t victim = child([&] { sign_in_bursts(words[0], theirs, 1000, 1000, Milliseconds(0)); });
        await([&] { return theirs.ready > 0; }, "the victim");
        std::this_thread::sleep_for(Milliseconds(std::uniform_int_distribution<int>(0, 400)(random)));
        kill(victim, SIGKILL);
        waitpid(victim, nullptr, 0);
    }
    bool well = true;
    for (const pid_t pid : children) {
        well = finished(pid) && well;
    }
    require(well, "a process failed");
    require(board.count == static_cast<std::size_t>(processes * signatures), "signatures are missing");
    say(fmt::format("{} signatures, all right, while {} others were killed", board.count.load(),
                    words.at(3)));
}

void share_with_stranger(const Words& words) {
    Board& board = new_board();
    const pid_t user = child([&] {
        GuestToken token(words.at(0));
        token.login(pin);
        token.sign();
        for (++board.ready; !board.stop;) {
            sign_once(token, board);
        }
        token.check();
    });
    await([&] { return board.ready > 0; }, "the user");
    const pid_t stranger = child([&] {
        GuestToken token(words.at(0));
        for (int i = 0; i < 5; ++i) {
            expect_refusal(token, "who did not log in");
        }
    });
    const bool refused = finished(stranger);
    board.stop = true;
    require(finished(user) && refused, "a process failed");
    require(board.count > 0, "the user did not sign beside it");
    say("who did not log in cannot sign");
}

void hand_over(const Words& words) {
    Board& board = new_board();
    const bool kept = words.at(1) == "kept";
    const pid_t user = child([&] {
        GuestToken token(words.at(0));
        token.login(pin);
        token.sign();
        ++board.ready;
        await([&] { return board.go.load(); }, "the other");
        if (kept) {
            token.sign();
            token.check();
        } else {
            expect_refusal(token, "whose card was used by another");
        }
    });
    await([&] { return board.ready > 0; }, "the user");
    const pid_t other = child([&] {
        GuestToken token(words.at(0));
        token.login(pin);
        token.sign();
    });
    const bool well = finished(other);
    board.go = true;
    require(finished(user) && well, "a process failed");
    say(kept ? "the login outlives the use by another process" : "the PIN is asked for again");
}

void outlive_orphan(const Words& words) {
    Board& board = new_board();
    const pid_t holder = child([&] {
        GuestToken token(words.at(0));
        token.login(pin);
        token.sign();
        const pid_t orphan = fork();
        if (orphan == 0) {
            std::this_thread::sleep_for(std::chrono::minutes(5));
            _exit(0);
        }
        board.signatures[0].pid = orphan;
        for (++board.ready;;) {
            token.sign();
        }
    });
    await([&] { return board.ready > 0; }, "the holder");
    std::this_thread::sleep_for(Milliseconds(50));
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    const Clock::time_point begin = Clock::now();
    const bool well = finished(child([&] {
        GuestToken token(words.at(0));
        token.login(pin);
        token.sign();
    }));
    const double time = milliseconds(Clock::now() - begin);
    const pid_t orphan = board.signatures[0].pid;
    const bool lived = orphan > 0 && kill(orphan, 0) == 0;
    kill(orphan, SIGKILL);
    require(well && lived, "the reader is not free");
    say(fmt::format("signed {:.0f} ms after the holder's death, whose forked child lives", time));
}

}  // namespace jeton::test
