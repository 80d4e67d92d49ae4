// Real processes: fork, kill, and who may use the reader when.
#include <functional>
#include <gtest/gtest.h>
#include <new>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::FakeBus;
using test::apdu_limit;
using test::fake_place;
using test::kind_of;
using test::soon;

const Bytes set_state{0x00, 0x01, 0x42, 0x00};

/// Child runs |body| in a forked process; its exit status is what |body| gives.
class Child {
  public:
    explicit Child(const std::function<int()>& body) : m_pid(fork()) {
        if (m_pid == 0) {
            int status = 99;
            try {
                status = body();
            } catch (const std::exception&) {
                status = 98;
            }
            _exit(status);
        }
    }
    ~Child() {
        if (m_pid > 0) {
            kill(m_pid, SIGKILL);
            waitpid(m_pid, nullptr, 0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return m_pid; }

    /// wait gives the exit status, or minus the signal that ended it.
    int wait() {
        int status = 0;
        waitpid(m_pid, &status, 0);
        m_pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t m_pid;
};

/// Shared is memory that forked children see too.
template <typename T>
class Shared {
  public:
    Shared() {
        void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::bad_alloc();
        }
        m_value = ::new (memory) T();
    }
    ~Shared() { munmap(m_value, sizeof(T)); }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    T& operator*() const { return *m_value; }
    T* operator->() const { return m_value; }

  private:
    T* m_value;
};

class Processes : public ::testing::Test {
  protected:
    ReaderPlace emulated_place() const {
        return {.name = "emulated", .key = "e", .lease_file = scratch / "lease", .open = [this] {
                    return make_emulated_reader(card);
                }};
    }

    const jeton::test::ScratchDirectory scratch;
    std::shared_ptr<test::SimpleCard> card = std::make_shared<test::SimpleCard>();
};

TEST_F(Processes, ALeaseThatAnotherProcessHoldsIsWaitedForThenRefusedWithItsPid) {
    struct Signals {
        std::atomic<bool> holding{false};
        std::atomic<bool> finish{false};
    };
    const Shared<Signals> signals;
    Child child([&] {
        Reader reader(emulated_place());
        const auto lease = reader.slot().acquire(soon());
        signals->holding = true;
        while (!signals->finish) {
            usleep(1000);
        }
        return 0;
    });
    while (!signals->holding) {
        usleep(1000);
    }
    Reader reader(emulated_place());
    const auto start = Deadline::Clock::now();
    try {
        reader.slot().acquire(Deadline::after(Milliseconds(100)));
        FAIL() << "the child holds the lease";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::busy);
        EXPECT_NE(std::string(error.what()).find(std::to_string(child.pid())), std::string::npos)
            << error.what();
    }
    EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(10));
    EXPECT_TRUE(reader.slot().present()) << "as the other one's record says";
    signals->finish = true;
    EXPECT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(Processes, ACardThatIsBeingResetForAnotherProcessIsNotAbsent) {
    ReaderPlace slow = emulated_place();
    slow.open = [this] { return make_emulated_reader(card, {.power_on_time = Milliseconds(2500)}); };
    const Shared<std::atomic<bool>> begun;
    Child child([&] {
        Reader reader(slow);
        *begun = true;
        const auto lease = reader.slot().acquire(soon());
        usleep(3000000);
        return 0;
    });
    while (!*begun) {
        usleep(1000);
    }
    usleep(100000);
    EXPECT_TRUE(Reader(emulated_place()).slot().present()) << "it has power again after 2.5 s";
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(Processes, OneLeaseAtATime) {
    struct Counters {
        std::atomic<int> inside{0};
        std::atomic<int> collisions{0};
    };
    const Shared<Counters> counters;
    const auto work = [&] {
        Reader reader(emulated_place());
        for (int i = 0; i < 50; ++i) {
            const auto lease = reader.slot().acquire(Deadline::after(Milliseconds(30000)));
            if (counters->inside.fetch_add(1) != 0) {
                ++counters->collisions;
            }
            reader.slot().transmit(set_state, apdu_limit);
            counters->inside.fetch_sub(1);
        }
        return 0;
    };
    Child a(work);
    Child b(work);
    Child c(work);
    EXPECT_EQ(a.wait(), 0);
    EXPECT_EQ(b.wait(), 0);
    EXPECT_EQ(c.wait(), 0);
    EXPECT_EQ(counters->collisions, 0);
}

TEST_F(Processes, AHolderKilledInMidTransferLeavesAReaderThatTheNextOneMends) {
    const auto bus = test::make_bus();
    Child child([&] {
        Reader reader(fake_place(bus, scratch / "lease"));
        const auto lease = reader.slot().acquire(soon());
        bus->on_read = [] { kill(getpid(), SIGKILL); };
        reader.slot().transmit(set_state, apdu_limit);
        return 0;
    });
    EXPECT_EQ(child.wait(), -SIGKILL);

    // What the child left: a powered card, and an answer that nobody read, the first part of it at least.
    bus->icc = 0;
    bus->to_read.push_back(Bytes(64, 0x80));
    bus->to_read.push_back(Bytes(20, 0x33));
    Reader reader(fake_place(bus, scratch / "lease"));
    const auto lease = reader.slot().acquire(soon());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_EQ(bus->count(Request::icc_power_off), 1U);
    EXPECT_EQ(to_hex(reader.slot().transmit(set_state, apdu_limit)), "9000");
    EXPECT_TRUE(bus->to_read.empty());
    EXPECT_GE(bus->written.at(0)[6], 3) << "numbers go on after the child's";
}

TEST_F(Processes, AHolderKilledBetweenCommandsLeavesNothingToTrust) {
    const auto bus = test::make_bus();
    Child child([&] {
        Reader reader(fake_place(bus, scratch / "lease"));
        const auto lease = reader.slot().acquire(soon());
        kill(getpid(), SIGKILL);
        return 0;
    });
    EXPECT_EQ(child.wait(), -SIGKILL);
    bus->icc = 0;
    Reader reader(fake_place(bus, scratch / "lease"));
    EXPECT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::reset);
}

TEST_F(Processes, AForkedChildTrustsNothingOfItsParents) {
    Reader reader(emulated_place());
    reader.slot().acquire(soon());
    ASSERT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::kept);
    const auto insertion = reader.slot().insertion();
    Child child([&] {
        if (reader.slot().insertion() == insertion) {
            return 1;
        }
        if (reader.slot().acquire(soon())->continuity() != Continuity::reset) {
            return 2;
        }
        return reader.slot().acquire(soon())->continuity() == Continuity::kept ? 0 : 3;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::reset) << "the child used the card";
    EXPECT_EQ(reader.slot().insertion(), insertion);
}

TEST_F(Processes, AForkedChildOpensTheDeviceForItself) {
    const auto bus = test::make_bus();
    Reader reader(fake_place(bus, scratch / "lease"));
    reader.slot().acquire(soon());
    ASSERT_EQ(bus->opened, 1);
    Child child([&] {
        reader.slot().present();
        return bus->opened == 2 ? 0 : 1;
    });
    EXPECT_EQ(child.wait(), 0);
}

TEST_F(Processes, TheEndOfAnInheritedLeaseLeavesTheParentsAlone) {
    const auto bus = test::make_bus();
    Reader reader(fake_place(bus, scratch / "lease"));
    auto lease = reader.slot().acquire(soon());
    const Byte next = static_cast<Byte>(bus->written.back()[6] + 1);
    Child child([&] {
        lease.reset();
        if (bus->releases != 0) {
            return 1;
        }
        // The parent holds the lease, and this process is another one.
        return kind_of([&] { reader.slot().acquire(Deadline::after(Milliseconds(50))); }) == Error::Kind::busy
                   ? 0
                   : 2;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(to_hex(reader.slot().transmit(set_state, apdu_limit)), "9000");
    EXPECT_EQ(bus->written.back()[6], next);
    lease.reset();
    EXPECT_EQ(reader.slot().acquire(soon())->continuity(), Continuity::kept);
}

TEST_F(Processes, ASleepingChildBlocksNobody) {
    Reader reader(emulated_place());
    auto lease = reader.slot().acquire(soon());
    Child child([] {
        pause();
        return 0;
    });
    lease.reset();
    Child other([&] {
        Reader another(emulated_place());
        return another.slot().acquire(soon())->continuity() == Continuity::reset ? 0 : 1;
    });
    EXPECT_EQ(other.wait(), 0);
}

}  // namespace

}  // namespace jeton::reader
