#include "reader/synthetic_usb.hpp"

#include <array>

#include "reader/descriptor.hpp"
#include "reader/error.hpp"

namespace jeton::reader {

namespace {

constexpr std::uint16_t vendor = 0x1209;  // pid.codes, whose product 0001 is for tests
constexpr std::uint16_t product = 0x0001;
constexpr std::uint16_t release = 0x0100;
constexpr Byte bulk_out = 0x01;
constexpr Byte bulk_in = 0x82;
constexpr Byte interrupt_in = 0x83;
constexpr std::size_t configuration_bytes = 93;

/// USB 2.0, 9.6.1.
constexpr std::array<Byte, 18> device_descriptor{
    18,   1,     // bLength, DEVICE
    0x00, 0x02,  // USB 2.0
    0,    0,    0,
    64,                      // bMaxPacketSize0
    0x09, 0x12, 0x01, 0x00,  // vendor, product
    0x00, 0x01,              // release
    0,    0,    0,           // no strings
    1,                       // one configuration
};

/// USB 2.0, 9.6.3 and 9.6.5.
constexpr std::array<Byte, 18> configuration_and_interface{
    9, 2,    configuration_bytes,
    0, 1,    1,
    0, 0x80, 50,  // one interface, value 1, 100 mA
    9, 4,    0,
    0, 3,    0x0B,
    0, 0,    0,  // number 0, three endpoints, smart card
};

/// USB 2.0, 9.6.6: address, kind, packet size, polling interval.
constexpr std::array<Byte, 21> endpoints{
    7, 5, bulk_out,     2, 64, 0, 0,   //
    7, 5, bulk_in,      2, 64, 0, 0,   //
    7, 5, interrupt_in, 3, 8,  0, 24,  //
};

}  // namespace

UsbIdentity synthetic_usb(View class_descriptor, Byte address) {
    if (class_descriptor.size() != ClassDescriptor::length) {
        throw Error(Error::Kind::protocol, "the class descriptor of the reader does not have 54 bytes");
    }
    Bytes configuration(configuration_and_interface.begin(), configuration_and_interface.end());
    append(configuration, class_descriptor);
    append(configuration, endpoints);
    return {.vendor = vendor,
            .product = product,
            .release = release,
            .bus = 0,
            .address = address,
            .interface = 0,
            .device_descriptor = {device_descriptor.begin(), device_descriptor.end()},
            .configuration_descriptor = std::move(configuration),
            .bulk_out = bulk_out,
            .bulk_in = bulk_in,
            .interrupt_in = interrupt_in};
}

}  // namespace jeton::reader
