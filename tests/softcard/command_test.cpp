#include "softcard/command.hpp"

#include <gtest/gtest.h>

#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

struct Form {
    const char* name;
    const char* apdu;
    std::size_t data_bytes;
    std::size_t expected;
};

constexpr Form forms[] = {
    {"case 1", "00A40400", 0, 256},
    {"case 2 short", "00CB3FFF10", 0, 16},
    {"case 2 short, 256", "00CB3FFF00", 0, 256},
    {"case 3 short", "00CB3FFF02AABB", 2, 256},
    {"case 4 short", "00CB3FFF02AABB05", 2, 5},
    {"case 4 short, 256", "00CB3FFF02AABB00", 2, 256},
    {"case 2 extended", "00CB3FFF000100", 0, 256},
    {"case 2 extended, 65536", "00CB3FFF000000", 0, 65536},
    {"case 3 extended", "00CB3FFF000002AABB", 2, 65536},
    {"case 4 extended", "00CB3FFF000002AABB0010", 2, 16},
    {"case 4 extended, 65536", "00CB3FFF000002AABB0000", 2, 65536},
};

TEST(Command, IsReadInEveryForm) {
    for (const Form& form : forms) {
        SCOPED_TRACE(form.name);
        const auto command = parse_command(hex(form.apdu));
        ASSERT_TRUE(command.has_value());
        EXPECT_EQ(command->data.size(), form.data_bytes);
        EXPECT_EQ(command->expected, form.expected);
        EXPECT_EQ(command->cla, 0x00);
    }
}

TEST(Command, LengthsThatDisagreeAreRefused) {
    for (const char* apdu : {"", "00", "00A4", "00A404", "00A4040003AABB", "00A4040001AABBCC", "00A4040000AA",
                             "00A40400000000AA", "00A40400000002AA", "00A40400000001AABB",
                             "00A40400000001AABBCCDD", "00A404000000000000"}) {
        SCOPED_TRACE(apdu);
        EXPECT_FALSE(parse_command(hex(apdu)).has_value());
    }
}

TEST(Command, LongestExtendedDataAreRead) {
    Bytes apdu = hex("00DB3FFF00FFFF");
    apdu.resize(apdu.size() + 65535);
    const auto command = parse_command(apdu);
    ASSERT_TRUE(command.has_value());
    EXPECT_EQ(command->data.size(), 65535U);
}

}  // namespace
}  // namespace jeton::softcard
