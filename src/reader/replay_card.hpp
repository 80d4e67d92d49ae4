// A card that answers as one was recorded to.
#pragma once

#include <filesystem>
#include <memory>

#include "reader/device.hpp"
#include "reader/replay_recording.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::reader {

/// load_recording reads a trace or a transcript of at most 64 MiB. Throws RecordingError.
Recording load_recording(const std::filesystem::path& file);

/// make_replay_card answers a command with the response that was recorded for it: the next one that was not
/// given yet, then the last one again. Length fields need not be the same, and where a byte was masked any
/// will do. GET RESPONSE is answered only as it came. What was not recorded gets 6F00, and the log says so.
std::shared_ptr<SimulatedCard> make_replay_card(Recording recording);

/// open_replay puts the card of |file| into an emulated reader, which exchanges short APDUs unless longer
/// ones were recorded. Throws Error(protocol) with what is wrong with the file.
std::unique_ptr<Device> open_replay(const std::filesystem::path& file);

}  // namespace jeton::reader
