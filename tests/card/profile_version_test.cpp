// Ranges of versions.
#include "card/profile_version.hpp"

#include <gtest/gtest.h>

namespace jeton::card {
namespace {

struct Row {
    const char* range;
    Version version;
    bool contains;
};

const Row rows[] = {
    {">=5.7", {{5, 7}}, true},
    {">=5.7", {{5, 6, 9}}, false},
    {">=5.7", {{6}}, true},
    {">5.7", {{5, 7}}, false},
    {">5.7", {{5, 7, 1}}, true},
    {"<6", {{5, 9, 9}}, true},
    {"<6", {{6, 0, 0}}, false},
    {"<=5.4.3", {{5, 4, 3}}, true},
    {"<=5.4.3", {{5, 4, 4}}, false},
    {"=3.4", {{3, 4}}, true},
    {"=3.4", {{3, 4, 1}}, false},
    {">=5.2.0 <=5.4.3", {{5, 3}}, true},
    {">=5.2.0 <=5.4.3", {{5, 5}}, false},
    {">1 <2 >1.5 <1.7", {{1, 6}}, true},
};

class VersionRangeTest : public testing::TestWithParam<Row> {};

TEST_P(VersionRangeTest, Contains) {
    const auto range = VersionRange::parse(GetParam().range);
    ASSERT_TRUE(range) << GetParam().range;
    EXPECT_EQ(range->contains(GetParam().version), GetParam().contains) << GetParam().range;
}

INSTANTIATE_TEST_SUITE_P(All, VersionRangeTest, testing::ValuesIn(rows));

TEST(VersionRanges, OfNoComparisonHaveAll) {
    EXPECT_TRUE(VersionRange().any());
    EXPECT_TRUE(VersionRange().contains({{1, 2, 3}}));
}

TEST(VersionRanges, OfAnotherFormAreRefused) {
    for (const char* text :
         {"",     " ",      "5",   "5.7", "==5",   "=>5",      "~5",      ">",   "> 5", ">5 ",
          " >5",  ">5  <6", ">5.", ">.5", ">5..7", ">1.2.3.4", ">123456", ">-1", ">5x", ">1 >1 >1 >1 >1",
          ">5,<6"}) {
        EXPECT_FALSE(VersionRange::parse(text)) << "\"" << text << "\"";
    }
}

}  // namespace
}  // namespace jeton::card
