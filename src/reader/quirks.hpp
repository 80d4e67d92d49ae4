// What single readers do otherwise than their descriptors say, or need besides: rows of data (quirks.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "reader/descriptor.hpp"

namespace jeton::reader {

/// PinpadQuirks are what a reader wants in the structures of PC_to_RDR_Secure (CCID rev 1.1, 6.1.11).
struct PinpadQuirks {
    std::optional<Byte> messages{};         ///< bNumberMessage; else as the reader's display asks for
    std::optional<Byte> modify_messages{};  ///< the same, where it differs when a PIN is changed
    bool modify_all_indexes = false;        ///< bMsgIndex1 to 3 are sent, whatever bNumberMessage says
    bool swapped_digits = false;            ///< wPINMaxExtraDigit has its minimum and maximum exchanged
    unsigned pause = 0;                     ///< milliseconds before each command
    Byte least_digits = 0;                  ///< it takes PINs of so many digits
    Byte most_digits = 0;                   ///< 0: not known
};

/// Quirks are what differs for one reader; a default one is a reader that keeps to the rules.
struct Quirks {
    std::uint32_t features_set = 0;      ///< bits of dwFeatures that it should have announced
    std::uint32_t features_cleared = 0;  ///< bits that it announces wrongly
    std::optional<std::uint32_t> max_ifsd{};
    std::optional<std::uint32_t> max_data_rate{};  ///< bit/s
    bool pre_standard = false;                     ///< interface class 0xFF: a CCID reader all the same
    bool no_pps = false;                           ///< only the default speed
    bool no_ifsd_exchange = false;
    bool power_off_first = false;  ///< before each power on
    bool no_pinpad = false;        ///< its PIN entry is broken, or tells the PIN to the host
    unsigned patience = 1;         ///< the wait for GetSlotStatus is so many times longer
    unsigned settle = 0;           ///< milliseconds that it needs after it was opened
    std::uint16_t first_good = 0;  ///< bcdDevice below this one is known to be faulty
    PinpadQuirks pinpad{};
};

/// QuirkRow is one row of the table: a reader, by vendor, product and a range of releases (bcdDevice).
struct QuirkRow {
    std::uint16_t vendor;
    std::uint16_t product;
    std::uint16_t first_release;
    std::uint16_t last_release;
    Quirks quirks;
};

/// quirk_rows is the table, sorted by vendor, product and release, without overlaps.
std::span<const QuirkRow> quirk_rows();

/// quirks_of gives the row of a reader; |release| is bcdDevice. A row may hold for some releases only.
const Quirks& quirks_of(std::uint16_t vendor, std::uint16_t product, std::uint16_t release);

/// corrected is |descriptor| with what |quirks| know better.
ClassDescriptor corrected(ClassDescriptor descriptor, const Quirks& quirks);

}  // namespace jeton::reader
