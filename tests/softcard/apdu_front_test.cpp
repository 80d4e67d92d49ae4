#include "softcard/apdu_front.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

/// Answers with as many bytes as the first two bytes of data say, 00 01 02 ..., or 6A80 without data; INS 22
/// with data and a warning. Knows the class 00 and one more.
class Counter final : public CommandHandler {
  public:
    bool knows_class(Byte cla) const override { return cla == 0x00 || cla == own_class; }
    void begin() override { ++begun; }
    Response execute(const Command& command) override {
        seen.push_back(command);
        if (command.ins == 0x22) {
            return {to_secret(hex("AABB")), 0x6282};
        }
        if (command.data.size() < 2) {
            return {to_secret(hex("AABB")), status::wrong_data};
        }
        SecretBytes out(static_cast<std::size_t>(load_be(View(command.data).first(2))));
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<Byte>(i);
        }
        return {out};
    }

    int begun = 0;
    Byte own_class = 0x00;
    std::vector<Command> seen;
};

class ApduFrontTest : public testing::Test {
  protected:
    Answer send(std::string_view digits) { return split(front.transmit(hex(digits))); }

    Counter counter;
    ApduFront front{counter};
};

TEST_F(ApduFrontTest, ShortResponsesComeAtOnce) {
    const Answer answer = send("00CB0000020100 00");
    EXPECT_EQ(answer.data.size(), 256U);
    EXPECT_EQ(answer.status, 0x9000U);
}

TEST_F(ApduFrontTest, LongResponsesWaitForGetResponse) {
    const Answer first = send("00CB0000020280 00");
    EXPECT_EQ(first.data.size(), 256U);
    EXPECT_EQ(first.status, 0x6100U);
    const Answer second = send("00C0000000");
    EXPECT_EQ(second.data.size(), 256U);
    EXPECT_EQ(second.status, 0x6180U);
    const Answer third = send("00C0000080");
    EXPECT_EQ(third.data.size(), 128U);
    EXPECT_EQ(third.data.front(), 0x00);
    EXPECT_EQ(third.data.back(), 0x7F);
    EXPECT_EQ(third.status, 0x9000U);
    EXPECT_EQ(counter.begun, 1);
}

TEST_F(ApduFrontTest, LeBoundsEachPart) {
    EXPECT_EQ(send("00CB0000020016 08"), (Answer{hex("0001020304050607"), 0x610E}));
    EXPECT_EQ(send("00C0000004"), (Answer{hex("08090A0B"), 0x610A}));
    EXPECT_EQ(send("00C0000000"), (Answer{hex("0C0D0E0F101112131415"), 0x9000}));
}

TEST_F(ApduFrontTest, ExtendedResponsesComeAtOnce) {
    const Answer answer = send("00CB0000 000002 2000 0000");
    EXPECT_EQ(answer.data.size(), 0x2000U);
    EXPECT_EQ(answer.status, 0x9000U);
}

TEST_F(ApduFrontTest, AnotherCommandDropsTheWaitingResponse) {
    EXPECT_EQ(send("00CB0000020200 00").status, 0x6100U);
    EXPECT_EQ(send("00CA0000").status, 0x6A80U);
    EXPECT_EQ(send("00C0000000").status, 0x6A80U) << "is a command for the application";
    EXPECT_EQ(counter.seen.back().ins, 0xC0);
}

TEST_F(ApduFrontTest, ARefusalCarriesNoData) {
    EXPECT_EQ(send("00CA0000"), (Answer{{}, 0x6A80}));
}

TEST_F(ApduFrontTest, AWarningCarriesData) {
    EXPECT_EQ(send("0022000000"), (Answer{hex("AABB"), 0x6282}));
}

