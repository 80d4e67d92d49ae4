#include "util/bytes.hpp"

#include <gtest/gtest.h>

namespace jeton {
namespace {

struct HexRow {
    std::string_view text;
    std::optional<Bytes> bytes;
};

TEST(Bytes, FromHexTakesPairsOfDigitsAndRefusesTheRest) {
    const HexRow rows[] = {
        {"", Bytes{}},
        {"00", Bytes{0x00}},
        {"a0FF", Bytes{0xA0, 0xFF}},
        {"A0 00 00 03 08", Bytes{0xA0, 0x00, 0x00, 0x03, 0x08}},
        {"  01  02 ", Bytes{0x01, 0x02}},
        {"0", std::nullopt},
        {"012", std::nullopt},
        {"0 1", std::nullopt},
        {"0g", std::nullopt},
        {"g0", std::nullopt},
        {"01\n02", std::nullopt},
        {"0x01", std::nullopt},
        {std::string_view("0\0", 2), std::nullopt},
    };
    for (const HexRow& row : rows) {
        EXPECT_EQ(from_hex(row.text), row.bytes) << "text: " << row.text;
    }
}

TEST(Bytes, ToHexIsReadBackByFromHex) {
    Bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = static_cast<Byte>(i);
    }
    const std::string text = to_hex(all);
    EXPECT_EQ(text.substr(0, 8), "00010203");
    EXPECT_EQ(text.substr(504), "FCFDFEFF");
    EXPECT_EQ(from_hex(text), all);
}

TEST(Bytes, TextAndBytesConvertBothWays) {
    const std::string text("a\0\xFF", 3);
    EXPECT_EQ(to_bytes(view_of(text)), (Bytes{'a', 0x00, 0xFF}));
    EXPECT_EQ(to_text(view_of(text)), text);
    EXPECT_TRUE(view_of("").empty());
}

struct NumberRow {
    Bytes bytes;
    std::uint64_t big_endian;
    std::uint64_t little_endian;
};

TEST(Bytes, LoadReadsNumbersOfEitherOrder) {
    const NumberRow rows[] = {
        {{}, 0, 0},
        {{0x12}, 0x12, 0x12},
        {{0x01, 0x02}, 0x0102, 0x0201},
        {{1, 2, 3, 4, 5, 6, 7, 8}, 0x0102030405060708, 0x0807060504030201},
        {{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0x0203040506070809, 0x0807060504030201},
    };
    for (const NumberRow& row : rows) {
        EXPECT_EQ(load_be(row.bytes), row.big_endian) << to_hex(row.bytes);
        EXPECT_EQ(load_le(row.bytes), row.little_endian) << to_hex(row.bytes);
    }
}

TEST(Bytes, StoreLittleEndianFillsTheWholeSpan) {
    Bytes four(4, 0xEE);
    store_le(four, 0x0102030405060708);
    EXPECT_EQ(four, (Bytes{0x08, 0x07, 0x06, 0x05}));
    Bytes ten(10, 0xEE);
    store_le(ten, 0x0102);
    EXPECT_EQ(ten, (Bytes{0x02, 0x01, 0, 0, 0, 0, 0, 0, 0, 0}));
}

struct CompareRow {
    Bytes a;
    Bytes b;
    bool same;
};

TEST(Bytes, BothComparisonsLookAtLengthAndContent) {
    const CompareRow rows[] = {
        {{}, {}, true},       {{1, 2}, {1, 2}, true}, {{1, 2}, {1, 3}, false},
        {{1, 2}, {1}, false}, {{}, {0}, false},       {{0x80}, {0x00}, false},
    };
    for (const CompareRow& row : rows) {
        EXPECT_EQ(equal(row.a, row.b), row.same) << to_hex(row.a) << " and " << to_hex(row.b);
        EXPECT_EQ(equal_secret(row.a, row.b), row.same) << to_hex(row.a) << " and " << to_hex(row.b);
    }
}

TEST(Bytes, LeadingZerosGoAndComeBack) {
    const Bytes number{0x00, 0x00, 0x01, 0x00};
    EXPECT_EQ(to_bytes(without_leading_zeros(number)), (Bytes{0x01, 0x00}));
    EXPECT_TRUE(without_leading_zeros(Bytes{0, 0}).empty());
    EXPECT_EQ(left_padded(number, 2), (Bytes{0x01, 0x00}));
    EXPECT_EQ(left_padded(number, 5), (Bytes{0, 0, 0, 0x01, 0x00}));
    EXPECT_EQ(left_padded(number, 1), std::nullopt);
    EXPECT_EQ(left_padded({}, 0), Bytes{});
}

}  // namespace
}  // namespace jeton
