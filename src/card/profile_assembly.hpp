// From the texts of profile files to the profiles that are in force: definitions, what extends them, patches,
// locks.
#pragma once

#include "card/profile_files.hpp"

namespace jeton::card {

struct Assembled {
    std::vector<std::shared_ptr<const Profile>> profiles;  ///< by descending priority, then by id
    std::vector<ProfileProblem> problems;
};

/// assemble_profiles puts |sources| together; a later one overrides an earlier one. A source with a mistake
/// is left out.
Assembled assemble_profiles(const std::vector<ProfileSource>& sources);

}  // namespace jeton::card
