// What a USB device tells of itself, in the form of sysfs: the device descriptor, then each configuration
// with all that belongs to it (USB 2.0, 9.6). Finds the CCID interfaces in it (CCID rev 1.1, 5).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::reader {

/// UsbEndpoint is one pipe of an interface; |packet| is the size of its largest packet, in bytes.
struct UsbEndpoint {
    Byte address = 0;  ///< bEndpointAddress; 0 where there is none
    std::uint16_t packet = 0;
};

/// CcidInterface is one alternate setting that speaks CCID messages, or those of an ICCD token.
struct CcidInterface {
    /// How messages travel: bulk pipes, or control requests (ICCD, bInterfaceProtocol 1 and 2).
    enum class Carrier { bulk, iccd_a, iccd_b };

    Byte number = 0;  ///< bInterfaceNumber
    Byte alternate = 0;
    Carrier carrier = Carrier::bulk;
    Bytes class_descriptor;  ///< 54 bytes that parse_class_descriptor takes
    UsbEndpoint bulk_out;
    UsbEndpoint bulk_in;
    UsbEndpoint interrupt_in;
};

struct UsbConfiguration {
    Byte value = 0;    ///< bConfigurationValue
    Bytes descriptor;  ///< whole, at most wTotalLength bytes
    std::vector<CcidInterface> interfaces;
};

struct UsbDescription {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::uint16_t release = 0;  ///< bcdDevice
    Bytes device_descriptor;    ///< 18 bytes
    std::vector<UsbConfiguration> configurations;

    /// configuration finds the one with this bConfigurationValue, or nullptr.
    const UsbConfiguration* configuration(Byte value) const;
};

/// parse_usb_descriptors reads what the file `descriptors` of sysfs holds; nullopt when it does not begin
/// with a device descriptor. A configuration that is cut short, or in which a length cannot be, counts up to
/// there. Interfaces of class 0x0B are taken, and of class 0xFF for readers that quirks_of calls
/// pre-standard.
std::optional<UsbDescription> parse_usb_descriptors(View bytes);

}  // namespace jeton::reader
