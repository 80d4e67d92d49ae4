// From a checked JSON document to a Profile.
#pragma once

#include "card/profile.hpp"
#include "util/json.hpp"

namespace jeton::card {

/// read_profile takes a document that passed check_whole.
Profile read_profile(const Json& json);

/// read_match takes one entry of "match" whose form was checked.
MatchRule read_match(const Json& json);

/// read_status takes one entry of "status" whose form was checked.
StatusRule read_status(const Json& json);

}  // namespace jeton::card
