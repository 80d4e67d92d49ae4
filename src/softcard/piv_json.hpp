// The PIV application in a card's file.
#pragma once

#include "softcard/json_node.hpp"
#include "softcard/piv_state.hpp"

namespace jeton::softcard {

Json piv_json(const PivState& state);

/// read_piv checks every member but for the private keys that |known|, what was read before (or null), has
/// just so. Throws Broken.
PivState read_piv(const Node& node, const PivState* known);

}  // namespace jeton::softcard
