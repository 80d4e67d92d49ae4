// The SC-HSM application in a card's file.
#pragma once

#include "softcard/hsm_state.hpp"
#include "softcard/json_node.hpp"

namespace jeton::softcard {

/// hsm_json writes |state|; the document holds a private key, so its caller wipes it.
Json hsm_json(const HsmState& state);

/// read_hsm checks every member but for a device key that |known|, what was read before (or null), has just
/// so. Throws Broken.
HsmState read_hsm(const Node& node, const HsmState* known);

}  // namespace jeton::softcard
