#include "reader/vpcd_endpoint.hpp"

#include <gtest/gtest.h>
#include <string>

namespace jeton::reader {

namespace {

struct Row {
    const char* text;
    const char* host;  ///< nullptr: no place
    std::uint16_t port;
    const char* back;
};

constexpr Row rows[] = {
    {"localhost", "localhost", 35963, "localhost:35963"},
    {"localhost:1", "localhost", 1, "localhost:1"},
    {"192.0.2.1:65535", "192.0.2.1", 65535, "192.0.2.1:65535"},
    {"::1", "::1", 35963, "[::1]:35963"},
    {"[::1]", "::1", 35963, "[::1]:35963"},
    {"[2001:db8::7]:80", "2001:db8::7", 80, "[2001:db8::7]:80"},
    {"[fe80::1%eth0]:80", "fe80::1%eth0", 80, "[fe80::1%eth0]:80"},
    {"", nullptr, 0, ""},
    {":35963", nullptr, 0, ""},
    {"localhost:", nullptr, 0, ""},
    {"localhost:0", nullptr, 0, ""},
    {"localhost:65536", nullptr, 0, ""},
    {"localhost:-1", nullptr, 0, ""},
    {"localhost:+1", nullptr, 0, ""},
    {"localhost: 1", nullptr, 0, ""},
    {"localhost:1x", nullptr, 0, ""},
    {"[::1", nullptr, 0, ""},
    {"[]", nullptr, 0, ""},
    {"[::1]x", nullptr, 0, ""},
    {"[::1]x80", nullptr, 0, ""},
    {"[::1]:", nullptr, 0, ""},
    {"a]b", nullptr, 0, ""},
    {"two words", nullptr, 0, ""},
    {"line\n", nullptr, 0, ""},
};

TEST(Endpoint, IsReadInEveryFormAndNothingElse) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const auto endpoint = parse_endpoint(row.text, 35963);
        ASSERT_EQ(endpoint.has_value(), row.host != nullptr);
        if (endpoint) {
            EXPECT_EQ(endpoint->host, row.host);
            EXPECT_EQ(endpoint->port, row.port);
            EXPECT_EQ(endpoint->text(), row.back);
        }
    }
}

TEST(Endpoint, HasAHostOfAtMost255Characters) {
    EXPECT_TRUE(parse_endpoint(std::string(255, 'a') + ":1", 1));
    EXPECT_FALSE(parse_endpoint(std::string(256, 'a') + ":1", 1));
}

}  // namespace

}  // namespace jeton::reader
