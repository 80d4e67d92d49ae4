// The parser of USB descriptors on arbitrary bytes: what it gives comes from the input and keeps its
// promises.
#include <algorithm>
#include <cstdlib>

#include "reader/descriptor.hpp"
#include "reader/usb_descriptors.hpp"

namespace {

using jeton::Byte;
using jeton::View;
using jeton::reader::CcidInterface;
using jeton::reader::UsbEndpoint;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void check_endpoint(const UsbEndpoint& endpoint, bool in) {
    require(endpoint.address == 0 || ((endpoint.address & 0x80) != 0) == in);
    require(endpoint.address == 0 || (endpoint.packet > 0 && endpoint.packet < 2048));
}

void check_interface(const CcidInterface& interface) {
    require(jeton::reader::parse_class_descriptor(interface.class_descriptor).has_value());
    check_endpoint(interface.bulk_out, false);
    check_endpoint(interface.bulk_in, true);
    check_endpoint(interface.interrupt_in, true);
    require(interface.carrier != CcidInterface::Carrier::bulk ||
            (interface.bulk_in.address != 0 && interface.bulk_out.address != 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const View input(data, size);
    const auto description = jeton::reader::parse_usb_descriptors(input);
    if (!description) {
        return 0;
    }
    require(description->device_descriptor.size() == 18);
    std::size_t total = description->device_descriptor.size();
    for (const auto& configuration : description->configurations) {
        total += configuration.descriptor.size();
        require(description->configuration(configuration.value) != nullptr);
        std::ranges::for_each(configuration.interfaces, check_interface);
    }
    require(total <= size);
    return 0;
}
