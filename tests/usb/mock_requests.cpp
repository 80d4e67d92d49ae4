// The ioctls that tell of the device, the drivers of the kernel, and the requests on endpoint 0.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>

#include "usb/mock_ioctl.hpp"
#include "usb/mock_node.hpp"

namespace jeton::test {

namespace {

constexpr int high_speed = 3;

}  // namespace

int MockNode::capabilities(UMockdevIoctlClient* from) {
    const Argument<std::uint32_t> flags(from);
    *flags = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_REAP_AFTER_DISCONNECT |
             USBDEVFS_CAP_BULK_SCATTER_GATHER;
    return 0;
}

int MockNode::connect_info(UMockdevIoctlClient* from) {
    const Argument<usbdevfs_connectinfo> info(from);
    info->devnum = m_options.address;
    info->slow = 0;
    return 0;
}

int MockNode::speed(UMockdevIoctlClient* from) {
    umockdev_ioctl_client_complete(from, high_speed, 0);
    return later;
}

int MockNode::get_driver(UMockdevIoctlClient* from) {
    const Argument<usbdevfs_getdriver> driver(from);
    const auto claimed = [&](const auto& it) { return it.second.claims.contains(driver->interface); };
    const auto at = m_functions.find(driver->interface);
    const bool kernel = at != m_functions.end() && at->second.held;
    if (!kernel && std::ranges::none_of(m_clients, claimed)) {
        return ENODATA;
    }
    std::strcpy(driver->driver, kernel ? "somedriver" : "usbfs");
    return 0;
}

int MockNode::driver_ioctl(UMockdevIoctlClient* from) {
    const Argument<usbdevfs_ioctl> command(from);
    const auto at = m_functions.find(static_cast<unsigned>(command->ifno));
    const bool attach = command->ioctl_code == static_cast<int>(USBDEVFS_CONNECT);
    if (at == m_functions.end() ||
        (!attach && command->ioctl_code != static_cast<int>(USBDEVFS_DISCONNECT))) {
        return ENOTTY;
    }
    ++(attach ? m_counts.attached : m_counts.detached);
    at->second.held = attach;
    return 0;
}

int MockNode::control(UMockdevIoctlClient* from) {
    const Argument<usbdevfs_ctrltransfer> transfer(from);
    const auto buffer = resolve(transfer.data(), offsetof(usbdevfs_ctrltransfer, data), transfer->wLength);
    const View request(reinterpret_cast<const Byte*>(&*transfer), setup_size);
    const bool in = (transfer->bRequestType & direction_in) != 0;
    const Bytes sent = buffer && !in ? Bytes(buffer->data, buffer->data + transfer->wLength) : Bytes();
    const auto answer = setup(request, sent);
    if (!answer) {
        return EPIPE;
    }
    const std::size_t length =
        in ? std::min<std::size_t>(answer->size(), transfer->wLength) : transfer->wLength;
    if (buffer && in) {
        std::copy_n(answer->begin(), length, buffer->data);
    }
    umockdev_ioctl_client_complete(from, static_cast<glong>(length), 0);
    return later;
}

std::optional<Bytes> MockNode::setup(View request, const Bytes& data) {
    constexpr Byte to_interface_of_class = 0x21;
    const auto value = static_cast<std::uint16_t>(load_le(request.subspan(2, 2)));
    if ((request[0] & ~direction_in) != to_interface_of_class) {
        return standard_request(request);
    }
    const auto at = m_functions.find(request[4]);
    return at == m_functions.end() ? std::nullopt : at->second.function->request(request[1], value, data);
}

std::optional<Bytes> MockNode::standard_request(View request) {
    constexpr Byte get_descriptor = 6;
    constexpr Byte get_configuration = 8;
    if (request[0] == direction_in && request[1] == get_configuration) {
        return Bytes{m_options.configured ? m_options.layout.configuration : Byte{0}};
    }
    if (request[0] != direction_in || request[1] != get_descriptor) {
        return std::nullopt;
    }
    switch (request[3]) {
        case 1:
            return device_descriptor(m_options.layout);
        case 2:
            return configuration_descriptor(m_options.layout);
        case 3:
            return string_descriptor(m_options.layout, request[2]);
        default:
            return std::nullopt;
    }
}

}  // namespace jeton::test
