#include "reader/emulated_descriptor.hpp"

#include <array>

namespace jeton::reader {

namespace {

std::uint32_t level_feature(ExchangeLevel level) {
    static constexpr std::array<std::uint32_t, 4> bits{0, feature::level_tpdu, feature::level_short_apdu,
                                                       feature::level_extended_apdu};
    return bits.at(static_cast<std::size_t>(level));
}

}  // namespace

std::uint32_t emulated_features(const EmulationOptions& options) {
    const bool apdus =
        options.level == ExchangeLevel::short_apdu || options.level == ExchangeLevel::extended_apdu;
    std::uint32_t automatic = feature::auto_voltage | feature::auto_clock | feature::auto_baud_rate;
    if (apdus) {
        automatic |= feature::auto_parameters | feature::auto_negotiation | feature::auto_ifsd;
    }
    return options.automatic.value_or(automatic) | level_feature(options.level);
}

Bytes emulated_descriptor(const EmulationOptions& options, std::size_t openings) {
    Bytes bytes(ClassDescriptor::length);
    const std::span<Byte> out(bytes);
    bytes[0] = ClassDescriptor::length;
    bytes[1] = 0x21;
    store_le(out.subspan(2, 2), 0x0110);  // bcdCCID
    bytes[4] = static_cast<Byte>(openings - 1);
    bytes[5] = 7;                        // all voltages
    store_le(out.subspan(6, 4), 3);      // T=0 and T=1
    store_le(out.subspan(10, 4), 4000);  // clocks, kHz
    store_le(out.subspan(14, 4), 4000);
    store_le(out.subspan(19, 4), 10752);  // data rates, bit/s
    store_le(out.subspan(23, 4), 344086);
    store_le(out.subspan(28, 4), options.max_ifsd);
    store_le(out.subspan(40, 4), emulated_features(options));
    store_le(out.subspan(44, 4), options.max_message);
    bytes[48] = 0xFF;  // bClassGetResponse: as in the command
    bytes[49] = 0xFF;  // bClassEnvelope
    bytes[53] = 1;     // bMaxCCIDBusySlots
    return bytes;
}

}  // namespace jeton::reader
