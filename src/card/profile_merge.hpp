// How one profile file changes another: "extends" and "patch".
#pragma once

#include "card/profile_checker.hpp"

namespace jeton::card {

/// merge changes |target| as |change| says: objects merge, null deletes, arrays of objects with an "id" merge
/// by it
/// ($delete removes), "match" appends unless it says $replace, everything else replaces. What cannot be done
/// ($delete of an id that is not there) goes to |problems|.
void merge(Json& target, const Json& change, ProblemList& problems);

/// source_pointer turns a pointer into the merged |whole| to one into the file |source|, where elements that
/// have an "id" stand in another order. What the file does not hold keeps its pointer into |whole|.
std::string source_pointer(const Json& whole, const Json& source, const std::string& pointer);

/// restore_locked gives every place that policy.locked of |authority| names, and policy.locked, the value
/// that it has there. The pointers of what had been changed are returned.
std::vector<std::string> restore_locked(Json& profile, const Json& authority);

}  // namespace jeton::card
