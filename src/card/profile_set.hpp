// The profiles that are in force: built in, system, admin, user, environment, merged.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "card/profile.hpp"

namespace jeton::card {

/// ProfileProblem is one mistake in one file. The file is left out, everything else stays in force.
struct ProfileProblem {
    std::string file;
    std::string pointer;  ///< RFC 6901
    std::string expected;
    std::string found;
    std::string text() const;  ///< one line for people
};

class ProfileSet {
  public:
    /// Layer is a file or directory of profiles; a later layer overrides an earlier one.
    struct Layer {
        std::filesystem::path path;
        bool trusted = true;  ///< false for user and environment: policy.locked holds against them
    };

    /// standard_layers are the installed directory (JETON_PROFILE_DIR of the build), /etc/jeton/profiles, the
    /// user's and JETON_PROFILES; the last two are left out in setuid programs.
    static std::vector<Layer> standard_layers();

    /// load reads the built-in profiles and then |layers|. Never throws for what a file holds.
    static ProfileSet load(const std::vector<Layer>& layers);

    /// profiles by descending priority, then by name: the order in which a card is compared with them.
    const std::vector<std::shared_ptr<const Profile>>& profiles() const { return m_profiles; }
    const std::vector<ProfileProblem>& problems() const { return m_problems; }
    std::shared_ptr<const Profile> find(std::string_view id) const;

  private:
    std::vector<std::shared_ptr<const Profile>> m_profiles;
    std::vector<ProfileProblem> m_problems;
};

}  // namespace jeton::card
