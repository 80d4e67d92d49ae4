// The CCID class descriptor of the emulated reader.
#pragma once

#include "reader/emulated_reader.hpp"

namespace jeton::reader {

/// emulated_descriptor gives the 54 bytes: one opening, all automatic, the level and message size of
/// |options|.
Bytes emulated_descriptor(const EmulationOptions& options);

}  // namespace jeton::reader
