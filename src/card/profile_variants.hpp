// Variants: changes of a profile for some of the cards that it recognises.
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// check_variants applies each variant of a sound profile alone and reports what does not fit then.
void check_variants(const Json& profile, ProblemList& problems);

/// with_variants is |profile| with those of its variants that |holds| names by their index, in their order.
/// One that does not fit the others is logged and left out. What the system locked against the user's files
/// stays. Gives |profile| itself where none holds.
std::shared_ptr<const Profile> with_variants(const std::shared_ptr<const Profile>& profile,
                                             const std::vector<std::size_t>& holds);

}  // namespace jeton::card
