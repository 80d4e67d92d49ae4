#include "reader/descriptor.hpp"

#include <algorithm>

namespace jeton::reader {

namespace {

constexpr Byte functional_type = 0x21;
constexpr Byte early_functional_type = 0xFF;  ///< of readers older than the class

std::uint32_t u32_at(View bytes, std::size_t offset) {
    return static_cast<std::uint32_t>(load_le(bytes.subspan(offset, 4)));
}

std::uint16_t u16_at(View bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(load_le(bytes.subspan(offset, 2)));
}

}  // namespace

ExchangeLevel ClassDescriptor::level() const {
    if (has(feature::level_extended_apdu)) {
        return ExchangeLevel::extended_apdu;
    }
    if (has(feature::level_short_apdu)) {
        return ExchangeLevel::short_apdu;
    }
    return has(feature::level_tpdu) ? ExchangeLevel::tpdu : ExchangeLevel::character;
}

std::optional<ClassDescriptor> parse_class_descriptor(View bytes) {
    if (bytes.size() != ClassDescriptor::length || bytes[0] != ClassDescriptor::length) {
        return std::nullopt;
    }
    if (bytes[1] != functional_type && bytes[1] != early_functional_type) {
        return std::nullopt;
    }
    ClassDescriptor result;
    result.version = u16_at(bytes, 2);
    result.max_slot_index = bytes[4];
    result.voltages = bytes[5];
    const std::uint32_t protocols = u32_at(bytes, 6) & 3U;  // the upper half is reserved, yet used by some
    result.t0 = protocols == 0 || (protocols & 1U) != 0;    // none at all cannot be meant
    result.t1 = protocols == 0 || (protocols & 2U) != 0;
    result.default_clock = u32_at(bytes, 10);
    result.max_clock = u32_at(bytes, 14);
    result.data_rate = u32_at(bytes, 19);
    result.max_data_rate = u32_at(bytes, 23);
    result.max_ifsd = std::clamp(u32_at(bytes, 28), 1U, 254U);
    result.features = u32_at(bytes, 40);
    result.max_message = std::min(u32_at(bytes, 44), largest_message);
    result.class_get_response = bytes[48];
    result.class_envelope = bytes[49];
    result.lcd_layout = u16_at(bytes, 50);
    result.pin_support = bytes[52];
    result.max_busy_slots = std::max(bytes[53], Byte{1});  // 0 is met
    if (result.max_message < smallest_message) {
        return std::nullopt;
    }
    return result;
}

}  // namespace jeton::reader
