// Data objects of the OpenPGP application: what they hold, who may read and write them, and the application's
// life.
#include <gtest/gtest.h>

#include "softcard/openpgp_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {
namespace {

class OpenPgpObjects : public testing::Test {
  protected:
    CardUnderTest card;
};

TEST_F(OpenPgpObjects, IsSelectedByWholeAndPartialNames) {
    const Bytes id = card.get(0x4F);
    EXPECT_TRUE(equal(View(id).first(10), hex("D27600012401 0304 FF00")));
    ASSERT_EQ(id.size(), 16U);
    EXPECT_EQ(card.command("00A40400", id).status, 0x9000U);
    EXPECT_EQ(card.send("00A4040005D276000124").status, 0x9000U);
    EXPECT_EQ(card.send("00A4040007D2760001240102").status, 0x6A82U);
    EXPECT_EQ(card.send("00A4040C06D27600012401").status, 0x6A86U);
    EXPECT_EQ(card.send("00A4000C023F00").status, 0x6A86U);
    EXPECT_EQ(card.send("00CB3FFF035C017E00").status, 0x6D00U) << "PIV's GET DATA";
}

TEST_F(OpenPgpObjects, AnotherApplicationTakesThePasswordsAway) {
    card.verify_all();
    EXPECT_EQ(card.send("00A4040005A000000308").status, 0x9000U);
    EXPECT_EQ(card.send("0020008008313233343536FFFF").status, 0x9000U) << "PIV has its own PIN";
    EXPECT_EQ(card.send("00A4040006D27600012401").status, 0x9000U);
    for (const char* status : {"00200081", "00200082", "00200083"}) {
        EXPECT_EQ(card.send(status).status, 0x63C3U);
    }
    EXPECT_EQ(card.send("00A4040005A000000308").status, 0x9000U);
    EXPECT_EQ(card.send("00200080").status, 0x63C3U);
}

TEST_F(OpenPgpObjects, TheApplicationTellsAboutItself) {
    const Bytes all = card.get(0x6E);
    for (const std::uint32_t tag : {0x4FU, 0x5F52U, 0x7F66U, 0x7F74U, 0x73U}) {
        EXPECT_TRUE(find_tlv_path(all, {0x6E, tag}).has_value()) << std::hex << tag;
    }
    const auto discretionary = find_tlv_path(all, {0x6E, 0x73}).value();
    EXPECT_TRUE(equal(TlvWriter().put(0x73, discretionary).take(), card.get(0x73)));
    for (const std::uint32_t tag :
         {0xC0U, 0xC1U, 0xC2U, 0xC3U, 0xC4U, 0xC5U, 0xC6U, 0xCDU, 0xDEU, 0xD6U, 0xD7U, 0xD8U}) {
        const auto value = find_tlv(discretionary, tag);
        ASSERT_TRUE(value.has_value()) << std::hex << tag;
        EXPECT_TRUE(equal(*value, card.get(tag))) << std::hex << tag;
    }
    EXPECT_EQ(card.get(0xC0), hex("7F 00 0400 1000 0400 00 01"));
    EXPECT_EQ(card.get(0xC1), hex("01 0800 0020 00"));
    EXPECT_EQ(card.get(0xC4), hex("00 7F7F7F 03 00 03"));
    EXPECT_EQ(card.get(0xC5), Bytes(60));
    EXPECT_EQ(card.get(0xC6), Bytes(60));
    EXPECT_EQ(card.get(0xCD), Bytes(12));
    EXPECT_EQ(card.get(0xD6), hex("0020"));
    EXPECT_EQ(card.get(0xDE), hex("010002000300"));
    EXPECT_EQ(card.get(0x5F52), hex("0031C573C001C0059000"));
    EXPECT_EQ(card.get(0x65), hex("65 09 5B00 5F2D00 5F350130"));
    EXPECT_EQ(card.get(0x7A), hex("7A 05 9303000000"));
    EXPECT_EQ(card.get(0x7F66), hex("7F66 08 02022000 02022000"));
    EXPECT_EQ(card.get(0x7F74), hex("7F74 03 810120"));
    EXPECT_EQ(card.get(0xF9), hex("810100"));
}

TEST_F(OpenPgpObjects, EveryAlgorithmThatIsToldMayBeChosen) {
    card.verify(pw3);
    const Bytes told = card.get(0xFA);
    TlvReader rows(told);
    int count = 0;
    while (const auto row = rows.next()) {
        EXPECT_EQ(card.put(row->tag, row->value), 0x9000U) << std::hex << row->tag << to_hex(row->value);
        EXPECT_EQ(card.get(row->tag), to_bytes(row->value));
        ++count;
    }
    EXPECT_FALSE(rows.failed());
    EXPECT_EQ(count, 3 * (4 + 7 + 2)) << "RSA, curves, and one of the two of 25519 under two names";
}

struct WrongAttributes {
    std::uint32_t tag;
    const char* value;
};

constexpr WrongAttributes wrong_attributes[] = {
    {0xC1, ""},
    {0xC1, "01"},
    {0xC1, "01 0801 0020 00"},
    {0xC1, "01 2000 0020 00"},
    {0xC1, "01 0800 0021 00"},
    {0xC1, "01 0800 0020 04"},
    {0xC1, "01 0800 0020"},
    {0xC1, "01 0800 0020 00 00"},
    {0xC1, "12 2A8648CE3D030107"},
    {0xC2, "13 2A8648CE3D030107"},
    {0xC3, "12 2A8648CE3D030107"},
    {0xC1, "13 2A8648CE3D030108"},
    {0xC1, "13"},
    {0xC1, "13 FF"},
    {0xC1, "13 2B06010401DA470F01"},
    {0xC1, "16 2B060104019755010501"},
    {0xC2, "16 2B06010401DA470F01"},
    {0xC2, "12 2B6570"},
    {0xC1, "05 2A8648CE3D030107"},
    {0xC1, "13 2A8648CE3D030107 2A8648CE3D030107"},
};

TEST_F(OpenPgpObjects, OtherAttributesAreRefused) {
    card.verify(pw3);
    for (const WrongAttributes& row : wrong_attributes) {
        EXPECT_EQ(card.put(row.tag, hex(row.value)), 0x6A80U) << std::hex << row.tag << " " << row.value;
        EXPECT_EQ(card.get(row.tag), hex("01 0800 0020 00"));
    }
}

TEST_F(OpenPgpObjects, FormsOfAttributesAreAccepted) {
    card.verify(pw3);
    for (const char* value : {"01 1000 0020 03", "01 0800 0011 01", "13 2A8648CE3D030107 FF",
                              "13 2B81040022 00", "16 2B6570", "16 2B06010401DA470F01 FF"}) {
        EXPECT_EQ(card.put(0xC3, hex(value)), 0x9000U) << value;
        EXPECT_EQ(card.get(0xC3), hex(value));
    }
    EXPECT_EQ(card.put(0xC2, hex("12 2B656E")), 0x9000U);
}

struct Object {
    std::uint32_t tag;
    const char* written;
    const char* read;  ///< nullptr: it is never read alone
    Byte reader;       ///< 00: anybody
    Byte writer;
    std::uint32_t seen_in;  ///< the object that holds it, or 0
};

constexpr Object objects[] = {
    {0x0101, "616263", "616263", 0, pw1, 0},
    {0x0102, "616263", "616263", 0, pw3, 0},
    {0x0103, "616263", "616263", pw1, pw1, 0},
    {0x0104, "616263", "616263", pw3, pw3, 0},
    {0x5B, "4C6F76656C6163653C3C416461", "4C6F76656C6163653C3C416461", 0, pw3, 0x65},
    {0x5E, "616461", "616461", 0, pw3, 0},
    {0x5F2D, "6465656E", "6465656E", 0, pw3, 0x65},
    {0x5F35, "32", "32", 0, pw3, 0x65},
    {0x5F50, "68747470733A2F2F6578616D706C65", "68747470733A2F2F6578616D706C65", 0, pw3, 0},
    {0x7F21, "3082010203", "3082010203", 0, pw3, 0},
    {0xC7, "1111111111111111111111111111111111111111", nullptr, 0, pw3, 0xC5},
    {0xC9, "1313131313131313131313131313131313131313", nullptr, 0, pw3, 0xC5},
    {0xCA, "2111111111111111111111111111111111111111", nullptr, 0, pw3, 0xC6},
    {0xCC, "2313131313131313131313131313131313131313", nullptr, 0, pw3, 0xC6},
    {0xCE, "6B04535E", nullptr, 0, pw3, 0xCD},
    {0xD0, "6B04535F", nullptr, 0, pw3, 0xCD},
    {0xD3, "3132333435363738", nullptr, 0, pw3, 0},
    {0xD5, "000102030405060708090A0B0C0D0E0F", nullptr, 0, pw3, 0},
    {0xD6, "0120", "0120", 0, pw3, 0x73},
    {0xD8, "0220", "0220", 0, pw3, 0x73},
};

std::string header_of(const char* instruction, std::uint32_t tag) {
    return instruction + to_hex(Bytes{static_cast<Byte>(tag >> 8), static_cast<Byte>(tag)});
}

TEST_F(OpenPgpObjects, AreReadAndWrittenByThoseWhoMay) {
    for (const Object& object : objects) {
        SCOPED_TRACE(header_of("object ", object.tag));
        card.restart();
        for (const Byte other : {pw1_signature, pw1, pw3}) {
            if (other != object.writer) {
                card.verify(other);
            }
        }
        EXPECT_EQ(card.put(object.tag, hex(object.written)), 0x6982U);
        card.restart();
        card.verify(object.writer);
        EXPECT_EQ(card.put(object.tag, hex(object.written)), 0x9000U);
        card.restart();
        const std::string get = header_of("00CA", object.tag);
        if (object.read == nullptr) {
            card.verify_all();
            EXPECT_EQ(card.command(get, {}).status, 0x6A88U);
        } else if (object.reader != 0) {
            EXPECT_EQ(card.command(get, {}), (Answer{{}, 0x6982}));
            card.verify(object.reader);
            EXPECT_EQ(card.get(object.tag), hex(object.read));
        } else {
            EXPECT_EQ(card.get(object.tag), hex(object.read));
        }
        if (object.seen_in != 0) {
            EXPECT_NE(to_hex(card.get(object.seen_in)).find(object.written), std::string::npos);
        }
    }
}

struct WrongContent {
    std::uint32_t tag;
    std::size_t length;  ///< of FF
};

constexpr WrongContent wrong_contents[] = {
    {0x0101, 1025}, {0x5B, 40},     {0x5E, 1025}, {0x5F2D, 10}, {0x5F2D, 3}, {0x5F35, 0}, {0x5F35, 1},
    {0x5F35, 2},    {0x7F21, 4097}, {0xC4, 0},    {0xC4, 1},    {0xC4, 2},   {0xC7, 0},   {0xC7, 19},
    {0xC7, 21},     {0xCE, 3},      {0xCE, 5},    {0xD3, 7},    {0xD3, 128}, {0xD5, 15},  {0xD5, 24},
    {0xD5, 33},     {0xD6, 1},      {0xD6, 2},    {0xD6, 3},    {0xF9, 0},   {0xF9, 3},   {0xF9, 257},
};

TEST_F(OpenPgpObjects, WrongContentsAreRefused) {
    card.verify_all();
    const Bytes before = to_bytes(*card.medium().bytes);
    for (const WrongContent& row : wrong_contents) {
        EXPECT_EQ(card.put(row.tag, Bytes(row.length, 0xFF)), 0x6A80U)
            << std::hex << row.tag << ":" << row.length;
    }
    for (const std::uint32_t tag : {0x4FU, 0x65U, 0x6EU, 0xC0U, 0xC5U, 0xDEU, 0xFAU, 0x93U, 0xD1U, 0xFFFFU}) {
        EXPECT_EQ(card.put(tag, Bytes(1)), 0x6A88U) << std::hex << tag;
    }
    EXPECT_EQ(to_bytes(*card.medium().bytes), before);
    for (const char* unknown : {"00CA0000", "00CA00D1", "00CAFFFF", "00CC0065"}) {
        EXPECT_EQ(card.command(unknown, {}).status, 0x6A88U) << unknown;
    }
    EXPECT_EQ(card.command("00CA0065", Bytes(1)).status, 0x6A80U);
}

TEST_F(OpenPgpObjects, ATouchThatIsOnForGoodStays) {
    card.verify(pw3);
    EXPECT_EQ(card.put(0xD7, hex("0220")), 0x9000U);
    EXPECT_EQ(card.put(0xD7, hex("0020")), 0x6985U);
    EXPECT_EQ(card.put(0xD7, hex("0220")), 0x9000U);
    EXPECT_EQ(card.get(0xD7), hex("0220"));
}

TEST_F(OpenPgpObjects, CertificatesAreChosenByTheirOccurrence) {
    card.verify(pw3);
    for (const char* occurrence : {"00", "01", "02"}) {
        ASSERT_EQ(card.send(std::string("00A5") + occurrence + "0406 60045C027F21").status, 0x9000U);
        EXPECT_EQ(card.put(0x7F21, hex(occurrence)), 0x9000U);
    }
    EXPECT_EQ(card.get(0x7F21), hex("02"));
    EXPECT_EQ(card.send("00A500040660045C027F21").status, 0x9000U);
    EXPECT_EQ(card.get(0x7F21), hex("00"));
    EXPECT_EQ(card.send("00CC7F2100"), (Answer{hex("01"), 0x9000}));
    EXPECT_EQ(card.send("00CC7F2100"), (Answer{hex("02"), 0x9000}));
    EXPECT_EQ(card.send("00CC7F2100").status, 0x6A88U);
    EXPECT_EQ(card.get(0x7F21), hex("02"));
    EXPECT_EQ(card.send("00A503040660045C027F21").status, 0x6A88U);
    EXPECT_EQ(card.send("00A500000660045C027F21").status, 0x6A86U);
    EXPECT_EQ(card.send("00A500040660045C025F50").status, 0x6A80U);
    card.restart();
    EXPECT_EQ(card.get(0x7F21), hex("00"));
    card.verify(pw3);
    EXPECT_EQ(card.put(0x7F21, {}), 0x9000U);
    EXPECT_EQ(card.get(0x7F21), Bytes());
}

TEST_F(OpenPgpObjects, LongObjectsGoInChainsAndComeInParts) {
    card.verify(pw3);
    const Bytes certificate(4096, 0x5A);
    View rest = certificate;
    for (; rest.size() > 255; rest = rest.subspan(255)) {
        Bytes link = hex("10DA7F21FF");
        append(link, rest.first(255));
        ASSERT_EQ(card.send(link).status, 0x9000U);
    }
    Bytes last = hex("00DA7F21");
    last.push_back(static_cast<Byte>(rest.size()));
    append(last, rest);
    ASSERT_EQ(card.send(last).status, 0x9000U);
    Answer answer = card.send("00CA7F2100");
    while (answer.status >> 8 == 0x61) {
        const Answer more = card.send("00C0000000");
        append(answer.data, more.data);
        answer.status = more.status;
    }
    EXPECT_EQ(answer.data, certificate);
}

TEST_F(OpenPgpObjects, ChallengesAreRandomAndAsLongAsAsked) {
    const Answer first = card.send("0084000010");
    EXPECT_EQ(first.data.size(), 16U);
    EXPECT_NE(first.data, card.send("0084000010").data);
    EXPECT_EQ(card.send("00840000000400").data.size(), 1024U);
    EXPECT_EQ(card.send("00840000000401").status, 0x6700U);
    EXPECT_EQ(card.send("0084000110").status, 0x6A86U);
    EXPECT_EQ(card.send("00C0000000").status, 0x6985U);
}

TEST_F(OpenPgpObjects, WithoutPw3TheCardIsNotTerminated) {
    EXPECT_EQ(card.send("00E60000").status, 0x6982U);
    card.verify(pw1);
    EXPECT_EQ(card.send("00E60000").status, 0x6982U);
    EXPECT_EQ(card.send("00440000").status, 0x9000U) << "an active card stays as it is";
    EXPECT_EQ(card.send("00200082").status, 0x9000U);
}

TEST_F(OpenPgpObjects, ATerminatedCardBecomesANewOne) {
    card.verify(pw3);
    card.put(0x5E, hex("616461"));
    card.put(0xC1, hex("16 2B06010401DA470F01"));
    card.generate(signature_key);
    EXPECT_EQ(card.send("00E60001").status, 0x6A86U);
    EXPECT_EQ(card.send("00E60000").status, 0x9000U);
    EXPECT_EQ(card.send("00CA006E00"), (Answer{{}, 0x6285}));
    EXPECT_EQ(card.send("00200083083132333435363738").status, 0x6285U);
    EXPECT_EQ(card.send("00A4040006D27600012401").status, 0x6285U);
    EXPECT_EQ(card.send("00440000").status, 0x9000U);
    EXPECT_EQ(card.send("00A4040006D27600012401").status, 0x9000U);
    EXPECT_EQ(card.get(0x5E), Bytes());
    EXPECT_EQ(card.get(0xDE), hex("010002000300"));
    EXPECT_EQ(card.get(0xC1), hex("01 0800 0020 00"));
    card.verify_all();
}

TEST_F(OpenPgpObjects, ABlockedCardIsTerminatedByAnybody) {
    for (const char* wrong : {"0020008106313131313131", "00200083083131313131313131"}) {
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(card.send("00E60000").status, 0x6982U);
            EXPECT_EQ(card.send(wrong).status, 0x6982U);
        }
        EXPECT_EQ(card.send(wrong).status, 0x6983U);
    }
    EXPECT_EQ(card.send("00E60000").status, 0x9000U);
    EXPECT_EQ(card.send("00440000").status, 0x9000U);
    card.verify_all();
}

TEST_F(OpenPgpObjects, UnknownInstructionsAreRefused) {
    for (const char* apdu : {"00F10000", "00870000", "00FD0000", "00000000"}) {
        EXPECT_EQ(card.send(apdu).status, 0x6D00U) << apdu;
    }
}

}  // namespace
}  // namespace jeton::softcard::openpgp
