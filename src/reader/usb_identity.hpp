// What USB knows of a device: where it is, and how it describes itself.
#pragma once

#include <cstdint>

#include "util/bytes.hpp"

namespace jeton::reader {

struct UsbIdentity {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::uint16_t release = 0;  ///< bcdDevice
    std::uint16_t bus = 0;
    Byte address = 0;                ///< 1 to 127
    Byte interface = 0;              ///< bInterfaceNumber
    Bytes device_descriptor;         ///< 18 bytes
    Bytes configuration_descriptor;  ///< wTotalLength bytes
    Byte bulk_out = 0;               ///< bEndpointAddress; 0 where there is none
    Byte bulk_in = 0;
    Byte interrupt_in = 0;
};

}  // namespace jeton::reader
