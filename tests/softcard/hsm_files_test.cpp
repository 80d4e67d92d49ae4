// The files of the application sc-hsm.
#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "softcard/hsm_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

class HsmFiles : public testing::Test {
  protected:
    void SetUp() override { card.verify(); }

    /// write puts |content| at |offset| of |file|; the file is made if it is not there.
    unsigned write(std::string_view file, std::size_t offset, View content) {
        const Byte place[] = {static_cast<Byte>(offset >> 8), static_cast<Byte>(offset & 0xFF)};
        return card
            .command("00D7" + std::string(file), TlvWriter().put(0x54, place).put(0x53, content).take())
            .status;
    }

    HsmUnderTest card;
};

TEST_F(HsmFiles, AreWrittenAndReadInParts) {
    EXPECT_EQ(write("CF01", 0, {}), 0x9000U) << "makes an empty file";
    EXPECT_EQ(card.send("00B1CF0104540200 0000"), (Answer{{}, 0x6282}));
    EXPECT_EQ(write("0000", 0, hex("00112233")), 0x9000U) << "which is the current one";
    EXPECT_EQ(write("0000", 4, hex("4455")), 0x9000U);
    EXPECT_EQ(write("0000", 1, hex("AA")), 0x9000U);
    EXPECT_EQ(card.send("00B1CF010454020000 06"), (Answer{hex("00AA22334455"), 0x9000}));
    EXPECT_EQ(card.send("00B1CF010454020000 02"), (Answer{hex("00AA"), 0x9000}));
    EXPECT_EQ(card.send("00B10000045402000404"), (Answer{hex("4455"), 0x6282})) << "more than there is";
    EXPECT_EQ(card.send("00B10000045402000600"), (Answer{{}, 0x6282}));
    EXPECT_EQ(card.send("00B10000045402000700").status, 0x6B00U);
    EXPECT_EQ(write("0000", 7, hex("00")), 0x6B00U) << "no gaps";
    card.restart();
    EXPECT_EQ(card.command("00B1CF01", hex("540100")), (Answer{hex("00AA22334455"), 0x6282}));
}

TEST_F(HsmFiles, AreSelected) {
    ASSERT_EQ(write("C405", 0, hex("3000")), 0x9000U);
    const Answer parameters{hex("620E 81020002 820101 8302C405 8A0105"), 0x9000};
    EXPECT_EQ(card.send("00A4000002C40500"), parameters);
    EXPECT_EQ(card.send("00A4080002C40500"), parameters) << "by its path";
    EXPECT_EQ(card.send("00A4000C02C405"), (Answer{{}, 0x9000}));
    EXPECT_EQ(card.send("00B100000454020000 02").data, hex("3000"));
    EXPECT_EQ(card.send("00A4000002C406").status, 0x6A82U);
    EXPECT_EQ(card.send("00B100000454020000 02").data, hex("3000")) << "the current one stays";
    EXPECT_EQ(card.send("00A40000023F00").status, 0x9000U);
    EXPECT_EQ(card.send("00B100000454020000 02").status, 0x6986U);
    EXPECT_EQ(card.send("00A4000002CC00"), (Answer{hex("620E 81020000 820101 8302CC00 8A0105"), 0x9000}));
    EXPECT_EQ(card.send("00A408000450154946").status, 0x6A82U);
    EXPECT_EQ(card.send("00A4000003C40500").status, 0x6700U);
    EXPECT_EQ(card.send("00A4010002C405").status, 0x6A86U);
    EXPECT_EQ(card.send("00A4000102C405").status, 0x6A86U);
}

TEST_F(HsmFiles, AreListedWithTheKeys) {
    ASSERT_EQ(write("C405", 0, hex("3000")), 0x9000U);
    ASSERT_EQ(write("CD01", 0, hex("00")), 0x9000U);
    ASSERT_EQ(card.send("804809B0").status, 0x9000U);
    EXPECT_EQ(card.send("80580000000000"), (Answer{hex("CC00CC09C405CD01"), 0x9000}));
    EXPECT_EQ(card.send("00E4020002C405").status, 0x9000U);
    EXPECT_EQ(card.send("00E4020002CC09").status, 0x9000U);
    EXPECT_EQ(card.send("80580000000000"), (Answer{hex("CC00CD01"), 0x9000}));
    EXPECT_EQ(card.send("80580100000000").status, 0x6A86U);
}

TEST_F(HsmFiles, OfTheCardAreKeptFromHosts) {
    for (const char* file : {"2F00", "2F02", "CC00"}) {
        EXPECT_EQ(write(file, 0, hex("00")), 0x6982U) << file;
        EXPECT_EQ(card.send(std::string("00E4020002") + file).status, 0x6982U) << file;
    }
    EXPECT_EQ(card.command("00B1CC00", hex("54020000")).status, 0x6982U);
    for (const char* file : {"1234", "2F01", "C001", "CC01"}) {
        EXPECT_EQ(write(file, 0, hex("00")), 0x6A82U) << file;
        EXPECT_EQ(card.command(std::string("00B1") + file, hex("54020000")).status, 0x6A82U) << file;
        EXPECT_EQ(card.send(std::string("00E4020002") + file).status, 0x6A82U) << file;
    }
    EXPECT_EQ(card.send("00E4000002CF01").status, 0x6A86U);
    EXPECT_EQ(card.send("00E4020001CF").status, 0x6700U);
}

