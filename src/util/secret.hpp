// Memory for PINs and keys: locked when the system allows it, left out of core files, empty in a forked child
// and overwritten when it is given back.
#pragma once

#include <cstddef>
#include <vector>

#include "util/bytes.hpp"

namespace jeton {

/// allocate_secret gives |size| bytes of such memory; throws std::bad_alloc.
void* allocate_secret(std::size_t size);

/// release_secret overwrites and gives back what allocate_secret gave for the same |size|.
void release_secret(void* memory, std::size_t size) noexcept;

/// wipe overwrites |memory| in a way that no compiler removes.
void wipe(std::span<Byte> memory) noexcept;

template <typename T>
struct SecretAllocator {
    using value_type = T;

    SecretAllocator() = default;
    template <typename U>
    SecretAllocator(const SecretAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) { return static_cast<T*>(allocate_secret(count * sizeof(T))); }
    void deallocate(T* memory, std::size_t count) noexcept { release_secret(memory, count * sizeof(T)); }

    friend bool operator==(const SecretAllocator&, const SecretAllocator&) { return true; }
};

/// SecretBytes is a vector of bytes in secret memory; it converts to View.
using SecretBytes = std::vector<Byte, SecretAllocator<Byte>>;

/// to_secret copies |view| into secret memory.
inline SecretBytes to_secret(View view) {
    return {view.begin(), view.end()};
}

}  // namespace jeton
