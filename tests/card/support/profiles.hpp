// Profiles and files that the tests of the card layer share.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "card/profile_set.hpp"

namespace jeton::card {

/// built_in_profiles are those that the library brings along.
inline ProfileSet built_in_profiles() {
    return ProfileSet::load({});
}

/// piv_profile gives a copy of the profile `piv` for a test to change.
inline Profile piv_profile() {
    const auto profile = built_in_profiles().find("piv");
    if (!profile) {
        throw std::runtime_error("there is no profile \"piv\"");
    }
    return *profile;
}

/// vector_file reads one of the files of hexadecimal digits in tests/card/vectors.
inline Bytes vector_file(const std::string& name) {
    std::ifstream stream(std::filesystem::path(JETON_CARD_VECTORS) / name);
    std::string digits;
    for (std::string line; std::getline(stream, line);) {
        digits += line;
    }
    const auto bytes = from_hex(digits);
    if (!bytes || bytes->empty()) {
        throw std::runtime_error("cannot read the vector file " + name);
    }
    return *bytes;
}

/// key_index and object_index find slots by the profile's names; a wrong name ends the test.
inline std::size_t key_index(const Profile& profile, std::string_view id) {
    for (std::size_t i = 0; i < profile.keys.size(); ++i) {
        if (profile.keys[i].id == id) {
            return i;
        }
    }
    throw std::runtime_error("no key of that name");
}

inline std::size_t object_index(const Profile& profile, std::string_view id) {
    return profile.object_index(id).value();
}

}  // namespace jeton::card
