// What single readers do otherwise than their descriptors say, or need besides: rows of data (quirks.cpp).
#pragma once

#include <cstdint>
#include <optional>

#include "reader/descriptor.hpp"

namespace jeton::reader {

/// PadQuirks are what differs for its PIN pad.
struct PadQuirks {
    std::optional<Byte> verify_messages{};  ///< bNumberMessage; else FF with a display, 0 without
    std::optional<Byte> modify_messages{};  ///< the same; else 3 with a display, 0 without
    bool three_indexes = false;             ///< modify: bMsgIndex 1 to 3 whatever bNumberMessage says
    bool limits_swapped = false;            ///< it reads the most digits where the least belong
    Byte least_digits = 0;                  ///< the fewest that it takes
    Byte most_digits = 0;                   ///< the most that it takes; 0: any number
};

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
    PadQuirks pad{};
    unsigned patience = 1;  ///< the wait for the first GetSlotStatus is so many times longer
};

/// quirks_of gives the row of a reader; |release| is bcdDevice. A row may hold for some releases only.
const Quirks& quirks_of(std::uint16_t vendor, std::uint16_t product, std::uint16_t release);

/// corrected is |descriptor| with what |quirks| know better.
ClassDescriptor corrected(ClassDescriptor descriptor, const Quirks& quirks);

}  // namespace jeton::reader
