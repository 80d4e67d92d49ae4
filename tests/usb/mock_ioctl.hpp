// What the two halves of MockNode share: the structs that ioctls point to.
#pragma once

#include <cstddef>

#include "usb/mock_node.hpp"

namespace jeton::test {

inline constexpr int later = -1;  ///< the answer to an ioctl is given by somebody else
inline constexpr Byte direction_in = 0x80;
inline constexpr std::size_t setup_size = 8;

inline GObjectPointer<UMockdevIoctlData> resolve(UMockdevIoctlData* data, std::size_t offset,
                                                 std::size_t size) {
    return GObjectPointer<UMockdevIoctlData>(umockdev_ioctl_data_resolve(data, offset, size, nullptr));
}

/// Argument is the struct that an ioctl points to, in a local copy that goes back to the client.
template <typename T>
class Argument {
  public:
    explicit Argument(UMockdevIoctlClient* from)
        : m_data(resolve(umockdev_ioctl_client_get_arg(from), 0, sizeof(T))) {}
    T* operator->() const { return reinterpret_cast<T*>(m_data->data); }
    T& operator*() const { return *reinterpret_cast<T*>(m_data->data); }
    UMockdevIoctlData* data() const { return m_data.get(); }

  private:
    GObjectPointer<UMockdevIoctlData> m_data;
};

}  // namespace jeton::test
