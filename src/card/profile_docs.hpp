// The vocabulary of profiles in two more forms: a JSON Schema for editors and validators, and a reference for
// people.
#pragma once

#include <string>

#include "util/json.hpp"

namespace jeton::card {

/// profile_schema is the JSON Schema (draft 2020-12) of profile files. It accepts whatever check_file
/// accepts; what it cannot say is whether the parts of a profile fit each other.
Json profile_schema();

/// profile_reference is the vocabulary as tables in Markdown.
std::string profile_reference();

}  // namespace jeton::card
