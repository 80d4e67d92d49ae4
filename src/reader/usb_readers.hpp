// The CCID readers on USB, as places: found in sysfs, opened through libusb at their first use.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "reader/reader.hpp"
#include "reader/usb_sysfs.hpp"

namespace jeton::reader {

/// find_usb_readers lists the CCID interfaces that are plugged in now, one place for each. It opens no device
/// and starts nothing. A name is made of the device's product, its interface and its serial number; a key is
/// `usb:BUS-PORTS:INTERFACE`, the same for whatever is plugged in there. The lease files stand in |runtime|;
/// without one, other processes are not noticed.
std::vector<ReaderPlace> find_usb_readers(const std::optional<std::filesystem::path>& runtime,
                                          const UsbTree& tree = {});

}  // namespace jeton::reader
