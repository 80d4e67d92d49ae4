#include "reader/fault_injector.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

#include "reader/emulated_reader.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

namespace fs = std::filesystem;

using test::apdu_limit;
using test::kind_of;
using test::SimpleCard;
using test::soon;

const Bytes set_state{0x00, 0x01, 0x42, 0x00};
const Bytes read_state{0x00, 0x02, 0x00, 0x00};
const Bytes echo{0x00, 0x04, 0x11, 0x22};
constexpr const char* no_answer = "nothing";

/// A reader with a fault plan: bare at the device, and as a Reader.
class FaultInjectorTest : public ::testing::Test {
  protected:
    /// plan puts |text| in place of the plan; an empty one is no file at all.
    void plan(const std::string& text) {
        if (text.empty()) {
            fs::remove(scratch / "plan");
            return;
        }
        std::ofstream(scratch / "new") << text;
        fs::rename(scratch / "new", scratch / "plan");
    }

    std::unique_ptr<Device> make_device() const {
        const auto insert = [this](const fs::path& file) { return file == "/other" ? other : nullptr; };
        return make_fault_injector(make_emulated_reader(make_faulty_card(card, control, insert)), control);
    }

    void open() {
        device = make_device();
        device->claim();
    }

    /// send gives the reply to a message in hex.
    std::string send(const char* message) {
        device->bulk_write(from_hex(message).value(), soon());
        return receive();
    }

    std::string receive() {
        Bytes buffer(70000);
        try {
            buffer.resize(device->bulk_read(buffer, Deadline::after(Milliseconds(20))));
        } catch (const Error& error) {
            return error.kind() == Error::Kind::timeout ? no_answer : "another error";
        }
        return to_hex(buffer);
    }

    const jeton::test::ScratchDirectory scratch;
    const std::shared_ptr<SimpleCard> card = std::make_shared<SimpleCard>();
    const std::shared_ptr<SimpleCard> other = std::make_shared<SimpleCard>();
    const std::shared_ptr<FaultControl> control = std::make_shared<FaultControl>(scratch / "plan");
    std::unique_ptr<Device> device;
    Reader reader{{.name = "faulty", .key = "f", .lease_file = scratch / "lease", .open = [this] {
                       return make_device();
                   }}};
};

constexpr const char* power_on = "62000000000001000000";
constexpr const char* powered = "800500000000010000003B80800101";
constexpr const char* get_status = "65000000000002000000";

struct SpoiltReply {
    const char* plan;
    const char* reply;
    const char* next;  ///< to a question of the same kind
};

/// What becomes of the reply 81 00000000 00 02 00 00 00 to the second message.
constexpr SpoiltReply spoilt_replies[] = {
    {"never 1\nnever 3", "81000000000002000000", no_answer},
    {"corrupt 2", "7EFFFFFFFFFFFDFFFFFF", "81000000000002000000"},
    {"corrupt 2 6", "810000000000FD000000", "81000000000002000000"},
    {"corrupt 2 10", "81000000000002000000", "81000000000002000000"},
    {"cut 2", "8100000000", "81000000000002000000"},
    {"cut 2 9", "810000000000020000", "81000000000002000000"},
    {"cut 2 100", "81000000000002000000", "81000000000002000000"},
    {"cut 2 0", "", "81000000000002000000"},
    {"never 2", no_answer, "81000000000002000000"},
    {"error 2 E0", "8100000000000240E000", "81000000000002000000"},
    {"pull 2", "81000000000002020000", "81000000000002020000"},
    {"swap 2 /other", "81000000000002010000", "81000000000002010000"},
    {"swap 2 /nothing", "81000000000002020000", "81000000000002020000"},
    {"status 2 6A82", "81000000000002000000", "81000000000002000000"},
    {"pull 3", "81000000000002000000", "81000000000002020000"},
};

TEST_F(FaultInjectorTest, RepliesAreSpoiltAsPlanned) {
    for (const SpoiltReply& row : spoilt_replies) {
        plan(row.plan);
        open();
        EXPECT_EQ(send(power_on), std::string(row.plan).starts_with("never 1") ? no_answer : powered);
        EXPECT_EQ(send(get_status), row.reply) << row.plan;
        EXPECT_EQ(send(get_status), row.next) << row.plan;
    }
}

TEST_F(FaultInjectorTest, DoubleGivesTheReplyOnceMore) {
    plan("double 1");
    open();
    EXPECT_EQ(send(power_on), powered);
    EXPECT_EQ(receive(), powered);
    EXPECT_EQ(receive(), no_answer);
}

TEST_F(FaultInjectorTest, DelayHoldsEverythingBack) {
    plan("delay 2 100");
    open();
    send(power_on);
    const auto begin = Deadline::Clock::now();
    EXPECT_EQ(send(get_status), no_answer);
    Bytes buffer(100);
    EXPECT_EQ(device->bulk_read(buffer, soon()), 10U);
    EXPECT_GE(Deadline::Clock::now() - begin, Milliseconds(100));
    EXPECT_EQ(send("65000000000003000000"), "81000000000003000000");
}

