#include "usb/usb_layout.hpp"

#include <array>

namespace jeton::test {

namespace {

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<Byte>(value));
    out.push_back(static_cast<Byte>(value >> 8));
}

}  // namespace

Bytes device_descriptor(const UsbLayout& layout, Byte configurations) {
    Bytes out{18, 1, 0x00, 0x02, 0, 0, 0, 64};
    put16(out, layout.vendor);
    put16(out, layout.product);
    put16(out, layout.release);
    append(out, Bytes{1, 2, 3, configurations});  // iManufacturer, iProduct, iSerialNumber
    return out;
}

Bytes configuration_descriptor(const UsbLayout& layout) {
    Bytes body;
    for (const InterfaceLayout& it : layout.interfaces) {
        append(body, Bytes{9, 4, it.number, it.alternate, static_cast<Byte>(it.endpoints.size()),
                           it.interface_class, 0, it.protocol, static_cast<Byte>(it.name.empty() ? 0 : 4)});
        append(body, it.extra);
        for (const EndpointLayout& endpoint : it.endpoints) {
            append(body, Bytes{7, 5, endpoint.address, endpoint.attributes});
            put16(body, endpoint.packet);
            body.push_back(16);
            append(body, endpoint.extra);
        }
    }
    Bytes out{9, 2};
    put16(out, body.size() + 9);
    append(out, Bytes{static_cast<Byte>(layout.interfaces.size()), layout.configuration, 0, 0x80, 50});
    append(out, body);
    return out;
}

Bytes string_descriptor(const UsbLayout& layout, Byte index) {
    const std::array<std::string, 5> texts{"", "jeton", layout.product_name, layout.serial,
                                           layout.interfaces.at(0).name};
    Bytes out{0, 3};
    if (index == 0) {
        append(out, Bytes{0x09, 0x04});
    } else if (index < texts.size()) {
        for (const char c : texts.at(index)) {
            append(out, Bytes{static_cast<Byte>(c), 0});
        }
    }
    out[0] = static_cast<Byte>(out.size());
    return out;
}

Bytes all_descriptors(const UsbLayout& layout) {
    Bytes out = device_descriptor(layout);
    append(out, configuration_descriptor(layout));
    return out;
}

}  // namespace jeton::test
