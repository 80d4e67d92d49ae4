#include "reader/transport.hpp"

#include <gtest/gtest.h>

#include "reader_under_test.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::ccid_message;
using support::FakeBus;
using support::FakeDevice;
using test::kind_of;

/// Counts like a FlightLog of one process.
class CountingFlight final : public FlightLog {
  public:
    Byte launch(Byte) override {
        in_flight = true;
        return next++;
    }
    void sent() override { ++commands_sent; }
    void landed() override { in_flight = false; }

    Byte next = 7;
    int commands_sent = 0;
    bool in_flight = false;
};

class TransportTest : public ::testing::Test {
  protected:
    TransportTest() { device.claim(); }

    /// answer_with makes the reader answer each command with |transfers|, built by the test.
    void answer_with(std::vector<Bytes> transfers) {
        bus->on_message = [transfers = std::move(transfers)](const Bytes&) { return transfers; };
    }

    /// The answer to the first command (bSeq 7) of slot 0, with |data|.
    static Bytes good(View data = {}) { return ccid_message(0x80, 0, 7, {0, 0, 0}, data); }

    ccid::Reply transmit(Milliseconds first = Milliseconds(1000), Milliseconds total = Milliseconds(2000)) {
        const ccid::Command command{
            .request = Request::xfr_block, .slot = 0, .specific = {}, .data = payload};
        return transport.exchange(command, {first, total});
    }

    Bytes payload{0x00, 0xA4, 0x04, 0x00};
    Bytes answer{0x01, 0x02, 0x90, 0x00};
    std::shared_ptr<FakeBus> bus = test::make_bus();
    FakeDevice device{bus};
    CountingFlight flight;
    Transport transport{device, flight};
};

TEST_F(TransportTest, SendsTheCommandAndGivesItsAnswer) {
    answer_with({good(answer)});
    EXPECT_TRUE(equal(transmit().data, answer));
    EXPECT_EQ(to_hex(bus->written.at(0)), "6F04000000000700000000A40400");
    EXPECT_EQ(flight.commands_sent, 1);
    EXPECT_FALSE(flight.in_flight);
}

TEST_F(TransportTest, SkipsTenLateAnswersAndForeignSlots) {
    std::vector<Bytes> transfers;
    for (int i = 0; i < 5; ++i) {
        transfers.push_back(ccid_message(0x80, 0, 6, {0, 0, 0}, payload));
        transfers.push_back(ccid_message(0x80, 1, 7, {0, 0, 0}, payload));
    }
    transfers.push_back(good(answer));
    answer_with(transfers);
    EXPECT_TRUE(equal(transmit().data, answer));
}

TEST_F(TransportTest, GivesUpAfterTenMessagesThatAreNotTheAnswer) {
    const Bytes strays[] = {
        ccid_message(0x80, 0, 6, {0, 0, 0}, payload),  // late
        ccid_message(0x80, 3, 7, {0, 0, 0}, payload),  // another slot's
        {},                                            // empty transfer
        {0x80, 0x00},                                  // short
        Bytes(64, 0xFF),                               // garbage
    };
    for (const Bytes& stray : strays) {
        flight.next = 7;
        bus->to_read.clear();
        answer_with(std::vector<Bytes>(50, stray));
        EXPECT_EQ(kind_of([&] { transmit(); }), Error::Kind::protocol);
        EXPECT_TRUE(flight.in_flight);
        EXPECT_GE(bus->to_read.size(), 30U) << "it must not read on and on";
    }
}

TEST_F(TransportTest, IgnoresEmptyTransfersBeforeTheAnswer) {
    answer_with({{}, {}, good(answer)});
    EXPECT_TRUE(equal(transmit().data, answer));
}

TEST_F(TransportTest, SkipsADamagedMessageBeforeTheAnswer) {
    Bytes oversized = good(answer);
    oversized.push_back(0xAA);
    answer_with({oversized, {0x80}, good(answer)});
    EXPECT_TRUE(equal(transmit().data, answer));
}

TEST_F(TransportTest, ADamagedAnswerIsAProtocolErrorSoon) {
    Bytes oversized = good(answer);
    oversized.push_back(0xAA);
    Bytes huge = good();
    store_le(std::span<Byte>(huge).subspan(1, 4), 0xFFFFFFF0);
    Bytes cut = good(answer);
    cut.pop_back();
    for (const Bytes& damaged : {oversized, huge, cut, Bytes{0x80, 0x00}, Bytes(10, 0x00)}) {
        flight.next = 7;
        bus->wait_in_real_time = damaged == oversized;  // one of them, for the time it takes
        answer_with({damaged});
        const auto start = Deadline::Clock::now();
        EXPECT_EQ(kind_of([&] { transmit(Milliseconds(30000), Milliseconds(30000)); }),
                  Error::Kind::protocol);
        EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(15));
    }
}

