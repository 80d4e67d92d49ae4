// Threads of one process that want the same reader.
#include <gtest/gtest.h>
#include <map>
#include <thread>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using test::apdu_limit;
using test::fake_place;
using test::kind_of;
using test::soon;

const Bytes select_command{0x00, 0xA4, 0x04, 0x00};

class Threads : public ::testing::Test {
  protected:
    const jeton::test::ScratchDirectory scratch;
    std::shared_ptr<support::FakeBus> bus = test::make_bus();
    Reader reader{fake_place(bus, scratch / "lease")};
    CardLink& link = reader.slot();
};

TEST_F(Threads, WaitingEndsAtTheDeadline) {
    const auto lease = link.acquire(soon());
    std::thread other([&] {
        const auto start = Deadline::Clock::now();
        EXPECT_EQ(kind_of([&] { link.acquire(Deadline::after(Milliseconds(50))); }), Error::Kind::busy);
        EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(10));
    });
    other.join();
}

TEST_F(Threads, PresenceComesFromMemoryWhileAnotherThreadHasTheLease) {
    const auto lease = link.acquire(soon());
    const auto messages = bus->written.size();
    std::thread other([&] {
        const auto start = Deadline::Clock::now();
        EXPECT_TRUE(link.present());
        EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(10));
        EXPECT_TRUE(link.limits().extended_apdu);
        EXPECT_GT(link.insertion(), 0U);
    });
    other.join();
    EXPECT_EQ(bus->written.size(), messages);
}

TEST_F(Threads, EachOfFourThreadsGetsItsTurns) {
    constexpr int turns = 40;
    std::map<int, int> served;  // guarded by the lease
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] {
            for (int i = 0; i < turns; ++i) {
                const auto lease = link.acquire(Deadline::after(Milliseconds(60000)));
                ++served[number];
                EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(served, (std::map<int, int>{{0, turns}, {1, turns}, {2, turns}, {3, turns}}));
    EXPECT_EQ(bus->count(Request::icc_power_on), 1U) << "threads of one process trust each other";
}

TEST_F(Threads, WaitingThreadsShareAClaimForASecondAtMost) {
    const auto start = Deadline::Clock::now();
    std::vector<std::thread> threads;
    std::atomic<int> leases{0};
    for (int number = 0; number < 3; ++number) {
        threads.emplace_back([&] {
            while (Deadline::Clock::now() - start < std::chrono::milliseconds(1500)) {
                const auto lease = link.acquire(Deadline::after(Milliseconds(60000)));
                ++leases;
                std::this_thread::sleep_for(Milliseconds(5));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_GE(bus->claims, 2) << "given back after a second";
    EXPECT_LT(bus->claims, leases) << "shared";
    EXPECT_EQ(bus->claims, bus->releases);
}

TEST_F(Threads, OneReaderDoesNotDelayAnother) {
    const auto lease = link.acquire(soon());
    const auto other_bus = test::make_bus();
    Reader other(fake_place(other_bus, scratch / "other"));
    std::thread thread([&] { EXPECT_EQ(other.slot().acquire(soon())->continuity(), Continuity::reset); });
    thread.join();
}

TEST_F(Threads, LookersAndUsersDoNotDisturbEachOther) {
    std::atomic<bool> stop{false};
    std::thread looker([&] {
        while (!stop) {
            EXPECT_TRUE(link.present());
            link.insertion();
            EXPECT_FALSE(link.others_wrote());
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    });
    const auto before = link.insertion();
    for (int i = 0; i < 100; ++i) {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
    }
    stop = true;
    looker.join();
    EXPECT_EQ(link.insertion(), before);
    EXPECT_EQ(bus->count(Request::icc_power_on), 1U);
}

}  // namespace

}  // namespace jeton::reader
