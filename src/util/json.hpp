// JSON from files that people write and that may be hostile: strict, bounded, and read in one place.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "util/bytes.hpp"

namespace jeton {

using Json = nlohmann::json;

/// JsonError says where a document is wrong.
struct JsonError {
    std::string pointer;   ///< RFC 6901, "" for the whole document
    std::string expected;  ///< "an object with unique keys"
    std::string found;     ///< "key \"id\" twice"
};

/// parse_json reads one UTF-8 document of at most 1 MiB: no comments, no key twice in an object, at most 16
/// levels, strings of at most 4096 bytes, arrays of at most 512 elements unless |large| (files that this
/// program wrote: 64 KiB strings, any number of elements).
enum class JsonLimits { strict, large };
std::variant<Json, JsonError> parse_json(View text, JsonLimits limits = JsonLimits::strict);

}  // namespace jeton
