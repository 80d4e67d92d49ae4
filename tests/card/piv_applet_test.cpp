// Selection, serial number, PINs and data objects of the PIV applet, APDU by APDU.
#include <gtest/gtest.h>
#include <ostream>

#include "card/support/piv_conversation.hpp"
#include "util/tlv.hpp"

namespace jeton::card {
namespace {

const std::string select_command = "00A4040009 A00000030800001000 00";
const std::string select_rid = "00A4040005 A000000308 00";
const std::string pin_bytes = "313233343536FFFF";
const std::string puk_bytes = "3132333435363738";

using PivSelect = PivConversation;

TEST_F(PivSelect, TakesAnApplicationPropertyTemplate) {
    expect(select_command, "61114F0600001000010079074F05A0000003089000");
    EXPECT_TRUE(applet().select(channel()));
}

TEST_F(PivSelect, TakesAnEmptyAnswer) {
    expect(select_command, "9000");
    EXPECT_TRUE(applet().select(channel()));
}

TEST_F(PivSelect, TriesTheAlternateNames) {
    expect(select_command, "6A82");
    expect(select_rid, "61009000");
    EXPECT_TRUE(applet().select(channel()));
}

TEST_F(PivSelect, RefusesWhatIsNoPivCard) {
    expect(select_command, "6A82");
    expect(select_rid, "DEADBEEF9000");
    EXPECT_FALSE(applet().select(channel()));
}

TEST_F(PivSelect, OverlooksABadlyFormattedTemplate) {
    expect(select_command, "6284");
    EXPECT_TRUE(applet().select(channel()));
}

TEST_F(PivSelect, TellsNothingWhenTheCardBreaksDown) {
    expect(select_command, "6F00");
    EXPECT_EQ(error_of([&] { applet().select(channel()); }).verb(), Verb::select);
}

using PivSerial = PivConversation;

TEST_F(PivSerial, IsTheGuid) {
    expect_object("5FC102", "5318 3003D4E739 3410 00112233445566778899AABBCCDDEEFF FE00 9000");
    m_transcript.exchanges.back().response[1] = 0x19;
    EXPECT_EQ(applet().read_serial(channel()), "00112233445566778899AABBCCDDEEFF");
}

TEST_F(PivSerial, IsTheFascNWhenTheGuidIsZero) {
    expect_object("5FC102", "5317 3003D4E739 3410 00000000000000000000000000000000 9000");
    EXPECT_EQ(applet().read_serial(channel()), "D4E739");
}

TEST_F(PivSerial, IsTheAtrWhenThereIsNoCardHolderId) {
    expect_object("5FC102", "6A82");
    EXPECT_EQ(applet().read_serial(channel()), "3B80800101");
}

TEST_F(PivSerial, IsTheCardsOwnNumberWhenTheProfileSaysSo) {
    m_profile.token.serial_from = TokenRule::SerialSource::yubikey_f8;
    m_profile.token.serial_decimal = true;
    expect("00F80000 00", "00BC614E 9000");
    expect("00F80000 00", "6D00");
    expect_object("5FC102", "5305 3003D4E739 9000");
    EXPECT_EQ(applet().read_serial(channel()), "12345678");
    EXPECT_EQ(applet().read_serial(channel()), "D4E739");
}

TEST_F(PivSerial, IsNotReplacedWhenTheCardBreaksDown) {
    m_profile.token.serial_from = TokenRule::SerialSource::yubikey_f8;
    expect("00F80000 00", "6F00");
    EXPECT_EQ(error_of([&] { applet().read_serial(channel()); }).status().value, 0x6F00);
}

struct StatusRow {
    std::uint16_t status;
    bool known;
    unsigned tries_left;
    bool initialized;
};

void PrintTo(const StatusRow& row, std::ostream* out) {
    *out << std::hex << row.status;
}

class PivPinStatus : public PivConversation, public testing::WithParamInterface<StatusRow> {};

TEST_P(PivPinStatus, FollowsTheStatusWord) {
    changed_user().tries_max = 5;
    expect("00200080",
           to_hex(Bytes{static_cast<Byte>(GetParam().status >> 8), static_cast<Byte>(GetParam().status)}));
    const PinStatus status = applet().pin_status(channel(), user());
    EXPECT_EQ(status.known, GetParam().known);
    EXPECT_EQ(status.tries_left, GetParam().tries_left);
    EXPECT_EQ(status.initialized, GetParam().initialized);
}

INSTANTIATE_TEST_SUITE_P(StatusWords, PivPinStatus,
                         testing::Values(StatusRow{0x63C3, true, 3, true}, StatusRow{0x63C0, true, 0, true},
                                         StatusRow{0x6983, true, 0, true}, StatusRow{0x9000, true, 5, true},
                                         StatusRow{0x6984, true, 0, false}, StatusRow{0x6A88, false, 0, true},
                                         StatusRow{0x6D00, false, 0, true}));

using PivPin = PivConversation;

TEST_F(PivPin, StatusIsNotAskedWhereTheProfileForbidsIt) {
    changed_user().status = PinRule::Status::none;
    EXPECT_FALSE(applet().pin_status(channel(), user()).known);
    EXPECT_EQ(channel().exchanges(), 0U);
}

TEST_F(PivPin, IsPaddedAndVerified) {
    expect("0020008008" + pin_bytes, "9000");
    EXPECT_NO_THROW(applet().verify(channel(), user(), view_of("123456")));
}

TEST_F(PivPin, RefusalTellsTheTriesThatAreLeft) {
    expect("0020008008" + pin_bytes, "63C2");
    const Error error = error_of([&] { applet().verify(channel(), user(), view_of("123456")); });
    EXPECT_EQ(error.verb(), Verb::verify);
    EXPECT_EQ(tries_left(error.status()), 2U);
}

TEST_F(PivPin, OldFormOfTheCounterIsUnderstoodWhereTheProfileSaysSo) {
    m_profile.quirks.verify_630x = true;
    expect("0020008008" + pin_bytes, "6302");
    const Error error = error_of([&] { applet().verify(channel(), user(), view_of("123456")); });
    EXPECT_EQ(tries_left(error.status()), 2U);
}

struct FormRow {
    PinRule::Encoding encoding;
    const char* pin;
};

void PrintTo(const FormRow& row, std::ostream* out) {
    *out << '"' << row.pin << '"';
}

class PivPinForm : public PivConversation, public testing::WithParamInterface<FormRow> {};

TEST_P(PivPinForm, IsCheckedBeforeAnythingIsSent) {
    changed_user().encoding = GetParam().encoding;
    const View pin = view_of(GetParam().pin);
    EXPECT_EQ(error_of([&] { applet().verify(channel(), user(), pin); }).kind(), Error::Kind::pin_form);
    EXPECT_EQ(error_of([&] { applet().change_pin(channel(), user(), view_of("123456"), pin); }).kind(),
              Error::Kind::pin_form);
    EXPECT_EQ(channel().exchanges(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, PivPinForm,
    testing::Values(FormRow{PinRule::Encoding::ascii, ""}, FormRow{PinRule::Encoding::ascii, "12345"},
                    FormRow{PinRule::Encoding::ascii, "123456789"},
                    FormRow{PinRule::Encoding::ascii, "12345\xC3"},
                    FormRow{PinRule::Encoding::ascii, "12345\n"},
                    FormRow{PinRule::Encoding::digits, "12345a"}, FormRow{PinRule::Encoding::raw, "12345"},
                    FormRow{PinRule::Encoding::hex8, "12345g"}, FormRow{PinRule::Encoding::hex8, "1234567"}));

TEST_F(PivPin, HexadecimalFormIsConverted) {
    changed_user().encoding = PinRule::Encoding::hex8;
    expect("0020008008 12ABCDFFFFFFFFFF", "9000");
    EXPECT_NO_THROW(applet().verify(channel(), user(), view_of("12aBcD")));
}

TEST_F(PivPin, IsChangedWithBothValuesPadded) {
    expect("0024008010" + pin_bytes + "36353433323131FF", "9000");
    EXPECT_NO_THROW(applet().change_pin(channel(), user(), view_of("123456"), view_of("6543211")));
}

TEST_F(PivPin, IsUnblockedWithThePuk) {
    expect("002C008010" + puk_bytes + pin_bytes, "9000");
    expect("002C008010" + puk_bytes + pin_bytes, "63C1");
    EXPECT_NO_THROW(applet().unblock(channel(), user(), view_of("12345678"), view_of("123456")));
    const Error error =
        error_of([&] { applet().unblock(channel(), user(), view_of("12345678"), view_of("123456")); });
    EXPECT_EQ(error.verb(), Verb::unblock);
    EXPECT_EQ(tries_left(error.status()), 1U);
}

TEST_F(PivPin, VerificationIsTakenBack) {
    expect("0020FF80", "9000");
    expect("0020FF80", "6A86");
    EXPECT_NO_THROW(applet().clear_verification(channel(), user()));
    EXPECT_EQ(error_of([&] { applet().clear_verification(channel(), user()); }).kind(),
              Error::Kind::unsupported);
}

using PivObject = PivConversation;

TEST_F(PivObject, CertificateComesOutOfItsContainer) {
    const Bytes der = vector_file("ec-certificate.hex");
    expect_object("5FC105", "53820194 70820189" + to_hex(der) + "710100FE00 9000");
    m_transcript.exchanges.back().response[3] = static_cast<Byte>(der.size() + 4 + 5 - 256);
    const auto entry = applet().read_object(channel(), object_slot("cert-9a"));
    ASSERT_TRUE(entry && entry->certificate);
    EXPECT_EQ(entry->value, der);
    EXPECT_EQ(entry->certificate->common_name, "Ola Nordmann");
}

TEST_F(PivObject, CompressedCertificateIsUnpacked) {
    const Bytes packed = vector_file("ec-certificate-gzip.hex");
    TlvWriter writer;
    const Byte info = 0x01;
    writer.nest(0x53, [&](TlvWriter& in) { in.put(0x70, packed).put(0x71, View(&info, 1)).put(0xFE, {}); });
    expect_object("5FC105", to_hex(writer.take()) + "9000");
    const auto entry = applet().read_object(channel(), object_slot("cert-9a"));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->value, vector_file("ec-certificate.hex"));
}

TEST_F(PivObject, IsAbsentWhenItIsNotWhatItShouldBe) {
    const std::vector<std::string> answers{
        "6A82",                     // no object
        "6A88",                     // no object
        "9000",                     // nothing
        "53009000",                 // erased
        "5402AABB9000",             // another tag
        "5384FFFFFFFFAA9000",       // longer than the answer
        "530570030102039000",       // no certificate
        "5306 7004 1F8B0800 9000",  // no gzip
        "5302FE009000",             // no 70
        "53057003300100 9000",      // DER that ends early
    };
    for (const std::string& answer : answers) {
        expect_object("5FC105", answer);
    }
    for (const std::string& answer : answers) {
        EXPECT_FALSE(applet().read_object(channel(), object_slot("cert-9a"))) << answer;
    }
}

TEST_F(PivObject, RefusalIsAnError) {
    expect_object("5FC105", "6982");
    const Error error = error_of([&] { applet().read_object(channel(), object_slot("cert-9a")); });
    EXPECT_EQ(error.verb(), Verb::read);
    EXPECT_EQ(error.status(), sw::security_status);
}

TEST_F(PivObject, DataIsTheContentAndDiscoveryTheWholeAnswer) {
    expect_object("5FC107", "5303F001019000");
    expect_object("7E", "7E024F00 9000");
    EXPECT_EQ(to_hex(applet().read_object(channel(), object_slot("ccc"))->value), "F00101");
    EXPECT_EQ(to_hex(applet().read_object(channel(), object_slot("discovery"))->value), "7E024F00");
}

TEST_F(PivObject, CertificateIsWrittenInItsContainerAndErased) {
    expect("00DB3FFF 10 5C035FC105 5309 7002AABB 710100 FE00", "9000");
    expect("00DB3FFF 07 5C035FC105 5300", "9000");
    expect("00DB3FFF 07 5C035FC105 5300", "6982");
    EXPECT_NO_THROW(applet().write_object(channel(), object_slot("cert-9a"), Bytes{0xAA, 0xBB}));
    EXPECT_NO_THROW(applet().erase_object(channel(), object_slot("cert-9a")));
    EXPECT_EQ(error_of([&] { applet().erase_object(channel(), object_slot("cert-9a")); }).verb(),
              Verb::erase);
}

TEST_F(PivObject, AFileThatIsFullNowWasWritten) {
    expect("00DB3FFF 07 5C035FC105 5300", "6381");
    EXPECT_NO_THROW(applet().erase_object(channel(), object_slot("cert-9a")));
}

TEST_F(PivObject, NothingIsSentWhenItIsTooLargeOrNotWritable) {
    m_profile.objects[object_index(m_profile, "cert-9a")].max_size = 106;
    m_profile.objects[object_index(m_profile, "cert-9c")].writable = false;
    Bytes content(100);  // that cannot be compressed
    crypto::random_bytes(content);
    EXPECT_EQ(error_of([&] { applet().write_object(channel(), object_slot("cert-9a"), content); }).kind(),
              Error::Kind::too_large);
    EXPECT_EQ(error_of([&] { applet().write_object(channel(), object_slot("cert-9c"), content); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(error_of([&] { applet().erase_object(channel(), object_slot("cert-9c")); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(channel().exchanges(), 0U);
}

using PivKeyHistory = PivConversation;

TEST_F(PivKeyHistory, TellsHowManyRetiredSlotsAreInUse) {
    EXPECT_EQ(applet().retired_count(*from_hex("C10103C20100FE00")), 3U);
    EXPECT_EQ(applet().retired_count(*from_hex("C101FFC20100FE00")), 20U);
    EXPECT_EQ(applet().retired_count(*from_hex("C101")), 0U);
    EXPECT_EQ(applet().retired_count({}), 0U);
}

TEST_F(PivKeyHistory, GrowsAndKeepsWhatElseItSays) {
    expect_object("5FC10C", "530C C10103 C20102 F302 6162 FE00 9000");
    expect("00DB3FFF 13 5C035FC10C 530C C10105 C20102 F3026162 FE00", "9000");
    applet().note_retired(channel(), 5);
}

TEST_F(PivKeyHistory, NeverShrinks) {
    expect_object("5FC10C", "5308 C10107 C20100 FE00 9000");
    applet().note_retired(channel(), 5);
    EXPECT_EQ(channel().exchanges(), 1U);
}

TEST_F(PivKeyHistory, BeginsWithTheFirstRetiredKey) {
    expect_object("5FC10C", "6A82");
    expect("00DB3FFF 0F 5C035FC10C 5308 C10101 C20100 FE00", "9000");
    applet().note_retired(channel(), 1);
}

TEST_F(PivKeyHistory, IsLeftOutOnCardsThatHaveNone) {
    expect_object("5FC10C", "6A82");
    expect("00DB3FFF 0F 5C035FC10C 5308 C10101 C20100 FE00", "6A82");
    applet().note_retired(channel(), 1);
    EXPECT_EQ(channel().exchanges(), 2U);
}

}  // namespace
}  // namespace jeton::card
