// What the vocabulary alone cannot say about a profile: whether its parts fit each other.
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// check_rules looks at a merged profile whose form was checked.
void check_rules(const Json& profile, ProblemList& problems);

}  // namespace jeton::card
