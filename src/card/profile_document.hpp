// ProfileDocument: the JSON that a profile was read from, for its variants and for people who want to see it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "util/json.hpp"

namespace jeton::card {

struct ProfileDocument {
    std::shared_ptr<const Json> whole;  ///< merged, without what a patch deletes
    /// sha256 is the digest of the merged document, its keys in order and without blanks, in hex.
    std::string sha256() const;

    std::vector<std::string> layers;        ///< the files that it came from, in the order of their effect
    std::shared_ptr<const Json> authority;  ///< where the user's files took part: the system's view, whose
                                            ///< policy.locked holds against variants too
};

}  // namespace jeton::card
