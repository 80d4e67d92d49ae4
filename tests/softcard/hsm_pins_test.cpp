// The PINs of the application sc-hsm and its initialisation.
#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "softcard/hsm_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view wrong_pin = "0020008106393939393939";
constexpr std::string_view wrong_officer_pin = "00200088083131313131313131";

TEST(HsmPins, ABlankCardHasNone) {
    HsmUnderTest card(hsm_options(AesModes::native, true));
    for (const char* command :
         {"00200081", "00200088", "0020008106313233343536", "002400810C313233343536363534333231",
          "002C00810E3132333435363738313233343536"}) {
        EXPECT_EQ(card.send(command).status, 0x6984U) << command;
    }
    EXPECT_EQ(card.send("00200085").status, 0x6A88U);
    EXPECT_EQ(card.send("804801B2").status, 0x6982U);
    EXPECT_EQ(card.send("8058000000"), (Answer{hex("CC00"), 0x9000}));
    EXPECT_EQ(card.send("00B12F020454020000 01").data, hex("7F"));
    EXPECT_EQ(card.initialize().status, 0x9000U);
    card.verify();
    EXPECT_EQ(card.send("804801B2").status, 0x9000U);
}

TEST(HsmPins, TheStatusTellsTriesOrThatThePinWasGiven) {
    HsmUnderTest card;
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
    EXPECT_EQ(card.send("00200088").status, 0x63CFU);
    card.verify();
    EXPECT_EQ(card.send("00200081").status, 0x9000U);
    EXPECT_EQ(card.send("00200088").status, 0x63CFU);
    EXPECT_EQ(card.command("00200088", view_of(hsm_officer_pin)).status, 0x9000U);
    EXPECT_EQ(card.send("00200088").status, 0x9000U);
    EXPECT_EQ(card.send("00200181").status, 0x6A86U);
}

TEST(HsmPins, WrongOnesCostTriesThatARestartDoesNotGiveBack) {
    HsmUnderTest card;
    EXPECT_EQ(card.send(wrong_pin).status, 0x63C2U);
    card.restart();
    EXPECT_EQ(card.send(wrong_pin).status, 0x63C1U);
    EXPECT_EQ(card.command("00200081", Bytes(5, '1')).status, 0x6700U) << "no try";
    EXPECT_EQ(card.command("00200081", Bytes(16, '1')).status, 0x6700U) << "no try";
    card.verify();
    EXPECT_EQ(card.send(wrong_pin).status, 0x63C2U) << "all tries were there again";
    EXPECT_EQ(card.send("804801B2").status, 0x6982U) << "a wrong PIN logs out";
    card.send(wrong_pin);
    EXPECT_EQ(card.send(wrong_pin).status, 0x6983U);
    EXPECT_EQ(card.command("00200081", view_of(hsm_pin)).status, 0x6983U);
    EXPECT_EQ(card.send("00200081").status, 0x6983U);
}

