#include "reader/usb_handle.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <libusb.h>
#include <limits>
#include <unistd.h>

#include "reader/error.hpp"
#include "reader/usb_library.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr Byte class_request_out = 0x21;  ///< bmRequestType: to an interface, of its class
constexpr Byte class_request_in = 0xA1;

struct Meaning {
    int code;
    Kind kind;
};

/// What libusb's errors mean to us. An I/O error is what an unplugged device gives before it is known to be
/// gone; the next use opens it anew, if it is still there. A stall of endpoint 0 is a refusal.
constexpr Meaning meanings[] = {
    {LIBUSB_ERROR_NO_DEVICE, Kind::gone},     {LIBUSB_ERROR_IO, Kind::gone},
    {LIBUSB_ERROR_NOT_FOUND, Kind::gone},     {LIBUSB_ERROR_BUSY, Kind::busy},
    {LIBUSB_ERROR_TIMEOUT, Kind::timeout},    {LIBUSB_ERROR_PIPE, Kind::unsupported},
    {LIBUSB_ERROR_ACCESS, Kind::unsupported}, {LIBUSB_ERROR_NOT_SUPPORTED, Kind::unsupported},
};

[[noreturn]] void fail(int code, const char* doing) {
    const auto* row = std::ranges::find(meanings, code, &Meaning::code);
    throw Error(row == std::end(meanings) ? Kind::protocol : row->kind,
                fmt::format("USB {}: {}", doing, libusb_strerror(code)));
}

void require(int code, const char* doing) {
    if (code < 0) {
        fail(code, doing);
    }
}

/// libusb takes 0 for no limit.
unsigned timeout_of(Deadline deadline) {
    const auto left = std::max<std::int64_t>(deadline.remaining().count(), 1);
    return static_cast<unsigned>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

/// libusb writes into what it is given even where it only sends.
Byte* mutable_data(View data) {
    return const_cast<Byte*>(data.data());
}

int open_node(const std::filesystem::path& node) {
    const int fd = open(node.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        const int error = errno;
        const bool denied = error == EACCES || error == EPERM || error == EROFS;
        throw Error(
            denied ? Kind::unsupported : Kind::gone,
            fmt::format("{}: {}{}", node.string(), std::strerror(error),
                        denied ? "; the udev rules of this package allow it to the user at the seat" : ""));
    }
    return fd;
}

}  // namespace

UsbHandle::UsbHandle(const std::filesystem::path& node, Byte interface, std::optional<Byte> configuration)
    : m_fd(open_node(node)), m_interface(interface) {
    try {
        if (!UsbLibrary::inherit_not(m_fd)) {
            throw Error(Kind::unsupported, "too many USB readers are open in this process");
        }
        m_library = UsbLibrary::get();
        require(libusb_wrap_sys_device(m_library->context(), m_fd, &m_handle), "open");
        if (configuration) {
            require(libusb_set_configuration(m_handle, *configuration), "set the configuration");
        }
    } catch (...) {
        if (m_handle != nullptr) {
            libusb_close(m_handle);
        }
        UsbLibrary::forget(m_fd);
        close(m_fd);
        throw;
    }
}

UsbHandle::~UsbHandle() {
    release();
    libusb_close(m_handle);
    UsbLibrary::forget(m_fd);
    close(m_fd);
}

void UsbHandle::claim() {
    if (m_lost) {  // libusb would think that it still has the claim
        throw Error(Kind::gone, "USB claim: the device is gone");
    }
    int result = libusb_claim_interface(m_handle, m_interface);
    // Asked only now: the usual reader has no driver, and what another process claimed is none of the
    // kernel's.
    if (result == LIBUSB_ERROR_BUSY && libusb_kernel_driver_active(m_handle, m_interface) == 1 &&
        libusb_detach_kernel_driver(m_handle, m_interface) == LIBUSB_SUCCESS) {
        m_detached = true;
        result = libusb_claim_interface(m_handle, m_interface);
    }
    if (result != LIBUSB_SUCCESS) {
        attach_kernel_driver();
        fail(result, "claim");
    }
    m_claimed = true;
}

void UsbHandle::release() noexcept {
    if (m_claimed) {
        m_claimed = false;
        m_lost = libusb_release_interface(m_handle, m_interface) != LIBUSB_SUCCESS;
        attach_kernel_driver();
    }
}

void UsbHandle::attach_kernel_driver() noexcept {
    if (m_detached) {
        m_detached = false;
        libusb_attach_kernel_driver(m_handle, m_interface);
    }
}

void UsbHandle::stalled(Byte endpoint, const char* doing) {
    const int result = libusb_clear_halt(m_handle, endpoint);
    if (result != LIBUSB_SUCCESS) {
        log::debug("USB {}: clear halt: {}", doing, libusb_strerror(result));
    }
    throw Error(Kind::protocol, fmt::format("USB {}: the reader stalls its pipe", doing));
}

void UsbHandle::bulk_out(Byte endpoint, View data, Deadline deadline) {
    int done = 0;
    const int result = libusb_bulk_transfer(m_handle, endpoint, mutable_data(data),
                                            static_cast<int>(data.size()), &done, timeout_of(deadline));
    if (result == LIBUSB_ERROR_PIPE) {
        stalled(endpoint, "write");
    }
    require(result, "write");
    if (static_cast<std::size_t>(done) != data.size()) {
        throw Error(Kind::protocol, "USB write: the reader took a part of the message");
    }
}

std::size_t UsbHandle::bulk_in(Byte endpoint, std::span<Byte> buffer, Deadline deadline) {
    int done = 0;
    const int result = libusb_bulk_transfer(m_handle, endpoint, buffer.data(),
                                            static_cast<int>(buffer.size()), &done, timeout_of(deadline));
    if (result == LIBUSB_ERROR_PIPE) {
        stalled(endpoint, "read");
    }
    if (result != LIBUSB_ERROR_TIMEOUT || done == 0) {
        require(result, "read");
    }
    return static_cast<std::size_t>(done);
}

std::size_t UsbHandle::interrupt_in(Byte endpoint, std::span<Byte> buffer, Deadline deadline) {
    int done = 0;
    const int result = libusb_interrupt_transfer(
        m_handle, endpoint, buffer.data(), static_cast<int>(buffer.size()), &done, timeout_of(deadline));
    if (result == LIBUSB_ERROR_PIPE) {
        stalled(endpoint, "notification");
    }
    if (result != LIBUSB_ERROR_TIMEOUT) {
        require(result, "notification");
    }
    return static_cast<std::size_t>(done);
}

void UsbHandle::control_out(Byte request, std::uint16_t value, View data, Deadline deadline) {
    require(
        libusb_control_transfer(m_handle, class_request_out, request, value, m_interface, mutable_data(data),
                                static_cast<std::uint16_t>(data.size()), timeout_of(deadline)),
        "request");
}

std::size_t UsbHandle::control_in(Byte request, std::uint16_t value, std::span<Byte> buffer,
                                  Deadline deadline) {
    const int result =
        libusb_control_transfer(m_handle, class_request_in, request, value, m_interface, buffer.data(),
                                static_cast<std::uint16_t>(buffer.size()), timeout_of(deadline));
    require(result, "request");
    return static_cast<std::size_t>(result);
}

}  // namespace jeton::reader
