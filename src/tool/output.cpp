#include "tool/output.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

namespace jeton::tool {

namespace {

std::string cell(const Json& row, const std::string& member) {
    const auto found = row.find(member);
    if (found == row.end() || found->is_null()) {
        return "-";
    }
    return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

void print_table(const Json& rows, const std::vector<Column>& columns) {
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : columns) {
        lines.front().push_back(column.heading);
    }
    for (const Json& row : rows) {
        auto& line = lines.emplace_back();
        for (const Column& column : columns) {
            line.push_back(cell(row, column.member));
        }
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], line[i].size());
        }
    }
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += i + 1 == line.size() ? line[i] : fmt::format("{:<{}}  ", line[i], widths[i]);
        }
        print_line(text);
    }
}

}  // namespace

void print_rows(const Json& rows, const std::vector<Column>& columns, bool as_json) {
    if (as_json) {
        print_json(rows);
    } else {
        print_table(rows, columns);
    }
}

void print_json(const Json& document) {
    print_line(document.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_line(const std::string& line) {
    fmt::print(stdout, "{}\n", line);
}

void print_note(const std::string& line) {
    fmt::print(stderr, "{}\n", line);
}

std::string printable(const std::string& text) {
    std::string out = text;
    std::ranges::replace_if(
        out, [](char character) { return static_cast<unsigned char>(character) < 0x20 || character == 0x7F; },
        '?');
    return out;
}

}  // namespace jeton::tool
