#include "reader/usb_readers.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/descriptor.hpp"
#include "reader/handover_record.hpp"
#include "reader/usb_device.hpp"

namespace jeton::reader {

namespace {

std::string name_of(const UsbListing& device, const CcidInterface& interface) {
    const UsbDescription& usb = device.description;
    std::string name = device.product.empty()
                           ? fmt::format("USB reader {:04x}:{:04x}", usb.vendor, usb.product)
                           : device.product;
    if (const auto at = device.interface_names.find(interface.number);
        at != device.interface_names.end() && !at->second.empty() && at->second != name) {
        name += fmt::format(" [{}]", at->second);
    } else if (device.configuration.interfaces.size() > 1) {
        name += fmt::format(" [{}]", interface.number);
    }
    if (!device.serial.empty()) {
        name += fmt::format(" ({})", device.serial);
    }
    return name;
}

std::size_t openings_of(const CcidInterface& interface) {
    const auto descriptor = parse_class_descriptor(interface.class_descriptor);
    return descriptor ? std::min<std::size_t>(descriptor->max_slot_index + 1U, most_slots) : 1;
}

/// tell_apart says where readers are that have the same name.
void tell_apart(std::vector<ReaderPlace>& places) {
    std::vector<bool> twice(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto same = [&](const ReaderPlace& place) { return place.name == places[i].name; };
        twice[i] = std::ranges::count_if(places, same) > 1;
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (twice[i]) {
            places[i].name += " at " + places[i].key;
        }
    }
}

}  // namespace

std::vector<ReaderPlace> find_usb_readers(const std::optional<std::filesystem::path>& runtime,
                                          const UsbTree& tree) {
    std::vector<ReaderPlace> places;
    for (const UsbListing& device : list_usb_devices(tree)) {
        for (const CcidInterface& interface : device.configuration.interfaces) {
            ReaderPlace place;
            place.name = name_of(device, interface);
            place.key = fmt::format("usb:{}:{}", device.name, interface.number);
            if (runtime) {
                place.lease_file = *runtime / fmt::format("usb-{}-{}.lease", device.name, interface.number);
            }
            place.open = [tree, name = device.name, number = interface.number] {
                return open_usb_device(tree, name, number);
            };
            place.openings = openings_of(interface);
            places.push_back(std::move(place));
        }
    }
    tell_apart(places);
    return places;
}

}  // namespace jeton::reader
