// A CCID reader in software: a Device that speaks CCID messages and holds a SimulatedCard.
#pragma once

#include <memory>
#include <string>

#include "reader/device.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::reader {

enum class ExchangeLevel { character, tpdu, short_apdu, extended_apdu };

/// EmulationOptions choose what kind of reader it is.
struct EmulationOptions {
    ExchangeLevel level = ExchangeLevel::extended_apdu;
    std::size_t max_message =
        65556;                      ///< dwMaxCCIDMessageLength, header included; smaller ones chain messages
    Milliseconds power_on_time{0};  ///< until the ATR is there
    Milliseconds command_time{0};   ///< for each APDU; with time extensions where that is longer than the
                                    ///< card's waiting time
};

std::unique_ptr<Device> make_emulated_reader(std::shared_ptr<SimulatedCard> card,
                                             EmulationOptions options = {});

}  // namespace jeton::reader
