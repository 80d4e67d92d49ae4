// The packets of link types 189 and 220: submissions and completions of USB transfers, as Linux captures them
// (usbmon), little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "util/bytes.hpp"

namespace jeton::reader::pcapng {

enum class TransferType : Byte { isochronous = 0, interrupt = 1, control = 2, bulk = 3 };

inline constexpr Byte in_endpoint = 0x80;  ///< bit of an endpoint's address

/// UsbPacket is one half of a transfer. Bytes to the device ride in the submission, bytes from it in the
/// completion.
struct UsbPacket {
    std::uint64_t id = 0;  ///< the same for both halves
    bool completes = false;
    TransferType type = TransferType::bulk;
    Byte endpoint = 0;
    std::uint16_t bus = 0;
    Byte address = 0;
    std::uint64_t time = 0;                      ///< microseconds since 1970
    std::int32_t status = 0;                     ///< of a completion: 0 or a negative errno
    std::uint32_t length = 0;                    ///< asked for, or done
    std::optional<std::array<Byte, 8>> setup{};  ///< of the submission of a control transfer
    View data{};                                 ///< what it carries
};

/// encode_usb makes the packet of link type 220.
Bytes encode_usb(const UsbPacket& packet);

/// parse_usb reads a packet of |link|; nullopt when it is short, of another link type, or no half of a
/// transfer. data points into |bytes|; status and length of a submission are not looked at.
std::optional<UsbPacket> parse_usb(std::uint16_t link, View bytes);

}  // namespace jeton::reader::pcapng
