#include <fstream>
#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"
#include "support/fake_device.hpp"

#include "reader/pcapng.hpp"
#include "reader/pcapng_usb.hpp"
#include "reader/reader.hpp"
#include "reader/replay_card.hpp"
#include "reader/replay_trace.hpp"
#include "reader/secret_mask.hpp"
#include "reader/trace.hpp"

namespace jeton::reader {

namespace {

using support::ccid_message;

Bytes bytes(std::string_view hex) {
    return from_hex(hex).value();
}

Recording transcript(std::string_view text) {
    return parse_transcript(view_of(text));
}

std::string sent(SimulatedCard& card, std::string_view command) {
    return to_hex(card.transmit(bytes(command)));
}

TEST(ReplayRecording, ReadsTranscripts) {
    const Recording read =
        transcript("# a card\n# ATR 3B00\n\n# power on\n> 00a4 0400\r\n< 9000 \n> 00CB3FFF\n< 6A82");
    EXPECT_EQ(to_hex(read.atr), "3B00");
    ASSERT_EQ(read.exchanges.size(), 2U);
    EXPECT_EQ(to_hex(read.exchanges[0].command), "00A40400");
    EXPECT_TRUE(read.exchanges[0].after_power_on);
    EXPECT_FALSE(read.exchanges[1].after_power_on);
    EXPECT_EQ(to_hex(read.exchanges[1].response), "6A82");
}

TEST(ReplayRecording, TellsTheLineThatIsWrong) {
    const char* wrong[] = {"# fine\n> 00A40", "# fine\n< 9000", "\n> 00A404zz", "\n= 9000", "\n>"};
    for (const char* text : wrong) {
        try {
            transcript(text);
            ADD_FAILURE() << text;
        } catch (const RecordingError& error) {
            EXPECT_NE(std::string(error.what()).find("has a line 2 that"), std::string::npos) << error.what();
        }
    }
    EXPECT_THROW(transcript("> 00A40400\n< 9000\n< 9000"), RecordingError);
}

TEST(ReplayCard, AnswersAsRecorded) {
    const auto card =
        make_replay_card(transcript("# ATR 3B00\n> 0001000000\n< 01 9000\n> 0001000000\n< 02 9000\n"
                                    "> 0002000002AABB00\n< 6102\n> 00C0000002\n< 0304 9000\n"));
    EXPECT_EQ(to_hex(card->power_on()), "3B00");
    EXPECT_EQ(sent(*card, "0001000000"), "019000");
    EXPECT_EQ(sent(*card, "0001000000"), "029000");
    EXPECT_EQ(sent(*card, "0001000000"), "029000");
    EXPECT_EQ(sent(*card, "00C0000000"), "6F00");
    EXPECT_EQ(sent(*card, "0002000000 0002 AABB 0000"), "6102");  // the same, in other words
    EXPECT_EQ(sent(*card, "00C0000000"), "03049000");
    EXPECT_EQ(sent(*card, "00C0000000"), "6F00");
    EXPECT_EQ(sent(*card, "0002000002AABC00"), "6F00");
    EXPECT_EQ(sent(*card, "00"), "6F00");
    card->power_on();
    EXPECT_EQ(sent(*card, "0001000000"), "019000");
}

TEST(ReplayCard, PowerOnGoesOnBehindTheNextOne) {
    const auto card = make_replay_card(
        transcript("# power on\n> 0001000000\n< 01 9000\n# power on\n> 0001000000\n< 02 9000\n"));
    card->power_on();
    EXPECT_EQ(sent(*card, "0001000000"), "019000");
    card->power_on();
    EXPECT_EQ(sent(*card, "0001000000"), "029000");
    card->power_on();
    EXPECT_EQ(sent(*card, "0001000000"), "019000");
}

TEST(ReplayCard, AnyBytesWillDoWhereOneWasMasked) {
    Recording recording;
    recording.exchanges.push_back({bytes("0020008004FFFFFFFF"), bytes("9000"), false, true});
    const auto card = make_replay_card(recording);
    EXPECT_EQ(sent(*card, "002000800431323334"), "9000");
    EXPECT_EQ(sent(*card, "0020008003313233"), "6F00");
    EXPECT_EQ(sent(*card, "002000810431323334"), "6F00");
}

TEST(OpenReplay, RefusesBrokenFilesWithASentence) {
    const jeton::test::ScratchDirectory scratch;
    const auto told = [&](const char* name) -> std::string {
        try {
            open_replay(scratch / name);
        } catch (const Error& error) {
            return error.what();
        }
        return "nothing";
    };
    std::ofstream(scratch / "text") << "nonsense\n";
    std::ofstream(scratch / "cut") << "\x0A\x0D\x0D\x0A" << std::string(3, '\0');
    std::ofstream empty(scratch / "empty.pcapng", std::ios::binary);
    const Bytes section = pcapng::section_block("test");
    empty << to_text(section);
    empty.close();
    EXPECT_NE(told("text").find("has a line 1 that"), std::string::npos);
    EXPECT_NE(told("missing").find("is not there"), std::string::npos);
    EXPECT_NE(told("cut").find("is no pcapng file"), std::string::npos);
    EXPECT_NE(told("empty.pcapng").find("no card was powered"), std::string::npos);
}

/// What a traced reader exchanged must come back from the trace, at each level.
class ReplayTraceTest : public testing::TestWithParam<EmulationOptions> {};

TEST_P(ReplayTraceTest, HasWhatWasExchanged) {
    const jeton::test::ScratchDirectory scratch;
    const auto path = scratch / "trace.pcapng";
    const auto trace = std::make_shared<Trace>(path);
    const auto card = std::make_shared<test::SimpleCard>();
    const auto open = [&] { return make_traced_device(make_emulated_reader(card, GetParam()), trace); };
    Reader reader({.name = "traced", .key = "traced:1", .lease_file = {}, .open = open});
    std::vector<std::pair<Bytes, Bytes>> exchanged;
    {
        CardLink& link = reader.slot();
        const auto lease = link.acquire(test::soon());
        for (const char* command : {"00A4040002AABB", "00A404000CA0A1A2A3A4A5A6A7A8A9AAAB00", "00A4000000"}) {
            const SecretBytes response = link.transmit(bytes(command), test::apdu_limit);
            exchanged.emplace_back(bytes(command), to_bytes(response));
        }
        link.transmit(bytes("0020008004 31323334"), test::apdu_limit);
    }
    const Recording read = load_recording(path);
    EXPECT_EQ(read.atr, card->atr);
    ASSERT_EQ(read.exchanges.size(), exchanged.size() + 1);
    for (std::size_t i = 0; i < exchanged.size(); ++i) {
        EXPECT_EQ(to_hex(read.exchanges[i].command), to_hex(exchanged[i].first));
        EXPECT_EQ(to_hex(read.exchanges[i].response), to_hex(exchanged[i].second));
        EXPECT_FALSE(read.exchanges[i].masked);
        EXPECT_EQ(read.exchanges[i].after_power_on, i == 0);
    }
    EXPECT_TRUE(read.exchanges.back().masked);
    EXPECT_EQ(to_hex(read.exchanges.back().command), "0020008004FFFFFFFF");
}

INSTANTIATE_TEST_SUITE_P(
    Levels, ReplayTraceTest,
    testing::Values(EmulationOptions{},
                    EmulationOptions{.level = ExchangeLevel::extended_apdu, .max_message = 42},
                    EmulationOptions{.level = ExchangeLevel::short_apdu, .max_message = 271}),
    [](const auto& row) {
        return (row.param.level == ExchangeLevel::short_apdu ? "short_" : "extended_") +
               std::to_string(row.param.max_message);
    });

/// Capture is a file of messages, made by hand.
class Capture {
  public:
    explicit Capture(std::uint32_t features) {
        Bytes configuration{9, 2, 72, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 3, 0x0B, 0, 0, 0};
        append(configuration, test::make_descriptor({.features = features}));
        put(pcapng::TransferType::control, 0x80, configuration);
    }

