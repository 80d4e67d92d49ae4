// What USB would know of a reader that is on no bus, made from its class descriptor.
#pragma once

#include "reader/usb_identity.hpp"

namespace jeton::reader {

/// synthetic_usb describes a reader with the 54-byte |class_descriptor| as a full-speed USB device with one
/// CCID interface and three endpoints: 18 bytes of device descriptor, 93 bytes of configuration descriptor.
/// Its bus is 0, which no real one is; |address| is 1 to 127. Throws Error(protocol) for another length.
UsbIdentity synthetic_usb(View class_descriptor, Byte address);

}  // namespace jeton::reader
