#include "reader/ccid.hpp"

#include <gtest/gtest.h>
#include <ostream>

namespace jeton::reader::ccid {

namespace {

TEST(CcidEncode, GivesTheBytesOfTheStandard) {
    EXPECT_EQ(to_hex(encode({.request = Request::icc_power_on, .slot = 0, .specific = {}, .data = {}}, 0)),
              "62000000000000000000");
    EXPECT_EQ(to_hex(encode({.request = Request::get_slot_status, .slot = 0, .specific = {}, .data = {}}, 1)),
              "65000000000001000000");
    const Bytes apdu{0x00, 0x84, 0x00, 0x00, 0x08};
    EXPECT_EQ(
        to_hex(encode({.request = Request::xfr_block, .slot = 2, .specific = {0, 0x10, 0}, .data = apdu}, 3)),
        "6F050000000203001000"
        "0084000008");
}

struct ReplyVector {
    const char* name;
    const char* bytes;
    Answer answer;
    Byte seq;
    IccStatus icc;
    CommandStatus status;
    Byte error;
    Byte specific;
    const char* data;
};

std::ostream& operator<<(std::ostream& out, const ReplyVector& vector) {
    return out << vector.name;
}

/// Recorded from the firmware of a security key, and the examples of the standard.
const ReplyVector replies[] = {
    {"status, inactive", "81000000000000018100", Answer::slot_status, 0, IccStatus::inactive,
     CommandStatus::ok, 0x81, 0, ""},
    {"power on", "801100000000010081003bf71100008131fe6543616e6f6b657999", Answer::data_block, 1,
     IccStatus::active, CommandStatus::ok, 0x81, 0, "3BF71100008131FE6543616E6F6B657999"},
    {"voltage refused", "80000000000002400700", Answer::data_block, 2, IccStatus::active,
     CommandStatus::failed, 7, 0, ""},
    {"parameters", "820700000000040081011110001500fe00", Answer::parameters, 4, IccStatus::active,
     CommandStatus::ok, 0x81, 1, "1110001500FE00"},
    {"parameters that are not counted", "82000000000004000000FFFFFFFFFFFFFF", Answer::parameters, 4,
     IccStatus::active, CommandStatus::ok, 0, 0, ""},
    {"escape", "83000000000007000000", Answer::escape, 7, IccStatus::active, CommandStatus::ok, 0, 0, ""},
    {"select", "8015000000000d00810061114f0600001000010079074f05a0000003089000", Answer::data_block, 0x0D,
     IccStatus::active, CommandStatus::ok, 0x81, 0, "61114F0600001000010079074F05A0000003089000"},
    {"time extension", "8000000000001c800100", Answer::data_block, 0x1C, IccStatus::active,
     CommandStatus::time_extension, 1, 0, ""},
    {"absent", "81000000000001020000", Answer::slot_status, 1, IccStatus::absent, CommandStatus::ok, 0, 0,
     ""},
    {"data rate", "840800000000020000000FA0000000002A00", Answer::data_rate, 2, IccStatus::active,
     CommandStatus::ok, 0, 0, "0FA0000000002A00"},
};

class CcidReplies : public ::testing::TestWithParam<ReplyVector> {};

TEST_P(CcidReplies, ParseField) {
    const ReplyVector& vector = GetParam();
    const Bytes message = from_hex(vector.bytes).value();
    const auto reply = parse_reply(message);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->answer, vector.answer);
    EXPECT_EQ(reply->slot, 0);
    EXPECT_EQ(reply->seq, vector.seq);
    EXPECT_EQ(reply->icc, vector.icc);
    EXPECT_EQ(reply->status, vector.status);
    EXPECT_EQ(reply->error, vector.error);
    EXPECT_EQ(reply->specific, vector.specific);
    EXPECT_EQ(to_hex(reply->data), vector.data);
}

INSTANTIATE_TEST_SUITE_P(Ccid, CcidReplies, ::testing::ValuesIn(replies));

TEST(CcidParse, RefusesLengthsThatDisagree) {
    const Bytes whole = from_hex("8002000000000f0081006700").value();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_FALSE(parse_reply(part).has_value()) << length;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(parse_reply(longer).has_value());
    EXPECT_FALSE(parse_reply(from_hex("80FFFFFFFF000F008100").value()).has_value());
}

TEST(CcidParse, RefusesUnknownTypes) {
    for (int type = 0; type < 256; ++type) {
        Bytes message(header_size);
        message[0] = static_cast<Byte>(type);
        EXPECT_EQ(parse_reply(message).has_value(), type >= 0x80 && type <= 0x84) << type;
    }
}

TEST(CcidParse, TellsTheAnnouncedSize) {
    EXPECT_EQ(announced_size(from_hex("80AD0200000002008100").value()), 10U + 0x2AD);
    EXPECT_EQ(announced_size(from_hex("80FFFFFFFF0002008100").value()), 10ULL + 0xFFFFFFFF);
    EXPECT_EQ(announced_size(from_hex("80AD02000000020081").value()), std::nullopt);
    EXPECT_EQ(announced_size(from_hex("90AD0200000002008100").value()), std::nullopt);
}

struct FailureVector {
    Byte icc;
    Byte error;
    Error::Kind kind;
};

constexpr FailureVector failures[] = {
    {2, 0xFE, Error::Kind::no_card},     {2, 0x00, Error::Kind::no_card},
    {1, 0xFE, Error::Kind::mute},        {1, 0xFB, Error::Kind::mute},
    {0, 0xF8, Error::Kind::protocol},    {0, 0xF6, Error::Kind::unsupported},
    {0, 0x00, Error::Kind::unsupported}, {0, 0x08, Error::Kind::protocol},
    {0, 0xE0, Error::Kind::busy},        {0, 0xF2, Error::Kind::busy},
    {0, 0xF0, Error::Kind::timeout},     {0, 0x99, Error::Kind::protocol},
};

TEST(CcidFailure, MapsCardStatusFirstThenTheErrorCode) {
    for (const FailureVector& vector : failures) {
        Reply reply;
        reply.icc = static_cast<IccStatus>(vector.icc);
        reply.error = vector.error;
        EXPECT_EQ(failure(reply, "test").kind(), vector.kind) << int{vector.icc} << ' ' << int{vector.error};
    }
}

TEST(CcidFailure, ExplainsEachErrorCode) {
    for (int error = 0; error < 256; ++error) {
        EXPECT_FALSE(error_text(static_cast<Byte>(error)).empty());
    }
    EXPECT_EQ(error_text(0xFE), "the card does not answer");
    EXPECT_EQ(error_text(0x07), "the reader refused the byte at offset 7 of the message");
    EXPECT_EQ(error_text(0x99), "error 99 of the reader");
}

TEST(CcidAnswers, EachRequestHasItsType) {
    EXPECT_EQ(answer_to(Request::icc_power_on), Answer::data_block);
    EXPECT_EQ(answer_to(Request::secure), Answer::data_block);
    EXPECT_EQ(answer_to(Request::icc_power_off), Answer::slot_status);
    EXPECT_EQ(answer_to(Request::set_parameters), Answer::parameters);
    EXPECT_EQ(answer_to(Request::escape), Answer::escape);
    EXPECT_EQ(answer_to(Request::set_data_rate), Answer::data_rate);
    EXPECT_EQ(answer_to(static_cast<Request>(0x10)), Answer::slot_status);
}

}  // namespace

}  // namespace jeton::reader::ccid
