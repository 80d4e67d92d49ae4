// A CCID reader in software: a Device that speaks CCID messages and holds SimulatedCards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reader/device.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::reader {

enum class ExchangeLevel { character, tpdu, short_apdu, extended_apdu };

/// ContactOptions choose what the card says of itself at its contacts, where T=0 or T=1 is spoken there: at
/// TPDU and character level. Its ATR is then made of these and of the historical bytes of the card.
struct ContactOptions {
    bool t0 = false;  ///< the protocols that it offers; with both, T=0 is the one that it begins with
    bool t1 = true;
    bool crc = false;            ///< T=1 blocks end with a CRC
    Byte ifsc = 254;             ///< 1 to 254
    Byte fi_di = 0x11;           ///< TA1
    bool specific_mode = false;  ///< TA2: no negotiation
    bool refuses_pps = false;    ///< it says nothing to a PPS, until it is reset
};

class PadKeys;

/// EmulationOptions choose what kind of reader it is.
struct EmulationOptions {
    ExchangeLevel level = ExchangeLevel::extended_apdu;
    std::size_t max_message =
        65556;                      ///< dwMaxCCIDMessageLength, header included; smaller ones chain messages
    Milliseconds power_on_time{0};  ///< until the ATR is there
    Milliseconds command_time{0};   ///< for each APDU; the card or the reader asks for time where that is
                                    ///< longer than the card's waiting time
    ContactOptions contacts{};
    std::optional<std::uint32_t> automatic{};  ///< dwFeatures without the level; else as suits the level
    std::uint32_t max_ifsd = 254;
    std::shared_ptr<PadKeys> pad{};  ///< what is typed on its PIN pad; null: it has none
};

/// set_exchange makes |options| those of a reader that speaks with its card as |word| says: "extended-apdu",
/// "short-apdu", "tpdu-t1", "tpdu-t0", "character-t1" or "character-t0". False for another word.
bool set_exchange(EmulationOptions& options, std::string_view word);

/// make_emulated_reader has one card opening.
std::unique_ptr<Device> make_emulated_reader(std::shared_ptr<SimulatedCard> card,
                                             EmulationOptions options = {});

/// make_emulated_reader has an opening for each of |cards|: 1 to 8.
std::unique_ptr<Device> make_emulated_reader(std::vector<std::shared_ptr<SimulatedCard>> cards,
                                             EmulationOptions options = {});

}  // namespace jeton::reader