TEST_F(HsmFiles, AreWrittenAndDeletedWithThePinAlone) {
    ASSERT_EQ(write("CF01", 0, hex("00")), 0x9000U);
    card.restart();
    EXPECT_EQ(write("CF01", 0, hex("11")), 0x6982U);
    EXPECT_EQ(write("CF02", 0, hex("11")), 0x6982U);
    EXPECT_EQ(card.send("00E4020002CF01").status, 0x6982U);
    EXPECT_EQ(card.send("00B1CF0104540200 0001"), (Answer{hex("00"), 0x9000}));
}

TEST_F(HsmFiles, BehindThePinAreEncryptedInTheCardsFile) {
    const Bytes content = hex("5EC2E75EC2E75EC2E75EC2E7");
    ASSERT_EQ(write("CD07", 0, content), 0x9000U);
    ASSERT_EQ(write("CD07", 2, hex("AA")), 0x9000U);
    EXPECT_EQ(card.text().find("5EC2E7"), std::string::npos);
    EXPECT_EQ(card.send("00A4000002CD0700").data, hex("620E 8102000C 820101 8302CD07 8A0105"));
    EXPECT_EQ(card.command("00B1CD07", hex("54020000")).data, hex("5EC2AA5EC2E75EC2E75EC2E7"));
    card.restart();
    EXPECT_EQ(card.command("00B1CD07", hex("54020000")).status, 0x6982U);
    card.verify();
    EXPECT_EQ(card.command("00B1CD07", hex("54020000")).data, hex("5EC2AA5EC2E75EC2E75EC2E7"));
}

TEST_F(HsmFiles, HaveRoomWithinLimits) {
    const Bytes most(hsm_most_file_bytes, 0x55);
    EXPECT_EQ(write("CF00", 0, most), 0x9000U);
    EXPECT_EQ(write("CF00", hsm_most_file_bytes, hex("00")), 0x6A84U);
    EXPECT_EQ(write("CF00", hsm_most_file_bytes - 1, hex("00")), 0x9000U);
    for (unsigned i = 1; i < hsm_most_bytes / hsm_most_file_bytes - 1; ++i) {
        ASSERT_EQ(write("CF" + to_hex(Bytes{static_cast<Byte>(i)}), 0, most), 0x9000U) << i;
    }
    EXPECT_EQ(write("CA00", 0, most), 0x6A84U);
    EXPECT_EQ(card.send("00A4000002CA00").status, 0x6A82U);
    EXPECT_EQ(write("CA00", 0, View(most).first(1024)), 0x9000U);
}

TEST_F(HsmFiles, MalformedDataAreRefused) {
    ASSERT_EQ(write("CF01", 0, hex("0011")), 0x9000U);
    for (const char* data : {"", "53020000", "5400", "5404000000005300", "54020000", "54020000 5303AA",
                             "54020000 5301AA 5301BB", "540200", "54020000 5401AA"}) {
        EXPECT_EQ(card.command("00D7CF01", hex(data)).status, 0x6A80U) << data;
    }
    for (const char* data : {"", "53020000", "5400", "540400000000", "54020000 5300", "540200"}) {
        EXPECT_EQ(card.command("00B1CF01", hex(data)).status, 0x6A80U) << data;
    }
    EXPECT_EQ(card.send("00B1CF010454020000 02").data, hex("0011"));
    card.restart();
    EXPECT_EQ(card.command("00B10000", hex("54020000")).status, 0x6986U) << "no file is the current one";
}

TEST_F(HsmFiles, TheDeviceHasACertificateWithItsSerialNumber) {
    const Answer chain = card.command("00B12F02", hex("54020000"));
    const auto holder = find_tlv_path(chain.data, {0x7F21, 0x7F4E, 0x5F20});
    ASSERT_TRUE(holder.has_value());
    const CardState state = std::get<CardState>(read_card(*card.medium().bytes));
    EXPECT_EQ(to_text(*holder), "UTJ" + to_hex(state.serial) + "00001");
}

TEST_F(HsmFiles, RandomBytesComeInAnyNumberUpTo1024) {
    EXPECT_EQ(card.send("0084000008").data.size(), 8U);
    EXPECT_NE(card.send("0084000010"), card.send("0084000010"));
    EXPECT_EQ(card.send("00840000000400").data.size(), 1024U);
    EXPECT_EQ(card.send("00840000000401").status, 0x6700U);
    EXPECT_EQ(card.send("00840000 01 00 08").status, 0x6700U);
    EXPECT_EQ(card.send("0084010008").status, 0x6A86U);
}

TEST_F(HsmFiles, UnknownInstructionsAndClassesAreTold) {
    EXPECT_EQ(card.send("00CA0000").status, 0x6D00U);
    EXPECT_EQ(card.send("80580000000000").status, 0x9000U);
    EXPECT_EQ(card.send("84580000000000").status, 0x6E00U);
}

}  // namespace
}  // namespace jeton::softcard
