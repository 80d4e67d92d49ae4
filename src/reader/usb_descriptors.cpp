#include "reader/usb_descriptors.hpp"

#include <algorithm>
#include <array>

#include "reader/descriptor.hpp"
#include "reader/quirks.hpp"

namespace jeton::reader {

namespace {

constexpr Byte device_type = 1;
constexpr Byte configuration_type = 2;
constexpr Byte interface_type = 4;
constexpr Byte endpoint_type = 5;
constexpr std::size_t device_size = 18;
constexpr std::size_t configuration_size = 9;
constexpr std::size_t interface_size = 9;
constexpr std::size_t endpoint_size = 7;
constexpr Byte smart_card_class = 0x0B;
constexpr Byte vendor_class = 0xFF;
constexpr Byte direction_in = 0x80;
constexpr std::uint16_t packet_bits = 0x07FF;  ///< of wMaxPacketSize; the others count transactions
constexpr std::size_t most_configurations = 8;
constexpr std::size_t most_interfaces = 32;

std::uint16_t u16_at(View bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(load_le(bytes.subspan(offset, 2)));
}

/// next_descriptor takes one descriptor off the front of |rest|; empty when its length cannot be.
View next_descriptor(View& rest) {
    if (rest.size() < 2 || rest[0] < 2 || rest[0] > rest.size()) {
        return {};
    }
    const View descriptor = rest.first(rest[0]);
    rest = rest.subspan(rest[0]);
    return descriptor;
}

/// Candidate is an interface while its descriptors come by.
class Candidate {
  public:
    Candidate(View descriptor, bool pre_standard) : m_protocol(descriptor[7]) {
        m_interface.number = descriptor[2];
        m_interface.alternate = descriptor[3];
        m_class_fits = descriptor[5] == smart_card_class || (descriptor[5] == vendor_class && pre_standard);
    }

    /// add looks at a descriptor that follows that of the interface. The class descriptor may stand anywhere:
    /// some devices put it behind their endpoints.
    void add(View descriptor) {
        if (descriptor[1] == endpoint_type && descriptor.size() >= endpoint_size) {
            add_endpoint(descriptor);
        } else if (m_interface.class_descriptor.empty() && parse_class_descriptor(descriptor)) {
            m_interface.class_descriptor = to_bytes(descriptor);
        }
    }

    /// finished gives the interface when it is one of ours and is whole.
    std::optional<CcidInterface> finished() {
        const bool bulk = m_interface.bulk_in.address != 0 && m_interface.bulk_out.address != 0;
        if (!m_class_fits || m_interface.class_descriptor.empty() ||
            (!bulk && (m_protocol == 0 || m_protocol > 2))) {
            return std::nullopt;
        }
        using Carrier = CcidInterface::Carrier;
        static constexpr std::array<Carrier, 3> carriers{Carrier::bulk, Carrier::iccd_a, Carrier::iccd_b};
        m_interface.carrier = bulk ? Carrier::bulk : carriers.at(m_protocol);
        return std::move(m_interface);
    }

  private:
    void add_endpoint(View descriptor) {
        constexpr Byte type_bits = 3;
        constexpr Byte bulk = 2;
        constexpr Byte interrupt = 3;
        const Byte type = descriptor[3] & type_bits;
        const bool in = (descriptor[2] & direction_in) != 0;
        UsbEndpoint* place = nullptr;
        if (type == bulk) {
            place = in ? &m_interface.bulk_in : &m_interface.bulk_out;
        } else if (type == interrupt && in) {
            place = &m_interface.interrupt_in;
        }
        const auto packet = static_cast<std::uint16_t>(u16_at(descriptor, 4) & packet_bits);
        if (place != nullptr && place->address == 0 && packet != 0) {
            *place = {descriptor[2], packet};
        }
    }

    CcidInterface m_interface;
    Byte m_protocol;
    bool m_class_fits = false;
};

UsbConfiguration parse_configuration(View bytes, bool pre_standard) {
    UsbConfiguration result;
    result.value = bytes[5];
    result.descriptor = to_bytes(bytes);
    std::optional<Candidate> current;
    const auto finish = [&] {
        auto found = current ? current->finished() : std::nullopt;
        current.reset();
        const auto same = [&](const CcidInterface& it) { return it.number == found->number; };
        if (found && result.interfaces.size() < most_interfaces &&
            std::ranges::none_of(result.interfaces, same)) {
            result.interfaces.push_back(std::move(*found));
        }
    };
    View rest = bytes.subspan(bytes[0]);
    for (View one = next_descriptor(rest); !one.empty(); one = next_descriptor(rest)) {
        if (one[1] == interface_type && one.size() >= interface_size) {
            finish();
            current.emplace(one, pre_standard);
        } else if (current) {
            current->add(one);
        }
    }
    finish();
    return result;
}

}  // namespace

const UsbConfiguration* UsbDescription::configuration(Byte value) const {
    const auto at = std::ranges::find(configurations, value, &UsbConfiguration::value);
    return at == configurations.end() ? nullptr : &*at;
}

std::optional<UsbDescription> parse_usb_descriptors(View bytes) {
    if (bytes.size() < device_size || bytes[0] != device_size || bytes[1] != device_type) {
        return std::nullopt;
    }
    UsbDescription result;
    result.device_descriptor = to_bytes(bytes.first(device_size));
    result.vendor = u16_at(bytes, 8);
    result.product = u16_at(bytes, 10);
    result.release = u16_at(bytes, 12);
    const bool pre_standard = quirks_of(result.vendor, result.product, result.release).pre_standard;
    View rest = bytes.subspan(device_size);
    while (rest.size() >= configuration_size && rest[1] == configuration_type &&
           rest[0] >= configuration_size && rest[0] <= rest.size() &&
           result.configurations.size() < most_configurations) {
        const std::size_t total = std::clamp<std::size_t>(u16_at(rest, 2), rest[0], rest.size());
        result.configurations.push_back(parse_configuration(rest.first(total), pre_standard));
        rest = rest.subspan(total);
    }
    return result;
}

}  // namespace jeton::reader
