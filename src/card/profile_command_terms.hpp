// The vocabulary of command templates: "commands", "constants" and what names them in "mechanisms".
#pragma once

#include "card/profile_vocabulary.hpp"

namespace jeton::card::vocabulary {

extern const Shape command_shape;   ///< `commands.*`
extern const Shape step_shape;      ///< `commands.*.steps[]`
extern const Shape piece_shape;     ///< `commands.*.data[]`
extern const Shape field_shape;     ///< `commands.*.answer[]`
extern const Shape constant_shape;  ///< `constants.*` by the length of the key
extern const Shape purpose_shape;   ///< `mechanisms.*.command` by purpose

}  // namespace jeton::card::vocabulary
