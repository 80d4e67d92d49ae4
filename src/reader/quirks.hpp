// What single readers do otherwise than their descriptors say, or need besides: rows of data (quirks.cpp).
#pragma once

#include <cstdint>
#include <optional>

#include "reader/descriptor.hpp"

namespace jeton::reader {

/// Quirks are what differs for one reader; a default one is a reader that keeps to the rules.
struct Quirks {
    std::uint32_t features_set = 0;      ///< bits of dwFeatures that it should have announced
    std::uint32_t features_cleared = 0;  ///< bits that it announces wrongly
    std::optional<std::uint32_t> max_ifsd;
    std::optional<std::uint32_t> max_data_rate;  ///< bit/s
    bool pre_standard = false;                   ///< interface class 0xFF: a CCID reader all the same
    bool no_pps = false;                         ///< only the default speed
    bool no_ifsd_exchange = false;
    bool power_off_first = false;  ///< before each power on
    bool no_pinpad = false;        ///< its PIN entry is broken, or tells the PIN to the host
    unsigned patience = 1;         ///< the wait for the first GetSlotStatus is so many times longer
};

/// quirks_of gives the row of a reader; |release| is bcdDevice. A row may hold for some releases only.
const Quirks& quirks_of(std::uint16_t vendor, std::uint16_t product, std::uint16_t release);

/// corrected is |descriptor| with what |quirks| know better.
ClassDescriptor corrected(ClassDescriptor descriptor, const Quirks& quirks);

}  // namespace jeton::reader
