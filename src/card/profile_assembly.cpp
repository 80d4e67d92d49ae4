#include "card/profile_assembly.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "card/profile_document.hpp"
#include "card/profile_merge.hpp"
#include "card/profile_reader.hpp"
#include "card/profile_rules.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// Documents are shared as long as nothing changes them, for most never do.
using JsonPointer = std::shared_ptr<const Json>;

/// Document is one file whose form is right.
struct Document {
    std::string file;
    bool trusted;
    JsonPointer json;
    enum class State { fresh, building, built, failed } state = State::fresh;
    JsonPointer whole{};             ///< of a definition: merged with what it extends
    const Document* base = nullptr;  ///< of a definition: what it extends
};

/// Result is one profile after all files had their say.
struct Result {
    JsonPointer whole;
    std::vector<std::string> files;  ///< in the order of their effect
    JsonPointer authority{};         ///< the system's view, where a file that is not trusted took part
    const Document* definition = nullptr;
    bool from_user = false;  ///< a file that is not trusted took part
};

using World = std::map<std::string, Result>;

class Assembler {
  public:
    void add(const ProfileSource& source) {
        auto parsed = parse_json(view_of(source.text));
        if (const auto* error = std::get_if<JsonError>(&parsed)) {
            m_problems.push_back({source.file, error->pointer, error->expected, error->found});
            return;
        }
        Document document{source.file, source.trusted,
                          std::make_shared<const Json>(std::move(std::get<Json>(parsed)))};
        ProblemList problems;
        check_file(*document.json, problems);
        if (!problems.empty()) {
            return report(document, problems);
        }
        m_from_user = m_from_user || !source.trusted;
        auto& list = document.json->contains("patch") ? m_patches : m_definitions[(*document.json)["id"]];
        list.push_back(std::make_unique<Document>(std::move(document)));
    }

    Assembled assemble() {
        World world = build_world(false);
        if (m_from_user) {
            const World authority = build_world(true);
            for (auto entry = world.begin(); entry != world.end();) {
                entry = keep_locks(entry->second, authority) ? std::next(entry) : world.erase(entry);
            }
        }
        Assembled assembled;
        for (const auto& [id, result] : world) {
            Profile profile = read_profile(*result.whole);
            profile.origin = fmt::format("{}", fmt::join(result.files, ", "));
            profile.document = std::make_shared<const ProfileDocument>(
                ProfileDocument{result.whole, result.files, result.authority});
            if (profile.enabled) {
                assembled.profiles.push_back(std::make_shared<const Profile>(std::move(profile)));
            }
        }
        std::sort(assembled.profiles.begin(), assembled.profiles.end(), [](const auto& a, const auto& b) {
            return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
        });
        assembled.problems = std::move(m_problems);
        return assembled;
    }

  private:
    using Documents = std::vector<std::unique_ptr<Document>>;

    void report(const Document& document, ProblemList& problems) {
        for (ProfileProblem& problem : problems.items()) {
            problem.file = document.file;
            m_problems.push_back(std::move(problem));
        }
    }

    /// report_merged has pointers into |whole| and gives those into the file.
    void report_merged(const Document& document, const Json& whole, ProblemList& problems) {
        if (extent_of(*document.json) == Extent::part) {
            for (ProfileProblem& problem : problems.items()) {
                problem.pointer = source_pointer(whole, *document.json, problem.pointer);
            }
        }
        report(document, problems);
    }

    /// The highest version of |id| that has no mistake; nullptr when there is none. What is just being built
    /// does not count, so that a profile can extend the version of itself below, and no circle closes.
    const Document* resolve(const std::string& id, bool trusted_only) {
        const auto versions = m_definitions.find(id);
        if (versions == m_definitions.end()) {
            return nullptr;
        }
        for (auto document = versions->second.rbegin(); document != versions->second.rend(); ++document) {
            if ((!trusted_only || (*document)->trusted) && build(**document)) {
                return document->get();
            }
        }
        return nullptr;
    }

    bool build(Document& document) {
        if (document.state == Document::State::fresh) {
            document.state = Document::State::building;
            document.state = build_whole(document) ? Document::State::built : Document::State::failed;
        }
        return document.state == Document::State::built;
    }

    bool build_whole(Document& document) {
        ProblemList problems;
        document.whole = document.json;
        if (document.json->contains("extends")) {
            extend(document, problems);
        } else {
            check_rules(*document.json, problems);
            if (problems.empty() && !document.trusted) {
                check_match_is_new(document, problems);
            }
        }
        report_merged(document, *document.whole, problems);
        return problems.empty();
    }

    void extend(Document& document, ProblemList& problems) {
        const Json& change = *document.json;
        const std::string base = change["extends"];
        document.base = resolve(base, document.trusted);
        if (document.base == nullptr) {
            const bool known = m_definitions.contains(base);
            return problems.add("/extends",
                                "the id of a profile without mistakes that does not extend this one",
                                known ? in_quotes(base) : in_quotes(base) + ", which is not known");
        }
        const auto whole = std::make_shared<Json>(*document.base->whole);
        merge(*whole, change, problems);
        (*whole)["id"] = change["id"];
        if (problems.empty()) {
            check_whole(*whole, problems);
            document.whole = whole;
        }
    }

