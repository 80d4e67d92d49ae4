// What verbs print: tables for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "util/json.hpp"

namespace jeton::tool {

/// Column is one column of a table: its heading, and the member of each row's JSON object that it shows.
struct Column {
    std::string heading;
    std::string member;
};

/// print_rows prints |rows|, an array of flat objects: as JSON text, or as a table of |columns|. An absent or
/// null member is shown as "-".
void print_rows(const Json& rows, const std::vector<Column>& columns, bool as_json);

/// print_json prints one document, indented.
void print_json(const Json& document);

/// print_line prints one sentence on standard output.
void print_line(const std::string& line);

/// print_note prints one sentence on standard error.
void print_note(const std::string& line);

/// printable is |text| with everything that could steer a terminal replaced: names come from cards and files.
std::string printable(const std::string& text);

}  // namespace jeton::tool
