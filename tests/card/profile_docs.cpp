// profile_docs ROOT [--write]: compares profiles/schema.json and the reference in docs/profiles.md with the
// vocabulary, or writes them anew.
#include "card/profile_docs.hpp"

#include <fmt/core.h>
#include <fstream>
#include <optional>

namespace {

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {(std::istreambuf_iterator<char>(file)), {}};
}

constexpr std::string_view begin_mark = "<!-- reference: made by tests/card/profile_docs.cpp -->\n";
constexpr std::string_view end_mark = "<!-- reference: end -->\n";

/// The page with the reference between its marks made anew; nullopt when there are none.
std::optional<std::string> renewed(std::string page) {
    const std::size_t begin = page.find(begin_mark);
    const std::size_t end = page.find(end_mark);
    if (begin == std::string::npos || end == std::string::npos || end < begin) {
        return std::nullopt;
    }
    const std::size_t from = begin + begin_mark.size();
    return page.replace(from, end - from, jeton::card::profile_reference());
}

bool settle(const std::string& path, const std::optional<std::string>& wanted, bool write) {
    if (!wanted) {
        fmt::print("{} has no marks for the reference\n", path);
        return false;
    }
    if (read(path) == *wanted) {
        return true;
    }
    if (write) {
        return static_cast<bool>(std::ofstream(path, std::ios::binary) << *wanted);
    }
    fmt::print("{} is not what the vocabulary says: run profile_docs ROOT --write\n", path);
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print("usage: profile_docs ROOT [--write]\n");
        return 2;
    }
    const std::string root = argv[1];
    const bool write = argc > 2 && std::string_view(argv[2]) == "--write";
    const bool schema =
        settle(root + "/profiles/schema.json", jeton::card::profile_schema().dump(2) + "\n", write);
    const std::string page = root + "/docs/profiles.md";
    return settle(page, renewed(read(page)), write) && schema ? 0 : 1;
}
