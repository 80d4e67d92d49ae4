// Vector files: records of "name = value" lines with an empty line between them; # starts a comment line.
#pragma once

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::test {

class Record {
  public:
    void set(std::string name, std::string value) {
        m_fields.insert_or_assign(std::move(name), std::move(value));
    }
    bool empty() const { return m_fields.empty(); }
    bool has(const std::string& name) const { return m_fields.contains(name); }

    /// text throws std::out_of_range, and so fails the test, when there is no such field.
    const std::string& text(const std::string& name) const { return m_fields.at(name); }
    Bytes bytes(const std::string& name) const { return from_hex(text(name)).value(); }

  private:
    std::map<std::string, std::string> m_fields;
};

/// read_vectors reads |file| of tests/crypto/vectors; a missing or empty one fails the test.
inline std::vector<Record> read_vectors(const std::string& file) {
    std::ifstream stream(std::string(JETON_VECTORS) + "/" + file);
    std::vector<Record> records(1);
    for (std::string line; std::getline(stream, line);) {
        const std::size_t sign = line.find(" =");
        if (line.empty() && !records.back().empty()) {
            records.emplace_back();
        } else if (sign != std::string::npos && line.front() != '#') {
            records.back().set(line.substr(0, sign), line.size() > sign + 3 ? line.substr(sign + 3) : "");
        }
    }
    if (records.back().empty()) {
        records.pop_back();
    }
    EXPECT_FALSE(records.empty()) << file;
    return records;
}

}  // namespace jeton::test