TEST_F(FaultInjectorTest, AnErrorMeansThatTheMessageWasNotCarriedOut) {
    plan("error 2 FE");
    open();
    send(power_on);
    EXPECT_EQ(send("6F040000000002000000 00014200"), "8000000000000240FE00");
    EXPECT_EQ(card->commands, 0);
    EXPECT_EQ(send("6F040000000003000000 00014200"), "800200000000030000009000");
}

TEST_F(FaultInjectorTest, AStatusWordTakesThePlaceOfTheCardsWork) {
    plan("status 2 6A82");
    open();
    send(power_on);
    EXPECT_EQ(send("6F040000000002000000 00014200"), "800200000000020000006A82");
    EXPECT_EQ(card->commands, 0);
    EXPECT_EQ(send("6F040000000003000000 00014200"), "800200000000030000009000");
}

TEST_F(FaultInjectorTest, AStatusWordForAMessageWithoutAnApduIsDropped) {
    plan("status 2 6A82");
    open();
    send(power_on);
    send(get_status);
    EXPECT_EQ(send("6F040000000003000000 00014200"), "800200000000030000009000");
}

TEST_F(FaultInjectorTest, ACardThatIsOutHasNoPowerWhenItComesBack) {
    plan("pull 2");
    open();
    send(power_on);
    EXPECT_EQ(send("6F040000000002000000 00014200"), "8000000000000242FE00");
    EXPECT_EQ(card->power_offs, 1);
    plan("");
    EXPECT_EQ(send("65000000000003000000"), "81000000000003010000");
    EXPECT_EQ(send("62000000000001000000"), powered);
    EXPECT_EQ(other->power_ons, 0);
}

TEST_F(FaultInjectorTest, TheOtherCardAnswersAfterASwapUntilThePlanEnds) {
    plan("swap 2 /other");
    open();
    send(power_on);
    EXPECT_EQ(send("6F040000000002000000 00014200"), "8000000000000241FE00") << "no power";
    EXPECT_EQ(send(power_on), powered);
    send("6F040000000003000000 00014200");
    EXPECT_EQ(other->state, 0x42);
    EXPECT_EQ(card->commands, 0);
    plan("");
    EXPECT_EQ(send(get_status), "81000000000002010000");
    EXPECT_EQ(other->power_offs, 1);
}

TEST_F(FaultInjectorTest, AReaderThatWasTakenAwayComesBackWithTheNextPlan) {
    plan("unplug 2");
    open();
    send(power_on);
    const auto write = [&] { device->bulk_write(from_hex(get_status).value(), soon()); };
    EXPECT_EQ(kind_of(write), Error::Kind::gone);
    EXPECT_EQ(kind_of(write), Error::Kind::gone);
    Bytes buffer(100);
    EXPECT_EQ(kind_of([&] { device->bulk_read(buffer, soon()); }), Error::Kind::gone);
    EXPECT_EQ(kind_of([&] { device->claim(); }), Error::Kind::gone);
    EXPECT_EQ(kind_of([&] { device->control(1, 0, soon()); }), Error::Kind::gone);
    EXPECT_EQ(kind_of([&] { device->interrupt_read(buffer, soon()); }), Error::Kind::gone);
    plan("never 100");
    EXPECT_EQ(kind_of([&] { device->claim(); }), std::nullopt);
}

TEST_F(FaultInjectorTest, APlanWithAMistakeIsNoneAndIsTold) {
    const std::string log = (scratch / "log").string();
    ASSERT_TRUE(log::configure("warn:" + log));
    plan("double 1\nnothing 2\n");
    open();
    EXPECT_EQ(send(power_on), powered);
    EXPECT_EQ(receive(), no_answer);
    log::configure("warn");
    std::ifstream file(log);
    std::string line;
    std::getline(file, line);
    EXPECT_NE(line.find("line 2: expected pull, swap"), std::string::npos) << line;
}

TEST_F(FaultInjectorTest, EachPlanCountsFromOne) {
    plan("never 2");
    open();
    EXPECT_EQ(send(get_status), "81000000000002010000");
    plan("never 1");
    EXPECT_EQ(send(get_status), no_answer);
    EXPECT_EQ(send(get_status), "81000000000002010000");
}

TEST_F(FaultInjectorTest, WithoutAPlanItIsAReaderAsAnyOther) {
    const auto lease = reader.slot().acquire(soon());
    EXPECT_EQ(to_hex(reader.slot().transmit(set_state, apdu_limit)), "9000");
    EXPECT_EQ(to_hex(reader.slot().transmit(read_state, apdu_limit)), "429000");
    EXPECT_EQ(to_hex(reader.slot().transmit(echo, apdu_limit)), "000411229000");
}

TEST_F(FaultInjectorTest, AReaderIsOpenedAnewWhenItComesBack) {
    const auto first = reader.slot().insertion();
    plan("unplug 3");
    EXPECT_EQ(kind_of([&] {
                  const auto lease = reader.slot().acquire(soon());
                  reader.slot().transmit(set_state, apdu_limit);
              }),
              Error::Kind::gone);
    EXPECT_EQ(kind_of([&] { reader.slot().acquire(soon()); }), Error::Kind::gone);
    EXPECT_NE(reader.slot().insertion(), first);
    plan("");
    const auto lease = reader.slot().acquire(soon());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_EQ(to_hex(reader.slot().transmit(set_state, apdu_limit)), "9000");
}

}  // namespace

}  // namespace jeton::reader
