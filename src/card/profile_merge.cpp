#include "card/profile_merge.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace jeton::card {

namespace {

/// The element of |list| with |id|; end() when there is none.
template <typename List>
auto find_id(List& list, const Json& id) {
    return std::find_if(list.begin(), list.end(), [&id](const Json& item) {
        const auto found = item.is_object() ? item.find("id") : item.end();
        return found != item.end() && *found == id;
    });
}

bool has_ids(const Json& list) {
    const auto has_id = [](const Json& item) { return item.is_object() && item.contains("id"); };
    return list.is_array() && !list.empty() && std::all_of(list.begin(), list.end(), has_id);
}

class Merger {
  public:
    explicit Merger(ProblemList& problems) : m_problems(problems) {}

    /// |but|: members of |change| to leave out.
    void object(Json& target, const Json& change, const Path& path,
                std::span<const std::string_view> but = {}) {
        if (!target.is_object()) {
            target = Json::object();
        }
        for (const auto& [key, value] : change.items()) {
            if (std::find(but.begin(), but.end(), key) != but.end()) {
                continue;
            }
            if (value.is_null()) {
                target.erase(key);
            } else if (value.is_object()) {
                object(target[key], value, path / key);
            } else if (has_ids(value) || (value == Json::array() && has_ids(target.value(key, Json())))) {
                list(target[key], value, path / key);
            } else {
                target[key] = value;
            }
        }
    }

  private:
    void list(Json& target, const Json& change, const Path& path) {
        if (!target.is_array()) {
            target = Json::array();
        }
        for (std::size_t i = 0; i < change.size(); ++i) {
            const auto found = find_id(target, change[i]["id"]);
            const bool missing = found == target.end();
            if (!change[i].contains("$delete")) {
                Json& item = missing ? target.emplace_back(Json::object()) : *found;
                object(item, change[i], path / i);
            } else if (missing) {
                const Path element = path / i;
                m_problems.add((element / "id").pointer(), "the id of an element that is there to delete",
                               in_quotes(change[i]["id"].get<std::string>()));
            } else {
                target.erase(found);
            }
        }
    }

    ProblemList& m_problems;
};

void merge_match(Json& target, const Json& match) {
    Json& old = target["match"];
    if (match.is_object()) {
        old = match["$replace"];
    } else if (match.is_array() && old.is_array()) {
        old.insert(old.end(), match.begin(), match.end());
    } else {
        old = match;
    }
    if (old.is_null()) {
        target.erase("match");
    }
}

std::vector<std::string> tokens_of(const std::string& pointer) {
    std::vector<std::string> tokens;
    for (Json::json_pointer rest(pointer); !rest.empty(); rest.pop_back()) {
        tokens.insert(tokens.begin(), rest.back());
    }
    return tokens;
}

std::optional<std::size_t> index_of(const std::string& token, std::size_t size) {
    const bool digits = !token.empty() && token.size() <= 5 &&
                        std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
    const std::size_t index = digits ? std::stoul(token) : size;
    return index < size ? std::optional(index) : std::nullopt;
}

/// One step of a locked pointer: in arrays the id, or else the index.
template <typename Value>
Value* step(Value& value, const std::string& token) {
    if (value.is_object()) {
        const auto found = value.find(token);
        return found == value.end() ? nullptr : &*found;
    }
    if (!value.is_array()) {
        return nullptr;
    }
    if (const auto found = find_id(value, Json(token)); found != value.end()) {
        return &*found;
    }
    const auto index = index_of(token, value.size());
    return index ? &value[*index] : nullptr;
}

template <typename Value>
Value* walk(Value& value, const std::vector<std::string>& tokens) {
    Value* place = &value;
    for (const std::string& token : tokens) {
        place = place == nullptr ? nullptr : step(*place, token);
    }
    return place;
}

void remove(Json& parent, const std::string& token) {
    if (parent.is_object()) {
        parent.erase(token);
    } else if (const auto found = find_id(parent, Json(token)); found != parent.end()) {
        parent.erase(found);
    } else if (const auto index = index_of(token, parent.size())) {
        parent.erase(*index);
    }
}

/// Puts back what |authority| has where |tokens| lead; objects and elements that are missing on the way are
/// made.
void put_back(Json& profile, const Json& authority, const std::vector<std::string>& tokens) {
    Json* place = &profile;
    const Json* original = &authority;
    for (const std::string& token : tokens) {
        const Json& parent = *original;
        original = step(parent, token);
        Json* next = place->type() == parent.type() ? step(*place, token) : nullptr;
        if (next == nullptr && place->is_object() && parent.is_object()) {
            next = &(*place)[token];
        } else if (next == nullptr && place->is_array() && original->is_object() &&
                   original->contains("id")) {
            place->push_back(*original);
            return;
        } else if (next == nullptr) {
            *place = parent;
            return;
        }
        place = next;
    }
    *place = *original;
}

}  // namespace

