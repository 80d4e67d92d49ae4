# Writes ${OUTPUT}, a C++ file that holds the names and numbers of the return values in the PKCS#11 header ${HEADER}.
file(STRINGS "${HEADER}" lines REGEX "^#define CKR_[A-Z0-9_]+ 0x[0-9A-Fa-f]+UL")
set(rows "")
set(number 0)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^#define (CKR_[A-Z0-9_]+) (0x[0-9A-Fa-f]+)" found "${line}")
  set(name ${CMAKE_MATCH_1})
  set(value ${CMAKE_MATCH_2})
  if(NOT value MATCHES "^0x0+$" AND NOT name MATCHES "VENDOR")
    string(APPEND rows "    {\"${name}\", ${value}U},\n")
    math(EXPR number "${number} + 1")
  endif()
endforeach()
if(number LESS 90)
  message(FATAL_ERROR "embed_return_values.cmake: ${number} return values in ${HEADER}")
endif()
file(WRITE "${OUTPUT}" "// Made by embed_return_values.cmake.
#include \"card/return_values.hpp\"

#include <algorithm>
#include <array>

namespace jeton::card {

namespace {

struct Row {
    std::string_view name;
    std::uint32_t value;
};

constexpr std::array<Row, ${number}> rows{{
${rows}}};

}  // namespace

std::optional<std::uint32_t> return_value(std::string_view name) {
    const auto* const row = std::find_if(rows.begin(), rows.end(), [name](const Row& known) { return known.name == name; });
    return row == rows.end() ? std::nullopt : std::optional(row->value);
}

}  // namespace jeton::card
")
