#include "util/secret.hpp"

#include <atomic>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace jeton {
namespace {

constexpr std::size_t sizes[] = {1, 63, 64, 65, 4096, 65536, 65537, 300000};

TEST(Secret, EverySizeIsUsableZeroedAndDistinct) {
    std::set<void*> seen;
    for (const std::size_t size : sizes) {
        auto* memory = static_cast<Byte*>(allocate_secret(size));
        EXPECT_TRUE(seen.insert(memory).second);
        for (std::size_t i = 0; i < size; ++i) {
            ASSERT_EQ(memory[i], 0) << size << " at " << i;
        }
        std::memset(memory, 0xA5, size);
    }
    // They stay allocated until the process ends: releasing is the next test's subject.
    EXPECT_EQ(seen.size(), std::size(sizes));
}

TEST(Secret, AReleasedBlockComesBackWithoutItsOldContent) {
    for (const std::size_t size : {std::size_t{64}, std::size_t{256}, std::size_t{65536}}) {
        void* first = allocate_secret(size);
        std::memset(first, 0xA5, size);
        release_secret(first, size);
        auto* again = static_cast<Byte*>(allocate_secret(size));
        EXPECT_EQ(again, first) << size;
        for (std::size_t i = 0; i < size; ++i) {
            ASSERT_EQ(again[i], 0) << size << " at " << i;
        }
        release_secret(again, size);
    }
}

TEST(Secret, VectorsGrowAndConvertToViews) {
    SecretBytes secret;
    for (int i = 0; i < 100000; ++i) {
        secret.push_back(static_cast<Byte>(i));
    }
    const View view = secret;
    ASSERT_EQ(view.size(), 100000U);
    EXPECT_EQ(view[255], 255);
    EXPECT_EQ(view[256], 0);
    EXPECT_TRUE(equal(to_secret(view), view));
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
TEST(Secret, AddressSanitizerKnowsWhereItEnds) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{63}, std::size_t{65}, std::size_t{4097}}) {
        auto* memory = static_cast<Byte*>(allocate_secret(size));
        EXPECT_EQ(__asan_region_is_poisoned(memory, size), nullptr) << size;
        EXPECT_TRUE(__asan_address_is_poisoned(memory + size)) << size;
        release_secret(memory, size);
        EXPECT_TRUE(__asan_address_is_poisoned(memory)) << size;
    }
}
#endif
#endif

TEST(Secret, WipeOverwrites) {
    Bytes memory(100, 0xA5);
    wipe(memory);
    EXPECT_EQ(memory, Bytes(100, 0));
}

TEST(Secret, AForkedChildReadsZerosAndCanStillAllocate) {
    SecretBytes pin = to_secret(view_of("123456"));
    release_secret(allocate_secret(64), 64);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const bool empty = equal(pin, Bytes(6, 0));
        auto* memory = static_cast<Byte*>(allocate_secret(64));
        memory[0] = 1;
        _exit(empty && memory[0] == 1 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(equal(pin, view_of("123456")));
}

/// The line of flags (VmFlags) of the mapping that holds |address|.
std::string flags_of(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        std::istringstream range(line);
        if (range >> std::hex >> begin >> dash >> end && dash == '-') {
            inside = begin <= wanted && wanted < end;
        } else if (inside && line.starts_with("VmFlags:")) {
            return line + " ";
        }
    }
    return {};
}

TEST(Secret, MemoryIsLeftOutOfCoreFilesAndWipedOnFork) {
    for (const std::size_t size : {std::size_t{64}, std::size_t{300000}}) {
        void* memory = allocate_secret(size);
        static_cast<Byte*>(memory)[0] = 1;
        const std::string flags = flags_of(memory);
        EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
        EXPECT_NE(flags.find(" wf "), std::string::npos) << flags;
        release_secret(memory, size);
    }
}

TEST(Secret, ThreadsDoNotShareBlocks) {
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int number = 1; number <= 8; ++number) {
        threads.emplace_back([number, &wrong] {
            for (int round = 0; round < 500; ++round) {
                SecretBytes block(1 + static_cast<std::size_t>(round) % 200, static_cast<Byte>(number));
                std::this_thread::yield();
                for (const Byte byte : block) {
                    wrong += byte != number;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace jeton
