// SELECT and the way of commands to the applications of a card.
#include <gtest/gtest.h>

#include "softcard/application.hpp"
#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

/// What a Recorder was asked, in order: 'b'egin, 'e'xecute, 's'elect, 'r'eset.
using Journal = std::string;

/// Recorder is an application of a name of its own that writes down what it is asked. P2 of SELECT must be
/// 00.
class Recorder final : public Application {
  public:
    Recorder(Bytes name, Journal& journal) : m_name(std::move(name)), m_journal(journal) {}

    bool present() const override { return is_there; }
    bool is_named(View name) const override { return is_name_of(m_name, name, 5); }
    bool knows_class(Byte cla) const override { return cla == 0x00 || cla == own_class; }
    void begin() override { m_journal += 'b'; }
    void reset() override { m_journal += 'r'; }
    Response select(const Command& command) override {
        require(command.p2 == 0, status::wrong_parameters);
        m_journal += 's';
        return {to_secret(m_name)};
    }
    Response execute(const Command& command) override {
        m_journal += 'e';
        require(command.ins != 0xEE, status::no_room);
        return {to_secret(command.data)};
    }

    bool is_there = true;
    Byte own_class = 0x00;

  private:
    Bytes m_name;
    Journal& m_journal;
};

class RouterTest : public testing::Test {
  protected:
    RouterTest() : router(make()) {}

    Answer send(std::string_view digits) { return split(front.transmit(hex(digits))); }

    std::vector<std::unique_ptr<Application>> make() {
        std::vector<std::unique_ptr<Application>> out;
        out.push_back(std::make_unique<Recorder>(hex("A00000000101"), first));
        auto hidden = std::make_unique<Recorder>(hex("A00000000202"), second);
        other = hidden.get();
        out.push_back(std::move(hidden));
        return out;
    }

    Journal first;
    Journal second;
    Recorder* other = nullptr;
    Router router;
    ApduFront front{router};
};

TEST_F(RouterTest, WithoutASelectedApplicationNothingIsKnownButSelect) {
    EXPECT_EQ(send("00CA0000"), (Answer{{}, 0x6D00}));
    EXPECT_EQ(send("00A40000023F00"), (Answer{{}, 0x6A86}));
    EXPECT_EQ(send("00A40400"), (Answer{{}, 0x6A82}));
    EXPECT_EQ(first + second, "");
}

TEST_F(RouterTest, WholeAndPartialNamesSelect) {
    EXPECT_EQ(send("00A4040006A00000000101"), (Answer{hex("A00000000101"), 0x9000}));
    EXPECT_EQ(send("00A4040005A000000002"), (Answer{hex("A00000000202"), 0x9000}));
    EXPECT_EQ(send("00A4040004A0000000"), (Answer{{}, 0x6A82}));
    EXPECT_EQ(send("00A4040007A0000000010100"), (Answer{{}, 0x6A82}));
    EXPECT_EQ(first, "sbr");
    EXPECT_EQ(second, "sbb");
}

TEST_F(RouterTest, TheSelectedApplicationGetsEverythingElse) {
    send("00A4040006A00000000101");
    EXPECT_EQ(send("00CA00000411223344"), (Answer{hex("11223344"), 0x9000}));
    EXPECT_EQ(send("00A40000023F00"), (Answer{hex("3F00"), 0x9000})) << "SELECT by file identifier";
    EXPECT_EQ(send("00EE0000"), (Answer{{}, 0x6A84}));
    EXPECT_EQ(first, "sbebebe");
    EXPECT_EQ(second, "");
}

TEST_F(RouterTest, AClassIsForTheApplicationThatKnowsItAlone) {
    other->own_class = 0x80;
    EXPECT_EQ(send("80CA0000").status, 0x6E00U) << "nothing is selected";
    send("00A4040006A00000000101");
    EXPECT_EQ(send("80CA0000").status, 0x6E00U);
    send("00A4040006A00000000202");
    EXPECT_EQ(send("80CA00000122"), (Answer{hex("22"), 0x9000}));
    EXPECT_EQ(send("C0CA0000").status, 0x6E00U);
    EXPECT_EQ(send("80A4040006A00000000101"), (Answer{hex("A00000000101"), 0x9000})) << "no SELECT";
    EXPECT_EQ(first.find_last_of('s'), 0U);
}

TEST_F(RouterTest, ASelectThatFailsChangesNothing) {
    send("00A4040006A00000000101");
    EXPECT_EQ(send("00A4040006A00000000303").status, 0x6A82U);
    EXPECT_EQ(send("00A4040206A00000000202").status, 0x6A86U);
    other->is_there = false;
    EXPECT_EQ(send("00A4040006A00000000202").status, 0x6A82U) << "not on this card";
    EXPECT_EQ(first.find('r'), Journal::npos);
    EXPECT_EQ(send("00CA00000122"), (Answer{hex("22"), 0x9000}));
}

TEST_F(RouterTest, AnApplicationIsResetWhenItIsLeftNotWhenItIsSelectedAgain) {
    send("00A4040006A00000000101");
    send("00A4040006A00000000101");
    EXPECT_EQ(first, "sbs");
    send("00A4040006A00000000202");
    EXPECT_EQ(first, "sbsbr");
}

TEST_F(RouterTest, WithoutPowerNoApplicationIsSelected) {
    send("00A4040006A00000000101");
    router.reset();
    EXPECT_EQ(send("00CA0000").status, 0x6D00U);
    EXPECT_EQ(first, "sr");
    EXPECT_EQ(second, "r");
}

}  // namespace
}  // namespace jeton::softcard
