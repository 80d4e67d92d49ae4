// A CCID interface on USB as a Device.
#pragma once

#include <memory>
#include <string>

#include "reader/device.hpp"
#include "reader/usb_sysfs.hpp"

namespace jeton::reader {

/// open_usb_device opens the interface |number| of the device that is plugged in at |name| now, a bus and
/// port path such as "1-2.3", whatever its address is by now. Throws Error: gone when there is none,
/// unsupported when this user may not open it.
std::unique_ptr<Device> open_usb_device(const UsbTree& tree, const std::string& name, Byte number);

}  // namespace jeton::reader
