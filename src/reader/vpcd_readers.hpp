// Virtual readers of the configuration, whose cards come over the network.
#pragma once

#include <vector>

#include "reader/reader.hpp"
#include "reader/vpcd_endpoint.hpp"

namespace jeton::reader {

/// find_vpcd_readers gives the places of those virtual readers that are there: one that cannot listen,
/// because somebody else does, is not, and the log says why. From here on the others listen, as long as a
/// place is kept. Their key is "vpcd:listen HOST:PORT" or "vpcd:connect HOST:PORT". Connects to nobody.
std::vector<ReaderPlace> find_vpcd_readers(const std::vector<VpcdPlace>& wanted);

}  // namespace jeton::reader
