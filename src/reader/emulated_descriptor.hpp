// The CCID class descriptor of the emulated reader.
#pragma once

#include "reader/descriptor.hpp"

namespace jeton::reader {

/// emulated_descriptor gives the 54 bytes: |openings|, the level and message size of |options|.
Bytes emulated_descriptor(const EmulationOptions& options, std::size_t openings);

/// emulated_features is dwFeatures. Unless |options| say otherwise, a reader of APDUs does everything by
/// itself, and one of TPDUs or characters leaves to the host what can be left to it.
std::uint32_t emulated_features(const EmulationOptions& options);

}  // namespace jeton::reader
