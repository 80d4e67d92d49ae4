// jeton profile: the profiles that are in force, and whether a file is one.
#pragma once

#include <string>
#include <vector>

namespace jeton::tool {

struct ProfileShow {
    std::string name;  ///< of a profile, or of the reader that a card is in; empty: all profiles
    bool json = false;
};

struct ProfileCheck {
    std::vector<std::string> files;
    bool json = false;
};

/// show_profiles prints a table of the profiles in force, or all of one. Failure for a name that is neither a
/// profile's nor a reader's, and for a reader without a card that a profile knows.
void show_profiles(const ProfileShow& options);

/// check_profiles tells what is wrong with the files, each put on top of the profiles in force and of the
/// files before it. Failure when something is.
void check_profiles(const ProfileCheck& options);

}  // namespace jeton::tool
