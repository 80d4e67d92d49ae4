// Profile files on disk.
#pragma once

#include "card/profile_set.hpp"

namespace jeton::card {

/// ProfileSource is the text of one file.
struct ProfileSource {
    std::string file;  ///< its name, for messages
    std::string text;
    bool trusted = true;
};

/// read_layer reads a file, or the *.json files of a directory in the byte order of their names (schema.json
/// and hidden files are not profiles). A layer that is not there is empty. What cannot be read, and in layers
/// that are not trusted what others than the user and root could have written, goes to |problems|.
std::vector<ProfileSource> read_layer(const ProfileSet::Layer& layer, std::vector<ProfileProblem>& problems);

/// BuiltInProfile is a file of profiles/ as it was when the library was built.
struct BuiltInProfile {
    const char* file;
    const unsigned char* text;  ///< ends with a zero
};

/// built_in_profile gives the file number |index|; nullptr after the last. Made by embed_profiles.cmake.
const BuiltInProfile* built_in_profile(std::size_t index);

}  // namespace jeton::card
