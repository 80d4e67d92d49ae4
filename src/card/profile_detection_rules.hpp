// Whether what a profile says about detection, status words and variants fits together.
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// check_detection looks at a merged profile whose form was checked.
void check_detection(const Json& profile, ProblemList& problems);

}  // namespace jeton::card