TEST_F(TransportTest, JoinsAnAnswerThatComesInSeveralReads) {
    const Bytes data(600, 0x5A);
    const Bytes whole = good(data);
    std::vector<Bytes> transfers;
    for (std::size_t at = 0; at < whole.size(); at += 64) {
        const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(at);
        transfers.emplace_back(
            begin, begin + static_cast<std::ptrdiff_t>(std::min<std::size_t>(64, whole.size() - at)));
    }
    answer_with(transfers);
    EXPECT_TRUE(equal(transmit().data, data));
}

TEST_F(TransportTest, CarriesTheLongestMessage) {
    const Bytes data(65544, 0xA5);
    answer_with({good(data)});
    EXPECT_TRUE(equal(transmit().data, data));
}

TEST_F(TransportTest, TimeExtensionsMultiplyTheWaitUpToTheLimit) {
    const auto more_time = [](Byte factor) { return ccid_message(0x80, 0, 7, {0x80, factor, 0}); };
    answer_with({more_time(10), more_time(0), more_time(2), more_time(255), good(answer)});
    EXPECT_TRUE(equal(transmit(Milliseconds(1000), Milliseconds(100000)).data, answer));
    const int most[] = {1000, 10000, 10000, 20000, 100000};
    ASSERT_EQ(bus->read_waits.size(), std::size(most));
    for (std::size_t i = 0; i < std::size(most); ++i) {
        EXPECT_LE(bus->read_waits[i].count(), most[i]) << i;
        EXPECT_GT(bus->read_waits[i].count(), most[i] * 3 / 4 - 500) << i;
    }
}

TEST_F(TransportTest, TimeExtensionsWithoutEndMeetTheLimit) {
    const Bytes more_time = ccid_message(0x80, 0, 7, {0x80, 255, 0});
    bus->on_read = [&] {
        std::this_thread::sleep_for(Milliseconds(1));
        bus->to_read.push_back(more_time);
    };
    answer_with({});
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(kind_of([&] { transmit(Milliseconds(50), Milliseconds(200)); }), Error::Kind::timeout);
    EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(10));
}

TEST_F(TransportTest, SilenceIsATimeoutWithinTheFirstWait) {
    bus->wait_in_real_time = true;
    answer_with({});
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(kind_of([&] { transmit(Milliseconds(50), Milliseconds(20000)); }), Error::Kind::timeout);
    EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(10));
    EXPECT_TRUE(flight.in_flight);
}

TEST_F(TransportTest, AnUnpluggedDeviceIsGone) {
    bus->gone = true;
    EXPECT_EQ(kind_of([&] { transmit(); }), Error::Kind::gone);
}

TEST_F(TransportTest, ASuccessOfTheWrongTypeIsAProtocolErrorAFailureIsNot) {
    answer_with({ccid_message(0x81, 0, 7, {0, 0, 0})});
    EXPECT_EQ(kind_of([&] { transmit(); }), Error::Kind::protocol);
    flight.next = 7;
    answer_with({ccid_message(0x81, 0, 7, {0x40, 0xFE, 0})});
    EXPECT_EQ(transmit().status, ccid::CommandStatus::failed);
    flight.next = 7;
    answer_with({ccid_message(0x80, 0, 7, {0xC0, 0, 0})});
    EXPECT_EQ(kind_of([&] { transmit(); }), Error::Kind::protocol);
}

TEST_F(TransportTest, DrainReadsWhatIsLeftButNotForEver) {
    bus->to_read.assign(3, Bytes(600, 1));
    transport.drain(Milliseconds(10));
    EXPECT_TRUE(bus->to_read.empty());
    bus->on_read = [&] { bus->to_read.push_back(Bytes(10, 1)); };
    const auto start = Deadline::Clock::now();
    transport.drain(Milliseconds(10));
    EXPECT_LT(Deadline::Clock::now() - start, std::chrono::seconds(15));
}

TEST_F(TransportTest, AbortSendsRequestAndMessageWithTheSameNumber) {
    answer_with({ccid_message(0x80, 0, 6, {0x40, 0xFF, 0}), ccid_message(0x81, 0, 7, {0, 0, 0})});
    transport.abort(0, {Milliseconds(100), Milliseconds(100)});
    ASSERT_EQ(bus->controls.size(), 1U);
    EXPECT_EQ(bus->controls[0], std::make_pair(Byte{1}, std::uint16_t{0x0700}));
    EXPECT_EQ(to_hex(bus->written.at(0)), "72000000000007000000");
    EXPECT_FALSE(flight.in_flight);
}

}  // namespace

}  // namespace jeton::reader