    /// A user's profile for cards that the system knows must build on the system's, so that nothing is lost
    /// unseen.
    void check_match_is_new(const Document& document, ProblemList& problems) {
        const Json& match = (*document.whole)["match"];
        for (const auto& [id, versions] : m_definitions) {
            const Document* trusted = resolve(id, true);
            for (std::size_t i = 0; trusted != nullptr && i < match.size(); ++i) {
                const MatchRule rule = read_match(match[i]);
                const Json& others = (*trusted->whole)["match"];
                const auto same = [&rule](const Json& other) { return rule == read_match(other); };
                if (std::any_of(others.begin(), others.end(), same)) {
                    problems.add(
                        fmt::format("/match/{}", i),
                        fmt::format("\"extends\" or \"patch\", as the system's profile {} matches the same",
                                    id),
                        "neither");
                }
            }
        }
    }

    /// files_of is the file of |document| behind those that it extends.
    static std::vector<std::string> files_of(const Document* document) {
        std::vector<std::string> files;
        for (; document != nullptr; document = document->base) {
            files.insert(files.begin(), document->file);
        }
        return files;
    }

    World build_world(bool trusted_only) {
        World world;
        for (const auto& [id, versions] : m_definitions) {
            if (const Document* document = resolve(id, trusted_only)) {
                world[id] = {.whole = document->whole,
                             .files = files_of(document),
                             .definition = document,
                             .from_user = !document->trusted};
            }
        }
        for (const auto& patch : m_patches) {
            if (!trusted_only) {
                apply(*patch, world, true);
            } else if (patch->trusted) {
                apply(*patch, world, false);
            }
        }
        return world;
    }

    /// A patch changes all of its profiles or none.
    void apply(const Document& patch, World& world, bool tell) {
        const Json& targets = (*patch.json)["patch"];
        std::map<std::string, JsonPointer> changed;
        for (std::size_t i = 0; i < (targets.is_array() ? targets.size() : 1); ++i) {
            const std::string id = targets.is_array() ? targets[i] : targets;
            const auto target = world.find(id);
            ProblemList problems;
            const auto whole = std::make_shared<Json>();
            if (target == world.end()) {
                problems.add(targets.is_array() ? fmt::format("/patch/{}", i) : "/patch",
                             "the id of a profile", in_quotes(id) + ", which is not known");
            } else {
                *whole = changed.contains(id) ? *changed[id] : *target->second.whole;
                merge(*whole, *patch.json, problems);
            }
            const bool merged = problems.empty();
            if (merged) {
                check_whole(*whole, problems);
            }
            if (!problems.empty()) {
                return !tell    ? void()
                       : merged ? report_merged(patch, *whole, problems)
                                : report(patch, problems);
            }
            changed[id] = whole;
        }
        for (auto& [id, whole] : changed) {
            Result& result = world[id];
            result.whole = std::move(whole);
            result.files.push_back(patch.file);
            result.from_user = result.from_user || !patch.trusted;
        }
    }

    /// The system's view of the profile, or of the nearest one that it was extended from.
    static const Result* authority_of(const Result& result, const World& authority) {
        for (const Document* document = result.definition; document != nullptr; document = document->base) {
            if (const auto found = authority.find((*document->json)["id"]); found != authority.end()) {
                return &found->second;
            }
        }
        return nullptr;
    }

    /// keep_locks undoes what the user's files changed although the system locked it; false when nothing
    /// usable is left.
    bool keep_locks(Result& result, const World& authority) {
        const Result* system = result.from_user ? authority_of(result, authority) : nullptr;
        if (system == nullptr) {
            return true;
        }
        result.authority = system->whole;
        const auto whole = std::make_shared<Json>(*result.whole);
        const auto restored = restore_locked(*whole, *system->whole);
        if (restored.empty()) {
            return true;
        }
        log::warn("profile {}: {} kept as the system's profile has it: policy.locked", result.files.back(),
                  fmt::join(restored, ", "));
        result.whole = whole;
        ProblemList problems;
        check_whole(*whole, problems);
        if (problems.empty()) {
            return true;
        }
        const bool same = (*system->whole)["id"] == (*whole)["id"];
        report_merged(*result.definition, *whole, problems);
        result = *system;
        return same;
    }

    bool m_from_user = false;
    std::map<std::string, Documents> m_definitions;  ///< by id, the lowest layer first
    Documents m_patches;
    std::vector<ProfileProblem> m_problems;
};

}  // namespace

Assembled assemble_profiles(const std::vector<ProfileSource>& sources) {
    Assembler assembler;
    for (const ProfileSource& source : sources) {
        assembler.add(source);
    }
    return assembler.assemble();
}

}  // namespace jeton::card
