#include "tool/profile_verb.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "card/card.hpp"
#include "card/error.hpp"
#include "card/profile_document.hpp"
#include "pkcs11/config.hpp"
#include "pkcs11/reader_places.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "tool/failure.hpp"
#include "tool/output.hpp"

namespace jeton::tool {

namespace {

using card::Profile;
using card::ProfileProblem;
using card::ProfileSet;

Json description(const Profile& profile) {
    return {{"id", profile.id},
            {"name", profile.name},
            {"applet", profile.applet},
            {"priority", profile.priority},
            {"sha256", profile.document->sha256()},
            {"layers", profile.document->layers}};
}

void print_profile(const Profile& profile, bool json) {
    Json all = description(profile);
    if (json) {
        all["profile"] = *profile.document->whole;
        return print_json(all);
    }
    print_line(fmt::format("id:      {}", profile.id));
    print_line(fmt::format("SHA-256: {}", all["sha256"].get<std::string>()));
    for (const std::string& layer : profile.document->layers) {
        print_line(fmt::format("from:    {}", printable(layer)));
    }
    print_json(*profile.document->whole);
}

void print_profiles(const ProfileSet& profiles, bool json) {
    Json rows = Json::array();
    for (const auto& profile : profiles.profiles()) {
        rows.push_back(description(*profile));
        if (!json) {
            rows.back()["sha256"] = rows.back()["sha256"].get<std::string>().substr(0, 16);
            rows.back()["layers"] = fmt::format("{}", fmt::join(profile->document->layers, ", "));
        }
    }
    print_rows(rows,
               {{"PROFILE", "id"},
                {"APPLET", "applet"},
                {"PRIORITY", "priority"},
                {"SHA-256", "sha256"},
                {"FROM", "layers"}},
               json);
}

/// card_in finds the card in the reader called |name|, or in the only one whose name begins so.
std::shared_ptr<const Profile> profile_of_card(const std::string& name, const pkcs11::Config& config,
                                               const ProfileSet& profiles) {
    std::vector<reader::ReaderPlace> places;
    for (const reader::ReaderPlace& place : pkcs11::find_reader_places(config)) {
        if (place.name == name) {
            places.assign(1, place);
            break;
        }
        if (place.name.starts_with(name)) {
            places.push_back(place);
        }
    }
    if (places.size() != 1) {
        throw Failure(fmt::format("There is {} called \"{}\".",
                                  places.empty() ? "no profile and no reader" : "more than one reader",
                                  name));
    }
    try {
        reader::Reader reader(places.front());
        const auto card = card::Card::recognise(reader.slot(), profiles);
        if (!card) {
            throw Failure("No profile knows the card in that reader.");
        }
        return std::make_shared<const Profile>(card->profile());
    } catch (const reader::Error& error) {
        throw Failure(fmt::format("{}: {}.", places.front().name, error.what()));
    } catch (const card::Error& error) {
        throw Failure(fmt::format("{}: {}.", places.front().name, error.what()));
    }
}

/// changed_by lists the profiles that |file| took part in.
std::vector<std::string> changed_by(const std::string& file, const ProfileSet& profiles) {
    std::vector<std::string> ids;
    for (const auto& profile : profiles.profiles()) {
        const auto& layers = profile->document->layers;
        if (std::find(layers.begin(), layers.end(), file) != layers.end()) {
            ids.push_back(profile->id);
        }
    }
    return ids;
}

Json judgement(const std::string& file, const ProfileSet& profiles) {
    Json problems = Json::array();
    for (const ProfileProblem& problem : profiles.problems()) {
        if (problem.file == file) {
            problems.push_back(
                {{"pointer", problem.pointer}, {"expected", problem.expected}, {"found", problem.found}});
        }
    }
    return {{"file", file}, {"profiles", changed_by(file, profiles)}, {"problems", std::move(problems)}};
}

}  // namespace

void show_profiles(const ProfileShow& options) {
    const pkcs11::Config config = pkcs11::read_config("");
    const ProfileSet profiles = ProfileSet::load(config.profile_layers);
    for (const ProfileProblem& problem : profiles.problems()) {
        print_note("profile left out: " + printable(problem.text()));
    }
    if (options.name.empty()) {
        return print_profiles(profiles, options.json);
    }
    const auto profile = profiles.find(options.name);
    print_profile(profile ? *profile : *profile_of_card(options.name, config, profiles), options.json);
}

void check_profiles(const ProfileCheck& options) {
    const pkcs11::Config config = pkcs11::read_config("");
    auto layers = config.profile_layers;
    for (const std::string& file : options.files) {
        if (!std::filesystem::is_regular_file(file)) {
            throw Failure(fmt::format("{} is not a file.", file));
        }
        layers.push_back({.path = file});
    }
    const ProfileSet profiles = ProfileSet::load(layers);
    Json rows = Json::array();
    std::size_t mistakes = 0;
    for (const std::string& file : options.files) {
        rows.push_back(judgement(file, profiles));
        mistakes += rows.back()["problems"].size();
    }
    if (options.json) {
        print_json(rows);
    }
    for (const ProfileProblem& problem : profiles.problems()) {
        const bool named =
            std::find(options.files.begin(), options.files.end(), problem.file) != options.files.end();
        if (named && !options.json) {
            print_note(printable(problem.text()));
        }
    }
    for (const Json& row : rows) {
        if (row["problems"].empty() && !options.json) {
            print_line(
                printable(fmt::format("{}: no mistakes; profiles: {}", row["file"].get<std::string>(),
                                      fmt::join(row["profiles"].get<std::vector<std::string>>(), ", "))));
        }
    }
    if (mistakes != 0) {
        throw Failure(fmt::format("{} mistake{}.", mistakes, mistakes == 1 ? "" : "s"));
    }
}

}  // namespace jeton::tool
