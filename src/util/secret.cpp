#include "util/secret.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>

// AddressSanitizer guards what this file hands out only when it is told where that ends.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(address), static_cast<void>(size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(address), static_cast<void>(size)
#endif

namespace jeton {

namespace {

constexpr std::size_t smallest_block = 64;
constexpr std::size_t largest_block = 65536;
constexpr std::size_t class_count = std::bit_width(largest_block / smallest_block);
constexpr std::size_t region_size = 4 * largest_block;

std::byte* map_region(std::size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    // Each of the three is a wish: a system that refuses one still gives usable memory.
    (void)mlock(memory, size);
    (void)madvise(memory, size, MADV_WIPEONFORK);
    (void)madvise(memory, size, MADV_DONTDUMP);
    return static_cast<std::byte*>(memory);
}

std::size_t class_of(std::size_t size) {
    const std::size_t block = std::bit_ceil(std::max(size, smallest_block));
    return static_cast<std::size_t>(std::bit_width(block / smallest_block)) - 1;
}

constexpr std::size_t block_size_of(std::size_t size_class) {
    return smallest_block << size_class;
}

/// A pool of power-of-two blocks. A free block holds the address of the next free one; after a fork the child
/// reads zero there, which just ends its list early.
class Pool {
  public:
    void* take(std::size_t size) {
        const std::size_t size_class = class_of(size);
        const std::lock_guard lock(m_mutex);
        void* block = m_free[size_class];
        if (block != nullptr) {
            ASAN_UNPOISON_MEMORY_REGION(block, block_size_of(size_class));
            std::memcpy(&m_free[size_class], block, sizeof(void*));
            std::memset(block, 0, sizeof(void*));
        } else {
            block = cut(block_size_of(size_class));
        }
        ASAN_POISON_MEMORY_REGION(static_cast<std::byte*>(block) + size, block_size_of(size_class) - size);
        return block;
    }

    void give_back(void* block, std::size_t size) noexcept {
        const std::size_t size_class = class_of(size);
        const std::lock_guard lock(m_mutex);
        ASAN_UNPOISON_MEMORY_REGION(block, block_size_of(size_class));
        std::memcpy(block, &m_free[size_class], sizeof(void*));
        m_free[size_class] = block;
        ASAN_POISON_MEMORY_REGION(block, block_size_of(size_class));
    }

  private:
    /// cut takes a block that was never used.
    void* cut(std::size_t block_size) {
        if (m_left < block_size) {
            m_cursor = map_region(region_size);
            m_left = region_size;
        }
        m_left -= block_size;
        return std::exchange(m_cursor, m_cursor + block_size);
    }

    std::mutex m_mutex;
    std::array<void*, class_count> m_free{};
    std::byte* m_cursor = nullptr;
    std::size_t m_left = 0;
};

/// Never destroyed: secrets may still be released while the process exits.
Pool& pool() {
    static Pool* instance = new Pool;
    return *instance;
}

}  // namespace

void* allocate_secret(std::size_t size) {
    return size > largest_block ? map_region(size) : pool().take(size);
}

void release_secret(void* memory, std::size_t size) noexcept {
    wipe({static_cast<Byte*>(memory), size});
    if (size > largest_block) {
        munmap(memory, size);
    } else {
        pool().give_back(memory, size);
    }
}

void wipe(std::span<Byte> memory) noexcept {
    if (!memory.empty()) {
        explicit_bzero(memory.data(), memory.size());
    }
}

}  // namespace jeton
