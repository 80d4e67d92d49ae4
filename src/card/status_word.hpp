// SW1 SW2 (ISO/IEC 7816-4, 5.6).
#pragma once

#include <cstdint>
#include <optional>

namespace jeton::card {

struct StatusWord {
    std::uint16_t value = 0;

    constexpr bool ok() const { return value == 0x9000; }
    constexpr std::uint8_t sw1() const { return static_cast<std::uint8_t>(value >> 8); }
    constexpr std::uint8_t sw2() const { return static_cast<std::uint8_t>(value); }
    constexpr bool operator==(const StatusWord&) const = default;
};

namespace sw {
inline constexpr StatusWord success{0x9000};
inline constexpr StatusWord end_of_data{0x6282};
inline constexpr StatusWord fci_badly_formatted{0x6284};
inline constexpr StatusWord filled_up{0x6381};  ///< by what was written just now
inline constexpr StatusWord wrong_length{0x6700};
inline constexpr StatusWord last_link_expected{0x6883};
inline constexpr StatusWord chaining_not_supported{0x6884};
inline constexpr StatusWord security_status{0x6982};
inline constexpr StatusWord blocked{0x6983};
inline constexpr StatusWord reference_data_unusable{0x6984};
inline constexpr StatusWord conditions_of_use{0x6985};
inline constexpr StatusWord no_current_file{0x6986};
inline constexpr StatusWord bad_data{0x6A80};
inline constexpr StatusWord function_not_supported{0x6A81};
inline constexpr StatusWord not_found{0x6A82};
inline constexpr StatusWord no_memory{0x6A84};
inline constexpr StatusWord bad_p1p2{0x6A86};
inline constexpr StatusWord reference_not_found{0x6A88};
inline constexpr StatusWord ins_not_supported{0x6D00};
inline constexpr StatusWord cla_not_supported{0x6E00};
}  // namespace sw

/// broke_down tells that the card failed at the command (execution errors, 6F00), rather than refused it:
/// nobody knows what it did, and nothing follows about what it has.
constexpr bool broke_down(StatusWord status) {
    return status.sw1() == 0x64 || status.sw1() == 0x65 || status.sw1() == 0x6F;
}

/// tries_left reads the number of tries out of 63Cx; 0 for 6983; nullopt for anything else.
constexpr std::optional<unsigned> tries_left(StatusWord status) {
    if ((status.value & 0xFFF0) == 0x63C0) {
        return status.value & 0x0FU;
    }
    if (status == sw::blocked) {
        return 0U;
    }
    return std::nullopt;
}

}  // namespace jeton::card