TEST(HsmPins, SelectingTheApplicationLogsOut) {
    HsmUnderTest card;
    card.verify();
    EXPECT_EQ(card.send("00A404000BE82B0601040181C31F0202").status, 0x6A82U);
    EXPECT_EQ(card.send("00200081").status, 0x9000U) << "another name does not";
    EXPECT_EQ(card.send("00A404000BE82B0601040181C31F0201").status, 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
}

TEST(HsmPins, AreChangedToAnyLengthThatTheyMayHave) {
    HsmUnderTest card;
    EXPECT_EQ(card.command("00240081", view_of("123456135790246813579")).status, 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x9000U) << "and the new one counts as given";
    card.restart();
    EXPECT_EQ(card.command("00200081", view_of(hsm_pin)).status, 0x63C2U);
    EXPECT_EQ(card.command("00240081", view_of("135790246813579654321")).status, 0x9000U);
    EXPECT_EQ(card.command("00240088", view_of("1234567887654321")).status, 0x9000U);
    card.restart();
    EXPECT_EQ(card.command("00200081", view_of("654321")).status, 0x9000U);
    EXPECT_EQ(card.command("00200088", view_of(hsm_officer_pin)).status, 0x63CEU);
    EXPECT_EQ(card.command("00200088", view_of("87654321")).status, 0x9000U);
}

TEST(HsmPins, AreNotChangedWithAWrongOneOrToAWrongLength) {
    HsmUnderTest card;
    EXPECT_EQ(card.command("00240081", view_of("999999654321")).status, 0x63C2U);
    for (const std::string_view data : {"", "123456", "12345665432", "1234561234567890123456"}) {
        EXPECT_EQ(card.command("00240081", view_of(data)).status, 0x6700U) << data;
    }
    EXPECT_EQ(card.command("00240088", view_of("123456788765432")).status, 0x6700U);
    EXPECT_EQ(card.command("00240181", view_of("123456654321")).status, 0x6A86U);
    EXPECT_EQ(card.command("00240082", view_of("123456654321")).status, 0x6A88U);
    card.verify();
}

TEST(HsmPins, TheOfficerUnblocks) {
    HsmUnderTest card;
    card.send(wrong_pin);
    card.send(wrong_pin);
    card.send(wrong_pin);
    EXPECT_EQ(card.command("002C0081", view_of("11111111654321")).status, 0x63CEU);
    EXPECT_EQ(card.command("002C0081", view_of("12345678654321")).status, 0x9000U);
    EXPECT_EQ(card.send("00200088").status, 0x63CFU) << "its own tries are all there again";
    EXPECT_EQ(card.command("00200081", view_of("654321")).status, 0x9000U);
    card.send(wrong_pin);
    EXPECT_EQ(card.command("002C0181", view_of(hsm_officer_pin)).status, 0x9000U) << "the counter alone";
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
    EXPECT_EQ(card.command("00200081", view_of("654321")).status, 0x9000U);
    EXPECT_EQ(card.command("002C0081", view_of("1234567865432")).status, 0x6700U);
    EXPECT_EQ(card.command("002C0181", view_of("12345678654321")).status, 0x6700U);
    EXPECT_EQ(card.command("002C0081", view_of("1234567")).status, 0x6700U);
    EXPECT_EQ(card.command("002C0281", view_of("654321")).status, 0x6A86U);
    EXPECT_EQ(card.command("002C0088", view_of("12345678654321")).status, 0x6A88U);
}

TEST(HsmPins, TheInitialisationSaysWhatTheOfficerMayDo) {
    struct Row {
        const char* options;
        unsigned with_pin, counter_only;
    };
    for (const Row& row : {Row{"0000", 0x6985, 0x6985}, Row{"0001", 0x9000, 0x9000},
                           Row{"0021", 0x6985, 0x9000}, Row{"0020", 0x6985, 0x6985}}) {
        HsmUnderTest card;
        const Bytes data = TlvWriter()
                               .put(0x80, hex(row.options))
                               .put(0x81, view_of(hsm_pin))
                               .put(0x82, view_of(hsm_officer_pin))
                               .take();
        ASSERT_EQ(card.command("80500000", data).status, 0x9000U) << row.options;
        EXPECT_EQ(card.command("002C0081", view_of("12345678654321")).status, row.with_pin) << row.options;
        EXPECT_EQ(card.command("002C0181", view_of(hsm_officer_pin)).status, row.counter_only) << row.options;
        const Answer selected = card.send("00A404000BE82B0601040181C31F020100");
        const auto proprietary = find_tlv_path(selected.data, {0x62, 0x85});
        ASSERT_TRUE(proprietary && proprietary->size() == 5);
        EXPECT_EQ(to_hex(proprietary->first(2)), row.options);
    }
}

TEST(HsmPins, InitialisingAgainNeedsTheOfficerAndTakesEverything) {
    HsmUnderTest card;
    card.with_dkek();
    card.generate(1, pair_request(crypto::Curve::p256));
    ASSERT_EQ(card.command("00D7CF01", hex("5402000053021122")).status, 0x9000U);
    const Bytes certificates = card.command("00B12F02", hex("54020000")).data;
    const Bytes wrong = TlvWriter().put(0x81, view_of(hsm_pin)).put(0x82, view_of("00000000")).take();
    EXPECT_EQ(card.command("80500000", wrong).status, 0x63CEU);
    EXPECT_EQ(card.send("8058000000").data, hex("CC00CC01CE01CF01"));

    ASSERT_EQ(card.initialize().status, 0x9000U);
    EXPECT_EQ(card.send("8058000000").data, hex("CC00"));
    EXPECT_EQ(card.send("80520000").status, 0x6D00U) << "no DKEK";
    EXPECT_EQ(card.send("00200081").status, 0x63C3U) << "nobody is logged in";
    EXPECT_EQ(card.send("00200088").status, 0x63CFU);
    EXPECT_EQ(card.command("00B12F02", hex("54020000")).data, certificates) << "the device stays the same";

    for (int i = 0; i < 15; ++i) {
        EXPECT_EQ(card.send("00200081").status, 0x63C3U);
        card.command("80500000", wrong);
    }
    EXPECT_EQ(card.initialize().status, 0x6983U);
    EXPECT_EQ(card.send(wrong_officer_pin).status, 0x6983U);
    card.verify();
}

TEST(HsmPins, AnInitialisationThatSaysWhatTheCardHasNotIsRefused) {
    HsmUnderTest card(hsm_options(AesModes::native, true));
    const std::string both = "8106313233343536 82083132333435363738";
    for (const std::string& data :
         {std::string(), std::string("8106313233343536"), std::string("82083132333435363738"),
          std::string("81053132333435 82083132333435363738"),
          std::string("8106313233343536 820731323334353637"), both + "80020004", both + "800101",
          both + "910100", both + "91010B", both + "91020003", both + "92020001", both + "970100",
          both + "93020101", both + "9900", both + "9205"}) {
        EXPECT_EQ(card.command("80500000", hex(data)).status, 0x6A80U) << data;
    }
    EXPECT_EQ(card.command("80500100", hex(both)).status, 0x6A86U);
    EXPECT_FALSE(card.state().is_initialised());
    EXPECT_EQ(card.command("80500000", hex(both)).status, 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
}

TEST(HsmPins, AnotherProcessThatInitialisesLogsEverybodyOut) {
    HsmUnderTest card;
    card.verify();
    HsmState next = card.state();
    next = initialised(next,
                       {.pin = to_secret(view_of(hsm_pin)), .so_pin = to_secret(view_of(hsm_officer_pin))});
    CardState whole = std::get<CardState>(read_card(*card.medium().bytes));
    whole.hsm = next;
    card.medium().bytes = write_card(whole);
    ++card.medium().writes;
    EXPECT_EQ(card.send("804801B2").status, 0x6982U);
}

}  // namespace
}  // namespace jeton::softcard
