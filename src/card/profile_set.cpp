#include "card/profile_set.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "card/profile_assembly.hpp"
#include "util/environment.hpp"
#include "util/log.hpp"

namespace jeton::card {

std::string ProfileProblem::text() const {
    return fmt::format("{}: at {}: expected {}, found {}", file,
                       pointer.empty() ? "the whole document" : pointer, expected, found);
}

std::vector<ProfileSet::Layer> ProfileSet::standard_layers() {
    std::vector<Layer> layers{{JETON_PROFILE_DIR, true}, {"/etc/jeton/profiles", true}};
    if (is_privileged()) {
        return layers;
    }
    if (const auto directory = config_directory()) {
        layers.push_back({*directory / "profiles", false});
    }
    const std::string list = environment("JETON_PROFILES").value_or("");
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t colon = std::min(list.find(':', at), list.size());
        if (colon > at) {
            layers.push_back({list.substr(at, colon - at), false});
        }
        at = colon + 1;
    }
    return layers;
}

namespace {

/// The installed files usually are the built-in ones: those need not be read twice.
void drop_repeated(std::vector<ProfileSource>& sources, std::ptrdiff_t built_in) {
    const auto first = sources.begin() + built_in;
    const auto repeated = [&](const ProfileSource& source) {
        return std::any_of(first, sources.end(), [&](const ProfileSource& other) {
            return other.trusted && other.text == source.text;
        });
    };
    sources.erase(std::remove_if(sources.begin(), first, repeated), first);
}

}  // namespace

ProfileSet ProfileSet::load(const std::vector<Layer>& layers) {
    ProfileSet set;
    std::vector<ProfileSource> sources;
    for (std::size_t i = 0; const BuiltInProfile* profile = built_in_profile(i); ++i) {
        sources.push_back({profile->file, reinterpret_cast<const char*>(profile->text), true});
    }
    const auto built_in = static_cast<std::ptrdiff_t>(sources.size());
    for (const Layer& layer : layers) {
        if (layer.trusted || !is_privileged()) {
            std::ranges::move(read_layer(layer, set.m_problems), std::back_inserter(sources));
        }
    }
    drop_repeated(sources, built_in);
    Assembled assembled = assemble_profiles(sources);
    set.m_profiles = std::move(assembled.profiles);
    std::ranges::move(assembled.problems, std::back_inserter(set.m_problems));
    for (const ProfileProblem& problem : set.m_problems) {
        log::warn("profile left out: {}", problem.text());
    }
    return set;
}

std::shared_ptr<const Profile> ProfileSet::find(std::string_view id) const {
    const auto found =
        std::ranges::find_if(m_profiles, [id](const auto& profile) { return profile->id == id; });
    return found == m_profiles.end() ? nullptr : *found;
}

}  // namespace jeton::card
