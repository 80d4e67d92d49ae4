// What a card's ATR and a reader's descriptor together come to: protocol, speed, waiting times.
#pragma once

#include "reader/atr.hpp"
#include "reader/descriptor.hpp"
#include "reader/quirks.hpp"
#include "util/deadline.hpp"

namespace jeton::reader {

inline constexpr Byte default_speed = 0x11;  ///< F = 372, D = 1: what every card begins with

/// host_speaks tells whether T=0 and T=1 are left to the host: at TPDU and character level.
bool host_speaks(const ClassDescriptor& reader);

/// Choice is what a card shall be told, and by whom.
struct Choice {
    Byte protocol = 0;
    Byte fi_di = default_speed;
    bool pps = false;  ///< it has to be negotiated: it is not what the card begins with
};

/// choose gives protocol and speed: those that need no negotiation unless there are better ones that the
/// reader follows and somebody negotiates. |plain|: no negotiation, because the card refused one. Throws
/// Error(unsupported) when card and reader have nothing in common.
Choice choose(const Atr& atr, const ClassDescriptor& reader, const Quirks& quirks, bool plain);

/// card_parameters is the data of SetParameters (6.1.7) for |protocol| 0 or 1, with the speed |fi_di|.
Bytes card_parameters(const Atr& atr, Byte protocol, Byte fi_di);

/// best_speed is the fastest Fi and Di that the card takes and the reader follows, else the default 11. A
/// card in specific mode has no choice.
Byte best_speed(const Atr& atr, const ClassDescriptor& reader);

/// card_silence is how long the card may be silent before it has to ask for more time, plus what the reader
/// takes: the waiting times of ISO/IEC 7816-3, 10.2 and 11.4.3 (BWT, WWT), of the slower protocol that the
/// ATR offers. A card that computes for longer asks, and the reader passes that on as time extension.
Milliseconds card_silence(View atr, const ClassDescriptor& reader);

/// block_silence is the same for one TPDU of |protocol| at |fi_di|: the time that its characters take counts
/// as well, and for T=0 some procedure bytes.
Milliseconds block_silence(const Atr& atr, const ClassDescriptor& reader, Byte protocol, Byte fi_di);

}  // namespace jeton::reader
