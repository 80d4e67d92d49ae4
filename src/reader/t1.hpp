// T=1 as the host speaks it (ISO/IEC 7816-3, 11.6), for readers that leave it to the host.
#pragma once

#include <optional>

#include "reader/t1_block.hpp"

namespace jeton::reader::t1 {

/// State is where the two ends stand: from the reset of the card to the next one.
struct State {
    Checksum checksum = Checksum::lrc;
    Byte ifsc = 32;            ///< the longest information that the card takes
    Byte ifsd = 32;            ///< the longest information that the card may send
    Byte number_sent = 0;      ///< N(S) of the next I-block to the card
    Byte number_wanted = 0;    ///< N(S) of the next I-block from the card
    bool out_of_step = false;  ///< an exchange failed: only a reset helps
};

/// Wire carries blocks to a card.
class Wire {
  public:
    virtual ~Wire() = default;

    /// exchange sends one block and gives what the card answered, whatever that is; nullopt when the reader
    /// says that it was damaged on its way. The answer may take |waiting| times the block waiting time.
    /// Throws Error, also when the time for the whole APDU is over.
    virtual std::optional<SecretBytes> exchange(View block, Byte waiting) = 0;

    /// room is the longest block that the wire carries in either direction.
    virtual std::size_t room() const = 0;
};

/// transmit sends |command| and gives what the card answers, of any length up to 65538. Damaged blocks are
/// asked for again, three times. Where that does not help, the card is brought back to the start of the
/// protocol (RESYNCH), but the command, which it may have carried out, is not repeated: Error(protocol), as
/// for a card that breaks off a chain. After an Error only a reset of the card helps.
SecretBytes transmit(Wire& wire, State& state, View command);

/// announce_ifsd tells the card how long its blocks may be. A card that does not agree keeps to the 32 bytes
/// of the standard, and that is no error.
void announce_ifsd(Wire& wire, State& state, Byte ifsd);

}  // namespace jeton::reader::t1
