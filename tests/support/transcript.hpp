// Recorded exchanges with a card, for the tests of any layer.
#pragma once

#include <string>
#include <string_view>

#include "reader/replay_card.hpp"
#include "reader/replay_recording.hpp"

namespace jeton::support {

using Exchange = reader::RecordedExchange;

/// Transcript is a recorded exchange with one card (reader/replay_recording.hpp).
struct Transcript : reader::Recording {
    /// parse reads the text of an .apdu file. Throws std::runtime_error naming the line that it does not
    /// understand.
    static Transcript parse(std::string_view text) { return {reader::parse_transcript(view_of(text))}; }

    static Transcript load(const std::string& path) { return {reader::load_recording(path)}; }
};

}  // namespace jeton::support
