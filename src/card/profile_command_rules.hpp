// Whether the command templates of a profile fit the applet, its constants and the mechanisms that name them.
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// check_commands looks at a merged profile whose form was checked.
void check_commands(const Json& profile, ProblemList& problems);

}  // namespace jeton::card
