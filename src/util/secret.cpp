#include "util/secret.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/mman.h>

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

/// A pool of power-of-two blocks. A free block holds the address of the next free one; after a fork the child
/// reads zero there, which just ends its list early.
class Pool {
  public:
    void* take(std::size_t size_class) {
        const std::lock_guard lock(m_mutex);
        if (void* block = m_free[size_class]) {
            std::memcpy(&m_free[size_class], block, sizeof(void*));
            std::memset(block, 0, sizeof(void*));
            return block;
        }
        const std::size_t size = smallest_block << size_class;
        if (m_left < size) {
            m_cursor = map_region(region_size);
            m_left = region_size;
        }
        void* block = m_cursor;
        m_cursor += size;
        m_left -= size;
        return block;
    }

    void give_back(void* block, std::size_t size_class) noexcept {
        const std::lock_guard lock(m_mutex);
        std::memcpy(block, &m_free[size_class], sizeof(void*));
        m_free[size_class] = block;
    }

  private:
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

std::size_t class_of(std::size_t size) {
    const std::size_t block = std::bit_ceil(std::max(size, smallest_block));
    return static_cast<std::size_t>(std::bit_width(block / smallest_block)) - 1;
}

}  // namespace

void* allocate_secret(std::size_t size) {
    return size > largest_block ? map_region(size) : pool().take(class_of(size));
}

void release_secret(void* memory, std::size_t size) noexcept {
    wipe({static_cast<Byte*>(memory), size});
    if (size > largest_block) {
        munmap(memory, size);
    } else {
        pool().give_back(memory, class_of(size));
    }
}

void wipe(std::span<Byte> memory) noexcept {
    if (!memory.empty()) {
        explicit_bzero(memory.data(), memory.size());
    }
}

}  // namespace jeton
