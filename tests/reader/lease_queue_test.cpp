// The order in which processes get the lock of a reader.
#include "reader/lease_queue.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "util/files.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::reader {
namespace {

using Attempt = LeaseQueue::Attempt;

Deadline soon() {
    return Deadline::after(Milliseconds(10000));
}

/// LeaseQueues is a file whose lock children take; what they note is read at the end.
class LeaseQueues : public testing::Test {
  protected:
    ~LeaseQueues() override {
        for (const pid_t pid : m_children) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
    }

    UniqueFd open_file() const {
        return UniqueFd(open((m_scratch.path() / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    }

    pid_t child(const std::function<void(int fd)>& work) {
        const pid_t pid = fork();
        if (pid == 0) {
            work(open_file().release());
            _exit(0);
        }
        m_children.push_back(pid);
        return pid;
    }

    /// note adds one letter to what all of them did.
    void note(char letter) const {
        std::ofstream(m_scratch.path() / "notes", std::ios::app) << letter << std::flush;
    }
    std::string notes() const {
        std::string text;
        std::ifstream(m_scratch.path() / "notes") >> text;
        return text;
    }

    void finish() {
        for (const pid_t pid : m_children) {
            int status = 0;
            EXPECT_EQ(waitpid(pid, &status, 0), pid);
            EXPECT_TRUE(WIFEXITED(status));
        }
        m_children.clear();
    }

    test::ScratchDirectory m_scratch;
    std::vector<pid_t> m_children;
};

void hold(int fd, LeaseQueue& queue, const std::function<void()>& noted, Milliseconds time) {
    if (queue.lock(fd, soon()) == Attempt::locked) {
        noted();
        std::this_thread::sleep_for(time);
        queue.unlock(fd);
    }
}

TEST_F(LeaseQueues, WhoWaitsIsServedInTheOrderOfComing) {
    LeaseQueue ours;
    const UniqueFd fd = open_file();
    ASSERT_EQ(ours.lock(fd.get(), soon()), Attempt::locked);
    for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
        child([this, letter](int file) {
            LeaseQueue queue;
            hold(file, queue, [&] { note(letter); }, Milliseconds(10));
        });
        std::this_thread::sleep_for(Milliseconds(150));
    }
    ours.unlock(fd.get());
    finish();
    EXPECT_EQ(notes(), "abcde");
}

TEST_F(LeaseQueues, NobodyStarvesBesideThoseThatComeBackAtOnce) {
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        child([this, letter](int file) {
            LeaseQueue queue;
            const Deadline end = Deadline::after(Milliseconds(6500));
            while (!end.passed()) {
                hold(file, queue, [&] { note(letter); }, Milliseconds(50));
            }
        });
    }
    finish();
    const std::string all = notes();
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        EXPECT_GE(std::ranges::count(all, letter), 10) << all;
    }
}

TEST_F(LeaseQueues, WhoComesBackAtOnceGoesOnForASecond) {
    LeaseQueue ours;
    const UniqueFd fd = open_file();
    ASSERT_EQ(ours.lock(fd.get(), soon()), Attempt::locked);
    child([this](int file) {
        LeaseQueue queue;
        hold(file, queue, [&] { note('b'); }, Milliseconds(1));
    });
    std::this_thread::sleep_for(Milliseconds(150));
    const auto begin = Deadline::Clock::now();
    ours.unlock(fd.get());
    while (notes().find('b') == std::string::npos) {
        hold(fd.get(), ours, [&] { note('a'); }, Milliseconds(20));
    }
    finish();
    EXPECT_LT(Deadline::Clock::now() - begin, Milliseconds(5000));
    EXPECT_GE(notes().find('b'), 5U) << notes();
}

TEST_F(LeaseQueues, AProcessKilledInTheQueueLeavesNoGap) {
    LeaseQueue ours;
    const UniqueFd fd = open_file();
    ASSERT_EQ(ours.lock(fd.get(), soon()), Attempt::locked);
    const pid_t victim = child([](int file) {
        LeaseQueue queue;
        queue.lock(file, soon());
    });
    std::this_thread::sleep_for(Milliseconds(100));
    child([this](int file) {
        LeaseQueue queue;
        hold(file, queue, [&] { note('b'); }, Milliseconds(1));
    });
    std::this_thread::sleep_for(Milliseconds(100));
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    std::erase(m_children, victim);
    EXPECT_EQ(LeaseQueue::holder(fd.get()), std::nullopt) << "of one's own lock nothing is told";
    ours.unlock(fd.get());
    finish();
    EXPECT_EQ(notes(), "b");
}

TEST_F(LeaseQueues, AWaitEndsWithItsDeadlineAndLeavesNothingLocked) {
    LeaseQueue ours;
    const UniqueFd fd = open_file();
    ASSERT_EQ(ours.lock(fd.get(), soon()), Attempt::locked);
    child([this](int file) {
        LeaseQueue queue;
        note(queue.lock(file, Deadline::after(Milliseconds(50))) == Attempt::taken ? 't' : 'f');
        note(queue.lock(file, Deadline::after(Milliseconds(-1))) == Attempt::taken ? 't' : 'f');
    });
    finish();
    child([this](int file) {
        LeaseQueue queue;
        hold(file, queue, [&] { note('b'); }, Milliseconds(1));
    });
    ours.unlock(fd.get());
    finish();
    EXPECT_EQ(notes(), "ttb");
}

}  // namespace
}  // namespace jeton::reader
