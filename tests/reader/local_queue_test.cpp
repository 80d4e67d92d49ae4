#include "reader/local_queue.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace jeton::reader {

namespace {

Deadline soon() {
    return Deadline::after(Milliseconds(60000));
}

TEST(LocalQueue, HasOneOwner) {
    LocalQueue queue;
    EXPECT_TRUE(queue.try_enter());
    EXPECT_FALSE(queue.try_enter());
    EXPECT_FALSE(queue.enter(Deadline::after(Milliseconds(10))));
    queue.leave();
    EXPECT_TRUE(queue.enter(soon()));
    EXPECT_FALSE(queue.hand_over()) << "nobody waits: still ours";
    EXPECT_FALSE(queue.try_enter());
    queue.leave();
}

TEST(LocalQueue, ServesThreadsInTheOrderOfTheirComing) {
    LocalQueue queue;
    ASSERT_TRUE(queue.try_enter());
    std::vector<int> served;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            ASSERT_TRUE(queue.enter(soon()));
            served.push_back(i);
            queue.leave();
        });
        while (queue.waiting() != static_cast<std::size_t>(i) + 1) {
            std::this_thread::yield();
        }
    }
    queue.leave();
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(served, (std::vector<int>{0, 1, 2, 3}));
}

TEST(LocalQueue, AThreadThatGaveUpIsNotServed) {
    LocalQueue queue;
    ASSERT_TRUE(queue.try_enter());
    std::thread impatient([&] { EXPECT_FALSE(queue.enter(Deadline::after(Milliseconds(20)))); });
    impatient.join();
    EXPECT_FALSE(queue.hand_over());
    queue.leave();
    EXPECT_TRUE(queue.try_enter());
    queue.leave();
}

TEST(LocalQueue, ExcludesThreadsThatComeAgainAndAgain) {
    LocalQueue queue;
    int inside = 0;
    int total = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                ASSERT_TRUE(queue.enter(soon()));
                EXPECT_EQ(++inside, 1);
                ++total;
                --inside;
                if (!queue.hand_over()) {
                    queue.leave();
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(total, 800);
}

}  // namespace

}  // namespace jeton::reader
