// The OpenPGP application in a card's file.
#pragma once

#include "softcard/json_node.hpp"
#include "softcard/openpgp_state.hpp"

namespace jeton::softcard::openpgp {

Json write_state(const State& state);

/// read_state checks every member. Throws Broken.
State read_state(const Node& node, const State* known);

}  // namespace jeton::softcard::openpgp
