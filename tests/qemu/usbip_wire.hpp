// The messages of USB/IP between the kernel (vhci) and a device in user space: 48 bytes, big-endian, then
// data (Linux, Documentation/usb/usbip_protocol.rst).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "util/bytes.hpp"

namespace jeton::test {

inline constexpr std::size_t usbip_header_size = 48;

/// UsbipCommand is one message from the kernel.
struct UsbipCommand {
    enum class Kind : std::uint32_t { submit = 1, unlink = 2 };

    Kind kind = Kind::submit;
    std::uint32_t seqnum = 0;
    bool in = false;                  ///< submit: data go to the host
    Byte endpoint = 0;                ///< submit: its number, without direction
    std::uint32_t length = 0;         ///< submit: of the transfer buffer; OUT data of that length follow
    std::array<Byte, 8> setup{};      ///< submit, endpoint 0
    std::uint32_t unlink_seqnum = 0;  ///< unlink: the submit that is meant
};

/// parse_usbip_command reads a header; nullopt when it is none, or announces an absurd length.
std::optional<UsbipCommand> parse_usbip_command(View header);

/// usbip_submit_reply answers a submit: |status| is 0 or a negative errno, |actual| the bytes that went
/// either way, |data| those for the host.
Bytes usbip_submit_reply(std::uint32_t seqnum, int status, std::size_t actual, View data = {});

/// usbip_unlink_reply answers an unlink: -ECONNRESET when the transfer was taken back, 0 when it was over.
Bytes usbip_unlink_reply(std::uint32_t seqnum, int status);

}  // namespace jeton::test