void merge(Json& target, const Json& change, ProblemList& problems) {
    static constexpr std::array<std::string_view, 6> own{"$schema", "schemaVersion", "id",
                                                         "patch",   "extends",       "match"};
    Merger(problems).object(target, change, {}, own);
    if (is_newer(change)) {
        target["schemaVersion"] = change["schemaVersion"];
    }
    if (change.contains("match")) {
        merge_match(target, change["match"]);
    }
}

namespace {

/// The entries of "match" have no id: those of the file stand at the end of the merged list, or are the whole
/// list.
std::string match_pointer(const Json& whole, const Json& source, const std::vector<std::string>& names,
                          std::size_t index) {
    const Json& match = source["match"];
    const bool replaces = match.is_object();
    const std::size_t own = replaces ? whole["match"].size() : match.size();
    const std::size_t first = whole["match"].size() - std::min(own, whole["match"].size());
    Json::json_pointer result("/match");
    if (replaces) {
        result /= "$replace";
    }
    result /= index < first ? index : index - first;
    for (std::size_t i = 2; i < names.size(); ++i) {
        result /= names[i];
    }
    return result.to_string();
}

}  // namespace

std::string source_pointer(const Json& whole, const Json& source, const std::string& pointer) {
    const auto names = tokens_of(pointer);
    if (names.size() >= 2 && names[0] == "match" && source.contains("match") && whole["match"].is_array()) {
        if (const auto index = index_of(names[1], whole["match"].size())) {
            return match_pointer(whole, source, names, *index);
        }
    }
    const Json* in_whole = &whole;
    const Json* in_source = &source;
    Json::json_pointer result;
    for (const std::string& token : names) {
        std::string name = token;
        const Json* element = in_whole == nullptr ? nullptr : step(*in_whole, token);
        if (in_whole != nullptr && in_whole->is_array()) {
            const auto index = index_of(token, in_whole->size());
            element = index ? &(*in_whole)[*index] : nullptr;
            const bool by_id = element != nullptr && element->is_object() && element->contains("id");
            if (!by_id || in_source == nullptr || !in_source->is_array()) {
                return pointer;
            }
            const auto found = find_id(*in_source, (*element)["id"]);
            if (found == in_source->end()) {
                return pointer;
            }
            name = std::to_string(found - in_source->begin());
            in_source = &*found;
        } else {
            in_source = in_source == nullptr ? nullptr : step(*in_source, token);
        }
        in_whole = element;
        result /= name;
    }
    return result.to_string();
}

std::vector<std::string> restore_locked(Json& profile, const Json& authority) {
    std::vector<std::string> changed;
    const Json* locked = walk(authority, {"policy", "locked"});
    if (locked == nullptr) {
        return changed;
    }
    auto pointers = locked->get<std::vector<std::string>>();
    pointers.emplace_back("/policy/locked");
    for (const std::string& pointer : pointers) {
        const auto tokens = tokens_of(pointer);
        const Json* original = walk(authority, tokens);
        const Json* now = walk(std::as_const(profile), tokens);
        if ((original == nullptr) == (now == nullptr) && (now == nullptr || *now == *original)) {
            continue;
        }
        changed.push_back(pointer);
        if (original != nullptr) {
            put_back(profile, authority, tokens);
        } else if (Json* parent = walk(profile, {tokens.begin(), tokens.end() - 1})) {
            remove(*parent, tokens.back());
        }
    }
    return changed;
}

}  // namespace jeton::card
