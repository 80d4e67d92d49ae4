// The return values of PKCS#11 by their names, for "status" in profiles. Made from the header by
// embed_return_values.cmake.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace jeton::card {

/// return_value gives the number of a failure; nullopt for any other name, and for the name of success.
std::optional<std::uint32_t> return_value(std::string_view name);

}  // namespace jeton::card
