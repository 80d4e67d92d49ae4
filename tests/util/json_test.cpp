#include "util/json.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace jeton {
namespace {

struct AcceptRow {
    const char* text;
    Json value;
};

TEST(ParseJson, ReadsEveryKindOfValue) {
    const AcceptRow rows[] = {
        {"null", nullptr},
        {"true", true},
        {" -7 ", -7},
        {"18446744073709551615", 18446744073709551615U},
        {"1.5", 1.5},
        {R"("\u00e9\n")", "\u00e9\n"},
        {"[]", Json::array()},
        {"{}", Json::object()},
        {R"({"a": [1, {"b": null}], "c": {}})", Json{{"a", {1, {{"b", nullptr}}}}, {"c", Json::object()}}},
        {R"([{"a": 1}, {"a": 2}])", Json::array({{{"a", 1}}, {{"a", 2}}})},
    };
    for (const AcceptRow& row : rows) {
        const auto result = parse_json(view_of(row.text));
        ASSERT_TRUE(std::holds_alternative<Json>(result))
            << row.text << ": " << std::get<JsonError>(result).found;
        EXPECT_EQ(std::get<Json>(result), row.value) << row.text;
    }
}

struct RefuseRow {
    std::string text;
    const char* pointer;
    const char* expected;
    const char* found;  ///< a part of what is said
};

TEST(ParseJson, SaysWhereADocumentIsWrong) {
    const RefuseRow rows[] = {
        {"", "", "JSON", "byte"},
        {"{", "", "JSON", "byte"},
        {"[1,]", "/1", "JSON", "byte"},
        {"[1] 2", "", "JSON", "byte"},
        {"// comment\n1", "", "JSON", "byte"},
        {"'a'", "", "JSON", "byte"},
        {"\"\xFF\"", "", "JSON", "UTF-8"},
        {R"({"a": 1, "a": 2})", "/a", "an object with unique keys", "key \"a\" twice"},
        {R"({"x": [0, {"b": 1, "b": 1}]})", "/x/1/b", "an object with unique keys", "key \"b\" twice"},
        {R"({"a": {"q": 1}, "b": 2, "a": 3})", "/b", "an object with unique keys", "key \"a\" twice"},
        {R"({"a/b~": tru})", "/a~1b~0", "JSON", "byte"},
    };
    for (const RefuseRow& row : rows) {
        const auto result = parse_json(view_of(row.text));
        ASSERT_TRUE(std::holds_alternative<JsonError>(result)) << row.text;
        const JsonError& error = std::get<JsonError>(result);
        EXPECT_EQ(error.pointer, row.pointer) << row.text;
        EXPECT_EQ(error.expected, row.expected) << row.text;
        EXPECT_NE(error.found.find(row.found), std::string::npos) << row.text << ": " << error.found;
    }
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

std::string array_of(std::size_t elements) {
    std::string text = "[0";
    for (std::size_t i = 1; i < elements; ++i) {
        text += ",0";
    }
    return text + "]";
}

std::string object_of(std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i) {
        text += fmt::format("{}\"{}\":0", i == 0 ? "" : ",", i);
    }
    return text + "}";
}

std::string quoted(std::size_t length) {
    return '"' + std::string(length, 'x') + '"';
}

struct LimitRow {
    const char* what;
    std::string fits;
    std::string beyond;
    JsonLimits limits;
};

TEST(ParseJson, HoldsItsLimitsToTheByte) {
    const LimitRow rows[] = {
        {"levels", nested(16), nested(17), JsonLimits::strict},
        {"levels", nested(16), nested(100000), JsonLimits::large},
        {"string", quoted(4096), quoted(4097), JsonLimits::strict},
        {"string", quoted(65536), quoted(65537), JsonLimits::large},
        {"array", array_of(512), array_of(513), JsonLimits::strict},
        {"object", object_of(512), object_of(513), JsonLimits::strict},
        {"document", std::string((1 << 20) - 1, ' ') + "1", std::string(1 << 20, ' ') + "1",
         JsonLimits::strict},
    };
    for (const LimitRow& row : rows) {
        EXPECT_TRUE(std::holds_alternative<Json>(parse_json(view_of(row.fits), row.limits))) << row.what;
        EXPECT_TRUE(std::holds_alternative<JsonError>(parse_json(view_of(row.beyond), row.limits)))
            << row.what;
    }
    EXPECT_TRUE(std::holds_alternative<Json>(parse_json(view_of(array_of(100000)), JsonLimits::large)));
}

TEST(ParseJson, LimitsSayThemselves) {
    const auto result = parse_json(view_of(R"({"a": [)" + std::string(5000, ' ') + quoted(4097) + "]}"));
    const JsonError& error = std::get<JsonError>(result);
    EXPECT_EQ(error.pointer, "/a/0");
    EXPECT_EQ(error.expected, "a string of at most 4096 bytes");
    EXPECT_EQ(error.found, "4097 bytes");
}

}  // namespace
}  // namespace jeton
