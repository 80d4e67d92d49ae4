#include "util/tlv.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "util/secret.hpp"

namespace jeton {
namespace {

/// Reads |hex| to its end and gives "tag=value" for each object, then "!" when the reader failed.
std::string summary(const std::string& hex) {
    const Bytes data = from_hex(hex).value();
    TlvReader reader(data);
    std::string out;
    while (const auto object = reader.next()) {
        out += fmt::format("{:X}={} ", object->tag, to_hex(object->value));
    }
    EXPECT_FALSE(reader.next().has_value());
    return out + (reader.failed() ? "!" : "");
}

struct ReadRow {
    const char* hex;
    const char* objects;
};

TEST(TlvReader, ReadsObjectsAndStopsAtMalformedBytes) {
    const ReadRow rows[] = {
        {"", ""},
        {"8000", "80= "},
        {"8001AA 8102BBCC", "80=AA 81=BBCC "},
        // Tags of two, three and four bytes; one that would need a fifth.
        {"5F2001AA", "5F20=AA "},
        {"5FC10501AA", "5FC105=AA "},
        {"5FC1850201AA", "5FC18502=AA "},
        {"5FC185820201AA", "!"},
        {"5F", "!"},
        {"5FC1", "!"},
        // Padding between objects, before and after.
        {"0000FF 8001AA 00FF 8101BB 0000", "80=AA 81=BB "},
        {"00", ""},
        // Lengths of each form; longer than needed is accepted.
        {"80 81 01 AA", "80=AA "},
        {"80 82 0001 AA", "80=AA "},
        {"80 83 000001 AA", "80=AA "},
        {"80 84 00000001 AA", "80=AA "},
        {"80 85 0000000001 AA", "!"},
        {"80 80 AA 0000", "!"},
        {"80 FF", "!"},
        // Cut short: no length, half a length, half a value.
        {"80", "!"},
        {"80 82 00", "!"},
        {"80 02 AA", "!"},
        {"80 84 FFFFFFFF AA", "!"},
        {"8001AA 8105BB", "80=AA !"},
    };
    for (const ReadRow& row : rows) {
        EXPECT_EQ(summary(row.hex), row.objects) << row.hex;
    }
}

struct FindRow {
    const char* hex;
    std::uint32_t tag;
    const char* top_level;  ///< hex of the value; nullptr: not found
    const char* anywhere;
};

std::optional<std::string> as_hex(std::optional<View> value) {
    return value ? std::optional(to_hex(*value)) : std::nullopt;
}

std::optional<std::string> as_optional(const char* text) {
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

TEST(FindTlv, LooksAtOneLevelOrAtAll) {
    const FindRow rows[] = {
        {"8001AA 8101BB", 0x81, "BB", "BB"},
        {"7C03 8001AA 8101BB", 0x80, nullptr, "AA"},
        {"8001AA 8001BB", 0x80, "AA", "AA"},
        {"8003 8101BB", 0x81, nullptr, nullptr},  // the content of a primitive object is not looked into
        {"7F4905 5F2002AABB", 0x5F20, nullptr, "AABB"},
        {"8001AA 81", 0x80, "AA", "AA"},
        {"81", 0x80, nullptr, nullptr},
        {"", 0x80, nullptr, nullptr},
    };
    for (const FindRow& row : rows) {
        const Bytes data = from_hex(row.hex).value();
        EXPECT_EQ(as_hex(find_tlv(data, row.tag)), as_optional(row.top_level)) << row.hex;
        EXPECT_EQ(as_hex(find_tlv_anywhere(data, row.tag)), as_optional(row.anywhere)) << row.hex;
    }
}

TEST(FindTlv, FollowsAPath) {
    const Bytes data = from_hex("7C07 A105 8203 010203").value();
    EXPECT_EQ(as_hex(find_tlv_path(data, {0x7C, 0xA1, 0x82})), "010203");
    EXPECT_EQ(as_hex(find_tlv_path(data, {0x7C, 0x82})), std::nullopt);
    EXPECT_EQ(as_hex(find_tlv_path(data, {})), to_hex(data));
}

TEST(FindTlv, GivesUpBelowEightLevels) {
    const auto nested = [](int levels) {
        Bytes data = from_hex("8001AA").value();
        for (int level = 0; level < levels; ++level) {
            data = TlvWriter().put(0x30, data).take();
        }
        return data;
    };
    const Bytes reachable = nested(8);
    const Bytes too_deep = nested(9);
    EXPECT_EQ(as_hex(find_tlv_anywhere(reachable, 0x80)), "AA");
    EXPECT_EQ(as_hex(find_tlv_anywhere(too_deep, 0x80)), std::nullopt);
}

TEST(TlvWriter, WritesTagsAndTheShortestLengths) {
    const std::pair<std::size_t, const char*> rows[] = {
        {0, "8000"},      {1, "8001"},         {0x7F, "807F"},       {0x80, "808180"},
        {0xFF, "8081FF"}, {0x100, "80820100"}, {0xFFFF, "8082FFFF"}, {0x10000, "8083010000"},
    };
    for (const auto& [length, header] : rows) {
        const Bytes written = TlvWriter().put(0x80, Bytes(length, 0x00)).take();
        const std::size_t header_length = written.size() - length;
        EXPECT_EQ(to_hex(View(written).first(header_length)), header);
    }
    const Bytes tags = TlvWriter().put(0x80, {}).put(0x7F49, {}).put(0x5FC105, {}).put(0x5FC18502, {}).take();
    EXPECT_EQ(to_hex(tags), "80007F49005FC105005FC1850200");
}

TEST(TlvWriter, NestsAndTakesRawBytes) {
    BasicTlvWriter<SecretBytes> writer;
    writer.nest(0x7C, [](auto& inner) { inner.put(0x81, Bytes{0x01}).raw(Bytes{0x82, 0x00}); })
        .raw(Bytes{0xFE, 0x00});
    const SecretBytes written = writer.take();
    EXPECT_EQ(to_hex(written), "7C058101018200FE00");
}

TEST(TlvWriter, WhatItWritesTheReaderReads) {
    for (const std::uint32_t tag : {0x02U, 0x80U, 0x5F20U, 0x7F49U, 0x5FC105U, 0x5FC18502U}) {
        for (const std::size_t length : {0U, 1U, 127U, 128U, 255U, 256U, 70000U}) {
            const Bytes value(length, 0xA5);
            const Bytes written = TlvWriter().put(tag, value).take();
            const auto found = find_tlv(written, tag);
            ASSERT_TRUE(found.has_value()) << tag << " " << length;
            EXPECT_TRUE(equal(*found, value)) << tag << " " << length;
        }
    }
}

}  // namespace
}  // namespace jeton
