#include "card/profile_variants.hpp"

#include <fmt/format.h>

#include "card/profile_document.hpp"
#include "card/profile_merge.hpp"
#include "card/profile_reader.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// apply merges one variant into |profile|, whose own variants are gone by then.
void apply(Json& profile, const Json& variant, ProblemList& problems) {
    merge(profile, variant.at("set"), problems);
    if (problems.empty()) {
        check_whole(profile, problems);
    }
}

/// without_variants ends the recursion: what a variant makes has none.
Json without_variants(Json profile) {
    profile.erase("variants");
    return profile;
}

}  // namespace

void check_variants(const Json& profile, ProblemList& problems) {
    const auto variants = profile.find("variants");
    if (variants == profile.end() || !problems.empty()) {
        return;
    }
    const Json plain = without_variants(profile);
    for (std::size_t i = 0; i < variants->size(); ++i) {
        Json changed = plain;
        ProblemList found;
        apply(changed, (*variants)[i], found);
        for (const ProfileProblem& problem : found.items()) {
            problems.add(fmt::format("/variants/{}/set{}", i,
                                     source_pointer(changed, (*variants)[i]["set"], problem.pointer)),
                         problem.expected, problem.found);
        }
    }
}

std::shared_ptr<const Profile> with_variants(const std::shared_ptr<const Profile>& profile,
                                             const std::vector<std::size_t>& holds) {
    if (holds.empty()) {
        return profile;
    }
    const ProfileDocument& document = *profile->document;
    Json whole = without_variants(*document.whole);
    for (const std::size_t index : holds) {
        Json changed = whole;
        ProblemList problems;
        apply(changed, document.whole->at("variants").at(index), problems);
        if (document.authority && problems.empty()) {
            restore_locked(changed, *document.authority);
            check_whole(changed, problems);
        }
        if (problems.empty()) {
            whole = std::move(changed);
        } else {
            log::warn("profile {}: variant {} does not fit the others and is left out: {}", profile->id,
                      index, problems.items().front().text());
        }
    }
    auto out = std::make_shared<Profile>(read_profile(whole));
    out->origin = profile->origin;
    out->document = std::make_shared<const ProfileDocument>(
        ProfileDocument{std::make_shared<const Json>(std::move(whole)), document.layers, document.authority});
    return out;
}

}  // namespace jeton::card
