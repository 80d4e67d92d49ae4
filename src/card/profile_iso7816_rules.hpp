// What a profile must, and must not, say of a card that it alone describes.
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// check_iso7816 looks at a merged profile whose form was checked, and says nothing of other applets.
void check_iso7816(const Json& profile, ProblemList& problems);

}  // namespace jeton::card
