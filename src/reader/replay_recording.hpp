// Recorded exchanges with one card, from a transcript that people can read.
#pragma once

#include <stdexcept>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::reader {

/// RecordingError says what is wrong with a file, in words that follow its name.
class RecordingError final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// RecordedExchange is one command APDU and the response that was recorded for it.
struct RecordedExchange {
    Bytes command{};
    Bytes response{};
    bool after_power_on = false;  ///< the card was powered directly before
    bool masked = false;          ///< some bytes are FF in place of what was there
};

struct Recording {
    Bytes atr{0x3B, 0x80, 0x80, 0x01, 0x01};
    std::vector<RecordedExchange> exchanges{};
};

/// parse_transcript reads lines `> ` with a command APDU and `< ` with its response, in hex; `#` begins a
/// remark. `# ATR hex` names the card's ATR, `# power on` and `# reset` tell that the card was powered there.
/// Throws RecordingError with the number of the line that it does not understand.
Recording parse_transcript(View text);

}  // namespace jeton::reader