    void to_reader(Byte type, Byte seq, std::string_view data, Byte level = 0) {
        put(pcapng::TransferType::bulk, 0x01, ccid_message(type, 0, seq, {0, level, 0}, bytes(data)));
    }
    void from_reader(Byte seq, std::string_view data, Byte status = 0, Byte chain = 0) {
        put(pcapng::TransferType::bulk, 0x82, ccid_message(0x80, 0, seq, {status, 0, chain}, bytes(data)));
    }
    void exchange(Byte seq, std::string_view command, std::string_view response) {
        to_reader(0x6F, seq, command);
        from_reader(seq, response);
    }

    Bytes file;

  private:
    void put(pcapng::TransferType type, Byte endpoint, View data) {
        if (file.empty()) {
            file = pcapng::section_block("test");
            append(file, pcapng::interface_block("bus"));
        }
        pcapng::UsbPacket packet{
            .id = 1, .completes = endpoint >= 0x80, .type = type, .endpoint = endpoint, .bus = 1};
        packet.address = 4;
        packet.length = static_cast<std::uint32_t>(data.size());
        packet.data = data;
        append(file, pcapng::packet_block(1, pcapng::encode_usb(packet), ""));
    }
};

TEST(ReplayTrace, PutsT1BlocksTogether) {
    Capture capture(feature::level_tpdu);
    capture.to_reader(0x62, 0, "");
    capture.from_reader(0, "3B800181");
    capture.exchange(1, "00C101FE3E", "00E101FE1E");
    capture.exchange(2, "00200400A4040084", "00900090");
    capture.exchange(3, "00200400A4040084", "00900090");  // once more
    capture.to_reader(0x6F, 4, "00400300000043");
    capture.from_reader(4, "00C30102C0", 0x80);  // time extension
    capture.from_reader(4, "00200201 0221");
    capture.exchange(5, "00900090", "0040039000 00D3");
    const Recording read = read_trace(capture.file);
    ASSERT_EQ(read.exchanges.size(), 1U);
    EXPECT_EQ(to_hex(read.exchanges[0].command), "00A40400000000");
    EXPECT_EQ(to_hex(read.exchanges[0].response), "0102900000");
}

TEST(ReplayTrace, TakesT0AndLeavesOutWhatFailed) {
    Capture capture(feature::level_tpdu);
    capture.to_reader(0x62, 0, "");
    capture.from_reader(0, "3B00");
    capture.to_reader(0x6F, 1, "00A4040002");
    capture.from_reader(1, "", 0x40);
    capture.exchange(2, "00A40400023F00", "6102");
    capture.exchange(3, "00C0000002", "01029000");
    capture.to_reader(0x6F, 4, "00A4040002");
    capture.from_reader(9, "9000");  // an answer to something else
    const Recording read = read_trace(capture.file);
    ASSERT_EQ(read.exchanges.size(), 2U);
    EXPECT_EQ(to_hex(read.exchanges[1].command), "00C0000002");
    EXPECT_EQ(to_hex(read.exchanges[1].response), "01029000");
}

}  // namespace

}  // namespace jeton::reader
