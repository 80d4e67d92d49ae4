#include <gtest/gtest.h>
#include <system_error>

#include "softcard/card_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view get_data = "00CB3FFF";
constexpr std::string_view put_data = "00DB3FFF";

Bytes tag_list(std::uint32_t tag) {
    return TlvWriter()
        .put(0x5C, Bytes{static_cast<Byte>(tag >> 16), static_cast<Byte>(tag >> 8), static_cast<Byte>(tag)})
        .take();
}

Bytes update(std::uint32_t tag, View content) {
    return TlvWriter().raw(tag_list(tag)).put(0x53, content).take();
}

Bytes pattern(std::size_t length) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i) {
        out[i] = static_cast<Byte>(i * 7 + i / 256);
    }
    return out;
}

class ObjectsTest : public testing::Test {
  protected:
    void SetUp() override { card.become_administrator(); }

    CardUnderTest card;
};

TEST_F(ObjectsTest, LongObjectsPassInShortLinks) {
    const Bytes content = pattern(3000);
    EXPECT_EQ(card.command_in_short_links(put_data, update(0x5FC105, content)).status, 0x9000U);
    const Bytes object = TlvWriter().put(0x53, content).take();
    EXPECT_EQ(card.command_in_short_links(get_data, tag_list(0x5FC105)), (Answer{object, 0x9000}));
    EXPECT_EQ(card.command(get_data, tag_list(0x5FC105)), (Answer{object, 0x9000}));
}

TEST_F(ObjectsTest, LongObjectsPassInOneExtendedCommand) {
    const Bytes content = pattern(3000);
    EXPECT_EQ(card.command(put_data, update(0x5FC101, content)).status, 0x9000U);
    const Bytes object = TlvWriter().put(0x53, content).take();
    EXPECT_EQ(card.command_in_short_links(get_data, tag_list(0x5FC101)), (Answer{object, 0x9000}));
}

TEST_F(ObjectsTest, AnObjectHasALongestLength) {
    EXPECT_EQ(card.command_in_short_links(put_data, update(0x5FC108, pattern(12710))).status, 0x9000U);
    EXPECT_EQ(card.command_in_short_links(put_data, update(0x5FC108, pattern(12711))).status, 0x6A84U);
    EXPECT_EQ(card.command(put_data, update(0x5FC108, pattern(40000))).status, 0x6A84U);
    card.verify();
    EXPECT_EQ(card.command(get_data, tag_list(0x5FC108)).data.size(), 12710U + 4U);
}

TEST_F(ObjectsTest, EveryRetiredCertificateHasAPlace) {
    for (std::uint32_t tag = 0x5FC10D; tag <= 0x5FC120; ++tag) {
        const Bytes content{static_cast<Byte>(tag)};
        EXPECT_EQ(card.command(put_data, update(tag, content)).status, 0x9000U);
        EXPECT_EQ(card.command(get_data, tag_list(tag)),
                  (Answer{TlvWriter().put(0x53, content).take(), 0x9000}));
    }
}

TEST_F(ObjectsTest, SurviveARestart) {
    EXPECT_EQ(card.command(put_data, update(0x5FC105, pattern(10))).status, 0x9000U);
    card.restart();
    EXPECT_EQ(card.command(get_data, tag_list(0x5FC105)).data.size(), 12U);
    EXPECT_EQ(card.command(put_data, update(0x5FC105, {})).status, 0x6982U) << "the administrator is gone";
}

TEST_F(ObjectsTest, AFullDiskChangesNothing) {
    EXPECT_EQ(card.command(put_data, update(0x5FC105, hex("AA"))).status, 0x9000U);
    card.before_write([](View) { throw std::system_error(ENOSPC, std::generic_category()); });
    EXPECT_EQ(card.command(put_data, update(0x5FC105, hex("BB"))).status, 0x6581U);
    EXPECT_EQ(card.command(put_data, update(0x5FC105, {})).status, 0x6581U);
    EXPECT_EQ(card.command(get_data, tag_list(0x5FC105)), (Answer{hex("5301AA"), 0x9000}));
}

}  // namespace
}  // namespace jeton::softcard
