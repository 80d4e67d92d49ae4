#include "reader/descriptor.hpp"

#include <gtest/gtest.h>

#include "reader_under_test.hpp"

namespace jeton::reader {

namespace {

using test::make_descriptor;

/// Read from the firmware of a security key.
constexpr const char* real_descriptor =
    "36211001000702000000a00f0000a00f00000000b0040000b00400003e0500000000000000000000fe00040048050000ffff0000"
    "0001";

TEST(Descriptor, ReadsOneOfTheField) {
    const auto descriptor = parse_class_descriptor(from_hex(real_descriptor).value());
    ASSERT_TRUE(descriptor.has_value());
    EXPECT_EQ(descriptor->version, 0x0110);
    EXPECT_EQ(descriptor->max_slot_index, 0);
    EXPECT_EQ(descriptor->voltages, 7);
    EXPECT_FALSE(descriptor->t0);
    EXPECT_TRUE(descriptor->t1);
    EXPECT_EQ(descriptor->default_clock, 4000U);
    EXPECT_EQ(descriptor->max_clock, 4000U);
    EXPECT_EQ(descriptor->data_rate, 307200U);
    EXPECT_EQ(descriptor->max_data_rate, 307200U);
    EXPECT_EQ(descriptor->max_ifsd, 254U) << "1342 is clamped";
    EXPECT_EQ(descriptor->features, 0x000400FEU);
    EXPECT_EQ(descriptor->max_message, 1352U);
    EXPECT_EQ(descriptor->lcd_layout, 0);
    EXPECT_EQ(descriptor->pin_support, 0);
    EXPECT_EQ(descriptor->max_busy_slots, 1);
    EXPECT_EQ(descriptor->level(), ExchangeLevel::extended_apdu);
    EXPECT_TRUE(descriptor->has(feature::auto_negotiation));
    EXPECT_FALSE(descriptor->has(feature::auto_ifsd));
}

TEST(Descriptor, TellsTheExchangeLevel) {
    const auto level = [](std::uint32_t features) {
        return parse_class_descriptor(make_descriptor({.features = features}))->level();
    };
    EXPECT_EQ(level(0x000404BA), ExchangeLevel::extended_apdu);
    EXPECT_EQ(level(0x00020840), ExchangeLevel::short_apdu);
    EXPECT_EQ(level(0x00010230), ExchangeLevel::tpdu);
    EXPECT_EQ(level(0x00000030), ExchangeLevel::character);
}

TEST(Descriptor, RefusesWrongLengthsAndTypes) {
    const Bytes good = make_descriptor();
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_FALSE(
            parse_class_descriptor(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length))));
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(parse_class_descriptor(longer));
    Bytes wrong_length = good;
    wrong_length[0] = 53;
    EXPECT_FALSE(parse_class_descriptor(wrong_length));
    Bytes wrong_type = good;
    wrong_type[1] = 0x04;
    EXPECT_FALSE(parse_class_descriptor(wrong_type));
    Bytes early_type = good;
    early_type[1] = 0xFF;
    EXPECT_TRUE(parse_class_descriptor(early_type));
}

TEST(Descriptor, TakesSmallMessageSizesAtTheirWordAndBoundsLargeOnes) {
    const auto size = [](std::uint32_t announced) {
        const auto descriptor = parse_class_descriptor(make_descriptor({.max_message = announced}));
        return descriptor ? descriptor->max_message : 0;
    };
    EXPECT_EQ(size(271), 271U);
    EXPECT_EQ(size(64), 64U);
    EXPECT_EQ(size(smallest_message), smallest_message);
    EXPECT_EQ(size(smallest_message - 1), 0U) << "refused";
    EXPECT_EQ(size(0), 0U) << "refused";
    EXPECT_EQ(size(0xFFFFFFFF), largest_message);
}

TEST(Descriptor, MasksReservedProtocolBits) {
    const auto odd = parse_class_descriptor(make_descriptor({.protocols = 0x00020002}));
    EXPECT_FALSE(odd->t0);
    EXPECT_TRUE(odd->t1);
    const auto none = parse_class_descriptor(make_descriptor({.protocols = 0x00000300}));
    EXPECT_TRUE(none->t0);
    EXPECT_TRUE(none->t1);
}

}  // namespace

}  // namespace jeton::reader
