// The class descriptor of a CCID interface (CCID rev 1.1, 5.1): what the reader can do.
#pragma once

#include <cstdint>
#include <optional>

#include "reader/emulated_reader.hpp"
#include "util/bytes.hpp"

namespace jeton::reader {

/// feature names the bits of dwFeatures (5.1).
namespace feature {
inline constexpr std::uint32_t auto_parameters = 0x02;   ///< configures itself from the ATR
inline constexpr std::uint32_t auto_activation = 0x04;   ///< powers the card on insertion
inline constexpr std::uint32_t auto_voltage = 0x08;      ///< chooses the voltage
inline constexpr std::uint32_t auto_clock = 0x10;        ///< changes the clock with the parameters
inline constexpr std::uint32_t auto_baud_rate = 0x20;    ///< changes the baud rate with Fi and Di
inline constexpr std::uint32_t auto_negotiation = 0x40;  ///< negotiates parameters, PPS included
inline constexpr std::uint32_t auto_pps = 0x80;          ///< sends the PPS for the parameters that are set
inline constexpr std::uint32_t auto_ifsd = 0x400;        ///< exchanges IFSD first
inline constexpr std::uint32_t level_tpdu = 0x00010000;
inline constexpr std::uint32_t level_short_apdu = 0x00020000;
inline constexpr std::uint32_t level_extended_apdu = 0x00040000;
}  // namespace feature

/// ClassDescriptor holds the fields that matter to a host; sizes in bytes, clocks in kHz, rates in bit/s.
struct ClassDescriptor {
    static constexpr std::size_t length = 54;

    std::uint16_t version = 0;  ///< bcdCCID
    Byte max_slot_index = 0;
    Byte voltages = 0;  ///< bit 0: 5 V, 1: 3 V, 2: 1.8 V
    bool t0 = false;
    bool t1 = false;
    std::uint32_t default_clock = 0;
    std::uint32_t max_clock = 0;
    std::uint32_t data_rate = 0;
    std::uint32_t max_data_rate = 0;
    std::uint32_t max_ifsd = 0;
    std::uint32_t features = 0;
    std::uint32_t max_message = 0;   ///< dwMaxCCIDMessageLength, header included, at most |largest_message|
    Byte class_get_response = 0xFF;  ///< CLA of GET RESPONSE; FF: as in the command
    Byte class_envelope = 0xFF;      ///< CLA of ENVELOPE; FF: as in the command
    std::uint16_t lcd_layout = 0;
    Byte pin_support = 0;  ///< bit 0: verify, 1: modify
    Byte max_busy_slots = 1;

    bool has(std::uint32_t feature) const { return (features & feature) != 0; }
    ExchangeLevel level() const;
};

/// largest_message carries the largest extended APDU (7 + 65535 + 2 bytes, or 65538 in answer) in one
/// message.
inline constexpr std::uint32_t largest_message = 10 + 65544;

/// smallest_message is the least that is worth talking to: its header and one 32-byte part of a command.
inline constexpr std::uint32_t smallest_message = 10 + 32;

/// parse_class_descriptor reads exactly 54 bytes; nullopt when length or type are wrong or no message could
/// be carried. bcdCCID is not looked at: odd values are met in the field. A dwMaxCCIDMessageLength below 271
/// is taken at its word: extended APDU level chains messages, short APDU level refuses the commands that do
/// not fit.
std::optional<ClassDescriptor> parse_class_descriptor(View bytes);

}  // namespace jeton::reader
