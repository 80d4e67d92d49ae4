// Answer to reset (ISO/IEC 7816-3, 8.2): what the card says about itself when it is powered.
#pragma once

#include <cstdint>
#include <optional>

#include "util/bytes.hpp"

namespace jeton::reader {

/// longest_atr is the most bytes of an ATR, TS included (8.2.1).
inline constexpr std::size_t longest_atr = 33;

/// Atr is a parsed answer to reset. Values that the card leaves out have the defaults of the standard.
struct Atr {
    enum class Convention { direct, inverse };
    enum class Check {
        none,     ///< no TCK is due: the card offers T=0 alone
        valid,    ///< TCK is right
        wrong,    ///< TCK is there and does not fit; common in the field
        missing,  ///< TCK is due and the bytes end before it
    };

    Convention convention = Convention::direct;
    std::uint16_t protocols = 1;  ///< bit n: T=n is offered
    Byte default_protocol = 0;    ///< of TD1; 0 without TD1
    Byte fi_di = 0x11;            ///< TA1: Fi index in the high nibble, Di index in the low one
    Byte guard_time = 0;          ///< TC1, extra guard time N
    std::optional<Byte> ta2;      ///< specific mode
    Byte waiting_integer = 10;    ///< TC2: WI of T=0
    Byte ifsc = 32;               ///< of T=1
    Byte bwi = 4;                 ///< of T=1
    Byte cwi = 13;                ///< of T=1
    bool crc = false;             ///< T=1 blocks end with a CRC instead of an LRC
    std::optional<Byte> ta15;     ///< first TA after T=15: clock stop and voltage classes
    View historical;              ///< points into what was parsed
    Check check = Check::none;

    bool offers(unsigned protocol) const { return protocol < 16 && (protocols >> protocol & 1U) != 0; }

    /// specific_protocol is the only protocol of a card in specific mode; nullopt: negotiable.
    std::optional<Byte> specific_protocol() const;
};

/// parse_atr reads 2 to 33 bytes; nullopt when they are cut short, too many, or begin with neither 3B nor 3F.
/// A wrong or missing TCK is told in Atr::check.
std::optional<Atr> parse_atr(View bytes);

/// clock_factor is F and baud_factor D of a TA1 byte; nullopt for reserved indexes.
std::optional<unsigned> clock_factor(Byte fi_di);
std::optional<unsigned> baud_factor(Byte fi_di);

}  // namespace jeton::reader
