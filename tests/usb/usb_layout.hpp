// The descriptors of a USB device for tests, made from its parts.
#pragma once

#include <string>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::test {

struct EndpointLayout {
    Byte address;
    Byte attributes;  ///< 2: bulk, 3: interrupt
    std::uint16_t packet = 64;
    Bytes extra{};  ///< what follows its descriptor
};

struct InterfaceLayout {
    Byte number = 0;
    Byte alternate = 0;
    Byte interface_class = 0x0B;
    Byte protocol = 0;
    Bytes extra{};  ///< what follows its descriptor: the class descriptor of most readers
    std::vector<EndpointLayout> endpoints{{0x01, 2}, {0x82, 2}, {0x83, 3, 8}};
    std::string name{};  ///< for the files of sysfs
};

struct UsbLayout {
    std::uint16_t vendor = 0x1209;
    std::uint16_t product = 0x0001;
    std::uint16_t release = 0x0100;
    std::vector<InterfaceLayout> interfaces;
    Byte configuration = 1;  ///< bConfigurationValue
    std::string product_name = "Test reader";
    std::string serial = "0001";
};

/// device_descriptor has 18 bytes; |configurations| is bNumConfigurations.
Bytes device_descriptor(const UsbLayout& layout, Byte configurations = 1);

/// configuration_descriptor is the whole of it, wTotalLength bytes.
Bytes configuration_descriptor(const UsbLayout& layout);

/// string_descriptor has the number |index|, 0 being the languages; no text where there is none.
Bytes string_descriptor(const UsbLayout& layout, Byte index);

/// all_descriptors is what the file `descriptors` of sysfs holds.
Bytes all_descriptors(const UsbLayout& layout);

}  // namespace jeton::test
