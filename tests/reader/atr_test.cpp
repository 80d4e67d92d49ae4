#include "reader/atr.hpp"

#include <gtest/gtest.h>
#include <ostream>

namespace jeton::reader {

namespace {

struct Vector {
    const char* name;
    const char* bytes;
    std::uint16_t protocols;
    Byte default_protocol;
    Byte fi_di;
    Byte guard_time;
    Byte waiting_integer;
    Byte ifsc;
    Byte bwi;
    Byte cwi;
    std::size_t historical;
    Atr::Check check;
};

std::ostream& operator<<(std::ostream& out, const Vector& vector) {
    return out << vector.name;
}

constexpr auto none = Atr::Check::none;
constexpr auto valid = Atr::Check::valid;
constexpr auto wrong = Atr::Check::wrong;
constexpr auto missing = Atr::Check::missing;

const Vector vectors[] = {
    {"contactless", "3B8F8001804F0CA000000306030001000000006A", 3, 0, 0x11, 0, 10, 32, 4, 13, 15, valid},
    {"voltage classes", "3BDA18FF81B1FE751F030031C573C001400090000C", 2, 1, 0x18, 0xFF, 10, 0xFE, 7, 5, 10,
     valid},
    {"token with a name", "3BF81300008131FE15597562696B657934D4", 2, 1, 0x13, 0, 10, 0xFE, 1, 5, 8, valid},
    {"long historical bytes", "3BFE1800008131FE458031815448534D31738021408107FA", 2, 1, 0x18, 0, 10, 0xFE, 4,
     5, 14, valid},
    {"T=0 alone", "3B6E000080318066B08412016E0183009000", 1, 0, 0x11, 0, 10, 32, 4, 13, 14, none},
    {"short BWI", "3BFA1300FF813180450031C173C00100009000B1", 2, 1, 0x13, 0xFF, 10, 0x80, 4, 5, 10, valid},
    {"WI for T=0 beside T=1", "3BF29800FFC11031FE55C80412", 2, 1, 0x98, 0xFF, 0x10, 0xFE, 5, 5, 2, valid},
    {"shortest", "3B00", 1, 0, 0x11, 0, 10, 32, 4, 13, 0, none},
    {"wrong TCK", "3B80800102", 3, 0, 0x11, 0, 10, 32, 4, 13, 0, wrong},
    {"missing TCK", "3B808001", 3, 0, 0x11, 0, 10, 32, 4, 13, 0, missing},
    {"TD that says T=0 needs no TCK", "3B8000", 1, 0, 0x11, 0, 10, 32, 4, 13, 0, none},
    {"IFSC 255 means 254", "3B808111FF6F", 2, 1, 0x11, 0, 10, 254, 4, 13, 0, wrong},
    {"IFSC 0 is ignored", "3B80811100", 2, 1, 0x11, 0, 10, 32, 4, 13, 0, missing},
    {"the second TA for T=1 is ignored", "3B808191401130", 2, 1, 0x11, 0, 10, 64, 4, 13, 0, missing},
    {"T=15 first", "3B801F03", 1, 0, 0x11, 0, 10, 32, 4, 13, 0, missing},
    {"T=14 first", "3B800E8E", 1 << 14, 14, 0x11, 0, 10, 32, 4, 13, 0, valid},
};

class AtrVectors : public ::testing::TestWithParam<Vector> {};

TEST_P(AtrVectors, ReadsAsTheCardMeansIt) {
    const Vector& vector = GetParam();
    const Bytes bytes = from_hex(vector.bytes).value();
    const auto atr = parse_atr(bytes);
    ASSERT_TRUE(atr.has_value());
    EXPECT_EQ(atr->protocols, vector.protocols);
    EXPECT_EQ(atr->default_protocol, vector.default_protocol);
    EXPECT_EQ(atr->fi_di, vector.fi_di);
    EXPECT_EQ(atr->guard_time, vector.guard_time);
    EXPECT_EQ(atr->waiting_integer, vector.waiting_integer);
    EXPECT_EQ(atr->ifsc, vector.ifsc);
    EXPECT_EQ(atr->bwi, vector.bwi);
    EXPECT_EQ(atr->cwi, vector.cwi);
    EXPECT_EQ(atr->historical.size(), vector.historical);
    EXPECT_EQ(atr->check, vector.check);
    EXPECT_FALSE(atr->crc);
    EXPECT_EQ(atr->convention, Atr::Convention::direct);
}

INSTANTIATE_TEST_SUITE_P(Atr, AtrVectors, ::testing::ValuesIn(vectors));

TEST(Atr, GivesTheHistoricalBytes) {
    const Bytes bytes = from_hex("3BF81300008131FE15597562696B657934D4").value();
    EXPECT_EQ(to_text(parse_atr(bytes)->historical), "Yubikey4");
}

TEST(Atr, ReadsInverseConventionSpecificModeCrcAndVoltageClass) {
    const auto inverse = parse_atr(from_hex("3F00").value());
    ASSERT_TRUE(inverse.has_value());
    EXPECT_EQ(inverse->convention, Atr::Convention::inverse);

    const auto specific =
        parse_atr(from_hex("3B80909181").value());  // TD1 90: TA2 = 91, TD2 = 81 ... cut short
    EXPECT_FALSE(specific.has_value());

    const Bytes bytes = from_hex("3B80908100").value();  // TD1 = 90 (T=0), TA2 = 81, TD2 = 00
    const auto atr = parse_atr(bytes);
    ASSERT_TRUE(atr.has_value());
    EXPECT_EQ(atr->ta2, Byte{0x81});
    EXPECT_EQ(atr->specific_protocol(), Byte{1});

    const auto crc = parse_atr(from_hex("3B8081410190").value());  // TC3 = 01
    ASSERT_TRUE(crc.has_value());
    EXPECT_TRUE(crc->crc);

    const auto classes = parse_atr(from_hex("3BDA18FF81B1FE751F030031C573C001400090000C").value());
    EXPECT_EQ(classes->ta15, Byte{0x03});
    EXPECT_FALSE(classes->specific_protocol().has_value());
}

TEST(Atr, RefusesWhatIsCutShortAtAnyByte) {
    const Bytes whole = from_hex("3BF81300008131FE15597562696B657934D4").value();
    for (std::size_t length = 0; length < whole.size() - 1; ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_FALSE(parse_atr(part).has_value()) << length;
    }
}

TEST(Atr, RefusesTrailingBytesTooManyBytesAndUnknownTs) {
    EXPECT_FALSE(parse_atr(from_hex("3B0000").value()).has_value());
    EXPECT_FALSE(parse_atr(from_hex("3B8080010100").value()).has_value());
    EXPECT_FALSE(parse_atr(from_hex("3C00").value()).has_value());
    EXPECT_FALSE(parse_atr(Bytes(34, 0x3B)).has_value());
    EXPECT_FALSE(parse_atr(Bytes(33, 0xFF)).has_value());
}

TEST(Atr, KnowsTheClockAndBaudFactors) {
    EXPECT_EQ(clock_factor(0x11), 372U);
    EXPECT_EQ(baud_factor(0x11), 1U);
    EXPECT_EQ(clock_factor(0x97), 512U);
    EXPECT_EQ(baud_factor(0x97), 64U);
    EXPECT_EQ(clock_factor(0x71), std::nullopt);
    EXPECT_EQ(baud_factor(0x1F), std::nullopt);
}

TEST(Atr, OffersOnlyWhatItNames) {
    const auto atr = parse_atr(from_hex("3B8F8001804F0CA000000306030001000000006A").value());
    EXPECT_TRUE(atr->offers(0));
    EXPECT_TRUE(atr->offers(1));
    EXPECT_FALSE(atr->offers(14));
    EXPECT_FALSE(atr->offers(99));
}

}  // namespace

}  // namespace jeton::reader
