// Recorded exchanges with one card, from a trace (docs/trace.md) or another capture of a CCID reader on USB.
#pragma once

#include "reader/replay_recording.hpp"

namespace jeton::reader {

/// read_trace takes the first card opening that was powered in |file|, a pcapng file of link type 220 or 189:
/// APDUs in CCID messages, in parts or whole, or in T=0 and T=1. What it cannot put together it leaves out.
/// Throws RecordingError for a broken file and one in which no card was powered.
Recording read_trace(View file);

}  // namespace jeton::reader
