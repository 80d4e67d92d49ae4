// USB devices as sysfs lists them: found without opening any.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reader/usb_descriptors.hpp"

namespace jeton::reader {

/// UsbTree is where the kernel shows USB: a directory for each device, and one with a node for each.
struct UsbTree {
    std::filesystem::path devices = "/sys/bus/usb/devices";
    std::filesystem::path nodes = "/dev/bus/usb";
};

/// UsbListing is a device with at least one CCID interface.
struct UsbListing {
    std::string name;  ///< bus and port path, as sysfs writes them: "1-2.3"
    std::uint16_t bus = 0;
    Byte address = 0;
    UsbDescription description;
    bool configured = false;         ///< a configuration is active
    UsbConfiguration configuration;  ///< the active one, or the first
    std::string product;             ///< its strings, printable; empty where there are none
    std::string serial;
    std::map<Byte, std::string> interface_names;  ///< by bInterfaceNumber

    /// node is the file by which the device is opened.
    std::filesystem::path node(const UsbTree& tree) const;
};

/// list_usb_devices gives those that are plugged in now, sorted by name; empty where there is no USB. What
/// vanishes or makes no sense is left out.
std::vector<UsbListing> list_usb_devices(const UsbTree& tree);

/// read_usb_device gives the device |name|, nullopt when there is none or it has no CCID interface.
std::optional<UsbListing> read_usb_device(const UsbTree& tree, const std::string& name);

}  // namespace jeton::reader
