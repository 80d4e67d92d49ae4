// The table of quirks: sorted, without overlaps, and found by vendor, product and release.
#include "reader/quirks.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <tuple>

namespace jeton::reader {

namespace {

TEST(Quirks, RowsAreSortedAndDoNotOverlap) {
    const auto rows = quirk_rows();
    ASSERT_GT(rows.size(), 50U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const QuirkRow& row = rows[i];
        EXPECT_LE(row.first_release, row.last_release) << i;
        EXPECT_EQ(&quirks_of(row.vendor, row.product, row.first_release), &row.quirks) << i;
        EXPECT_EQ(&quirks_of(row.vendor, row.product, row.last_release), &row.quirks) << i;
        if (i > 0) {
            const QuirkRow& last = rows[i - 1];
            EXPECT_LT(std::tie(last.vendor, last.product, last.last_release),
                      std::tie(row.vendor, row.product, row.first_release))
                << i;
        }
    }
}

TEST(Quirks, OthersHaveNone) {
    for (const auto& quirks :
         {quirks_of(0, 0, 0), quirks_of(0x1209, 1, 0x100), quirks_of(0xFFFF, 0xFFFF, 0xFFFF)}) {
        EXPECT_FALSE(quirks.pre_standard);
        EXPECT_EQ(quirks.features_set | quirks.features_cleared, 0U);
    }
}

TEST(Quirks, SomeHoldForSomeReleases) {
    EXPECT_FALSE(quirks_of(0x0529, 0x0620, 0x0011).no_ifsd_exchange);
    EXPECT_TRUE(quirks_of(0x0529, 0x0620, 0x0012).no_ifsd_exchange);
    EXPECT_TRUE(quirks_of(0x0529, 0x0620, 0x0013).no_ifsd_exchange);
    EXPECT_FALSE(quirks_of(0x0529, 0x0620, 0x0100).no_ifsd_exchange);
    ClassDescriptor descriptor;
    descriptor.features = feature::level_short_apdu;
    EXPECT_EQ(corrected(descriptor, quirks_of(0x046A, 0x00A1, 0x0100)).level(), ExchangeLevel::extended_apdu);
    EXPECT_EQ(corrected(descriptor, quirks_of(0x046A, 0x00A1, 0x0102)).level(), ExchangeLevel::short_apdu);
}

TEST(Quirks, CorrectTheDescriptor) {
    ClassDescriptor descriptor;
    descriptor.features = feature::level_extended_apdu;
    descriptor.max_data_rate = 600000;
    descriptor.max_ifsd = 1;
    descriptor.pin_support = 3;
    EXPECT_EQ(corrected(descriptor, quirks_of(0x0D46, 0x3010, 0x0100)).level(), ExchangeLevel::short_apdu);
    EXPECT_EQ(corrected(descriptor, quirks_of(0x058F, 0x9540, 0x0100)).max_data_rate, 200000U);
    EXPECT_EQ(corrected(descriptor, quirks_of(0x09BE, 0x0002, 0x0100)).max_ifsd, 254U);
    EXPECT_EQ(corrected(descriptor, quirks_of(0x04F2, 0x1469, 0x0100)).pin_support, 0);
    EXPECT_EQ(corrected(descriptor, {}).pin_support, 3);
}

}  // namespace

}  // namespace jeton::reader