TEST_F(ApduFrontTest, TheHandlerKnowsItsClasses) {
    counter.own_class = 0x80;
    EXPECT_EQ(send("80CB0000020002"), (Answer{hex("0001"), 0x9000}));
    EXPECT_EQ(counter.seen.back().cla, 0x80);
    EXPECT_EQ(send("90CB0000020003"), (Answer{{}, 0x9000}));
    EXPECT_EQ(send("80CB000001FF"), (Answer{hex("000102"), 0x9000}));
    EXPECT_EQ(counter.seen.back().cla, 0x80);
    EXPECT_TRUE(equal(counter.seen.back().data, hex("0003FF")));
    for (const char* unknown : {"04CB0000020002", "84CB0000020002", "C0CB0000020002"}) {
        EXPECT_EQ(send(unknown), (Answer{{}, 0x6E00})) << unknown;
    }
}

TEST_F(ApduFrontTest, LinksAreJoined) {
    EXPECT_EQ(send("10DB3FFF020001"), (Answer{{}, 0x9000}));
    EXPECT_EQ(send("10DB3FFF0122"), (Answer{{}, 0x9000}));
    EXPECT_EQ(send("00DB3FFF013300"), (Answer{hex("00"), 0x9000}));
    ASSERT_EQ(counter.seen.size(), 1U);
    EXPECT_TRUE(equal(counter.seen[0].data, hex("00012233")));
    EXPECT_EQ(counter.seen[0].cla, 0x00);
    EXPECT_EQ(counter.begun, 1);
}

TEST_F(ApduFrontTest, AForeignCommandDropsTheChain) {
    for (const char* foreign : {"00CB3FFF020003", "00DB3FFE020003", "00DB3EFF020003"}) {
        SCOPED_TRACE(foreign);
        EXPECT_EQ(send("10DB3FFF020001").status, 0x9000U);
        EXPECT_EQ(send(foreign), (Answer{hex("000102"), 0x9000}));
        EXPECT_EQ(send("00DB3FFF020001"), (Answer{hex("00"), 0x9000}));
        EXPECT_TRUE(equal(counter.seen.back().data, hex("0001")));
    }
}

TEST_F(ApduFrontTest, AMalformedLinkDropsTheChain) {
    EXPECT_EQ(send("10DB3FFF020001").status, 0x9000U);
    EXPECT_EQ(send("10DB3FFF0200").status, 0x6700U);
    EXPECT_EQ(send("00DB3FFF020001").status, 0x9000U);
    EXPECT_TRUE(equal(counter.seen.back().data, hex("0001")));
}

TEST_F(ApduFrontTest, ATooLongChainIsDropped) {
    Bytes link = hex("10DB3FFF FF");
    link.resize(link.size() + 255);
    const std::size_t fit = ApduFront::most_chained_bytes / 255;
    for (std::size_t i = 0; i < fit; ++i) {
        ASSERT_EQ(split(front.transmit(link)).status, 0x9000U);
    }
    EXPECT_EQ(split(front.transmit(link)).status, 0x6700U);
    EXPECT_TRUE(counter.seen.empty());
    EXPECT_EQ(send("00DB3FFF020001").status, 0x9000U);
    EXPECT_EQ(counter.seen.back().data.size(), 2U);
}

TEST_F(ApduFrontTest, ATooLongFirstLinkIsRefused) {
    Bytes link = hex("10DB3FFF 00FFFF");
    link.resize(link.size() + 65535);
    EXPECT_EQ(split(front.transmit(link)).status, 0x6700U);
    EXPECT_EQ(send("00DB3FFF020001").status, 0x9000U);
}

TEST_F(ApduFrontTest, OtherClassesAreRefused) {
    for (const char* apdu : {"01A40400", "0CA40400", "40A40400", "80A40400", "FFA40400", "11DB3FFF0100"}) {
        SCOPED_TRACE(apdu);
        EXPECT_EQ(send(apdu), (Answer{{}, 0x6E00}));
    }
    EXPECT_TRUE(counter.seen.empty());
}

TEST_F(ApduFrontTest, EveryCommandIsAnnouncedOnce) {
    send("00");
    send("80A40400");
    send("10DB3FFF0100");
    send("00DB3FFF0100");
    send("10DB3FFF0100");
    send("10CB3FFF0100");
    EXPECT_EQ(counter.begun, 5);
}

}  // namespace
}  // namespace jeton::softcard
