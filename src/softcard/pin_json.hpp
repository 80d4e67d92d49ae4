// A Pin in a card's file.
#pragma once

#include "softcard/json_node.hpp"
#include "softcard/pin.hpp"

namespace jeton::softcard {

Json pin_json(const Pin& pin);

/// read_pin throws Broken.
Pin read_pin(const Node& node);

}  // namespace jeton::softcard
