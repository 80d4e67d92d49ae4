// What the tests of profiles share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include "card/profile_set.hpp"
#include "util/json.hpp"

namespace jeton::card::testing {

/// TempDirectory is a directory for one test.
class TempDirectory {
  public:
    TempDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "jeton-profile-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            ADD_FAILURE() << "mkdtemp " << name;
        }
        m_path = name;
    }
    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;

    const std::filesystem::path& path() const { return m_path; }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        const auto file = m_path / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        std::filesystem::permissions(file, std::filesystem::perms(0644));
        return file;
    }
    std::filesystem::path write(const std::string& name, const char* text) const {
        return write(name, std::string(text));
    }
    std::filesystem::path write(const std::string& name, const Json& json) const {
        return write(name, json.dump());
    }

  private:
    std::filesystem::path m_path;
};

/// read_json reads a file of the test data.
inline Json read_json(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    auto parsed = parse_json(view_of(text), JsonLimits::large);
    if (const auto* error = std::get_if<JsonError>(&parsed)) {
        ADD_FAILURE() << path << error->pointer << ": " << error->found;
        return {};
    }
    return std::move(std::get<Json>(parsed));
}

/// problems_text makes failures readable.
inline std::string problems_text(const ProfileSet& set) {
    std::string text;
    for (const ProfileProblem& problem : set.problems()) {
        text += problem.text() + "\n";
    }
    return text;
}

/// built_in_count is how many profiles the library brings along.
inline std::size_t built_in_count() {
    return ProfileSet::load({}).profiles().size();
}

/// minimal_profile is a sound profile with |id| that matches a card of its own.
inline Json minimal_profile(const std::string& id, const std::string& aid = "A000000999") {
    return {{"schemaVersion", "1.0"},
            {"id", id},
            {"applet", "piv"},
            {"match", Json::array({{{"aid", aid}}})},
            {"select", {{"aid", aid}}}};
}

}  // namespace jeton::card::testing
