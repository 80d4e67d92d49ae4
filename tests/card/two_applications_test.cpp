// Two applications of one card, each served by a Card of its own: in one process on one link, and in two
// processes, which two Readers with one lease file on one device stand for.
#include <fstream>
#include <gtest/gtest.h>
#include <utility>

#include "card/support/error_of.hpp"
#include "card/support/profiles.hpp"
#include "card/tokens.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/reader.hpp"
#include "softcard/store.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::card {
namespace {

constexpr std::string_view user_pin = "123456";
constexpr std::string_view officer_pin = "12345678";

/// Counted counts the commands that carry a PIN to a card.
class Counted final : public reader::SimulatedCard {
  public:
    explicit Counted(std::shared_ptr<reader::SimulatedCard> card) : m_card(std::move(card)) {}

    bool present() override { return m_card->present(); }
    Bytes power_on() override { return m_card->power_on(); }
    void power_off() override { m_card->power_off(); }
    SecretBytes transmit(View command) override {
        pins += command.size() > reader::command_header_and_lc && command[1] == 0x20 ? 1U : 0U;
        return m_card->transmit(command);
    }

    std::size_t pins = 0;

  private:
    std::shared_ptr<reader::SimulatedCard> m_card;
};

/// Shared is a device that several processes open.
class Shared final : public reader::Device {
  public:
    explicit Shared(std::shared_ptr<reader::Device> device) : m_device(std::move(device)) {}

    Bytes descriptor() const override { return m_device->descriptor(); }
    void claim() override { m_device->claim(); }
    void release() noexcept override { m_device->release(); }
    void bulk_write(View message, Deadline deadline) override { m_device->bulk_write(message, deadline); }
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override {
        return m_device->bulk_read(buffer, deadline);
    }
    void control(Byte request, std::uint16_t value, Deadline deadline) override {
        m_device->control(request, value, deadline);
    }
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override {
        return m_device->interrupt_read(buffer, deadline);
    }

  private:
    std::shared_ptr<reader::Device> m_device;
};

class TwoApplications : public testing::TestWithParam<reader::HandoverPolicy> {
  protected:
    using Cards = std::vector<std::unique_ptr<Card>>;

    TwoApplications() {
        softcard::CreateOptions options;
        options.name = "main";
        options.applets = {"piv", "openpgp"};
        options.pin_iterations = 10;
        softcard::create(m_scratch.path(), options);
        m_card = std::make_shared<Counted>(softcard::insert(softcard::card_file(m_scratch.path(), "main")));
        m_device = reader::make_emulated_reader(m_card, {});
        prepare();
    }

    /// process is what each process has for itself.
    std::unique_ptr<reader::Reader> process() const {
        return std::make_unique<reader::Reader>(
            reader::ReaderPlace{.name = "main",
                                .key = "main",
                                .lease_file = m_scratch.path() / "lease",
                                .open = [device = m_device] { return std::make_unique<Shared>(device); },
                                .handover = GetParam()});
    }

    static Cards tokens(reader::Reader& process, const ProfileSet& profiles = built_in_profiles()) {
        return recognise_tokens(process.slot(), profiles, {.rule = TokenChoice::Rule::all});
    }

    static std::size_t key_of(const Card& card) {
        return key_index(card.profile(), card.profile().applet == "piv" ? "9a" : "authentication");
    }

    static void sign(Card& card) {
        const Bytes hash(32, 0x77);
        Burst burst = card.begin();
        const auto key = std::get<crypto::EcPublicKey>(burst.key(key_of(card))->public_key);
        EXPECT_TRUE(
            crypto::verify_ecdsa(key, hash, burst.compute(key_of(card), Primitive::ecdsa, Verb::sign, hash)));
    }

    /// without_repeating are the profiles with a policy that keeps no PIN.
    ProfileSet without_repeating() const {
        const auto file = m_scratch.path() / "policy.json";
        std::ofstream(file) << R"({"schemaVersion": "1.0", "patch": ["piv", "openpgp"],
                                   "pins": {"user": {"cache": {"policy": "none"}}}})";
        return ProfileSet::load({{file}});
    }

    std::size_t pins() { return std::exchange(m_card->pins, 0); }

    unsigned tries(Card& card) const { return card.begin().pin_status(PinRole::user).tries_left; }

    test::ScratchDirectory m_scratch;
    std::shared_ptr<Counted> m_card;
    std::shared_ptr<reader::Device> m_device;

  private:
    void prepare() {
        const auto reader = process();
        const Cards cards = tokens(*reader);
        ASSERT_EQ(cards.size(), 2U);
        cards[0]->begin().login(PinRole::user, view_of(user_pin));
        cards[0]->begin().generate(key_of(*cards[0]), KeyType::p256);
        cards[1]->begin().login(PinRole::so, view_of(officer_pin));
        cards[1]->begin().generate(key_of(*cards[1]), KeyType::p256);
        cards[0]->log_out(Card::Ending::command);
        cards[1]->log_out(Card::Ending::command);
        m_card->pins = 0;
    }
};

TEST_P(TwoApplications, AProcessThatUsesTheOtherOneCostsNoTryAndNoLogin) {
    const auto ours = process();
    const Cards cards = tokens(*ours);
    const auto theirs = process();
    const Cards others = tokens(*theirs);
    cards[0]->begin().login(PinRole::user, view_of(user_pin));
    others[1]->begin().login(PinRole::user, view_of(user_pin));
    for (int round = 0; round < 3; ++round) {
        pins();
        sign(*cards[0]);
        EXPECT_EQ(pins(), 1U) << "the other application's process ended ours";
        sign(*others[1]);
        EXPECT_EQ(pins(), 1U);
        sign(*others[1]);
        EXPECT_EQ(pins(), 0U);
    }
    EXPECT_EQ(tries(*cards[0]), 3U);
    EXPECT_EQ(tries(*others[1]), 3U);
}

TEST_P(TwoApplications, WithoutARepeatedPinALoginEndsAndIsNotBelieved) {
    const ProfileSet profiles = without_repeating();
    const auto ours = process();
    const Cards cards = tokens(*ours, profiles);
    const auto theirs = process();
    const Cards others = tokens(*theirs, profiles);
    cards[0]->begin().login(PinRole::user, view_of(user_pin));
    sign(*cards[0]);
    others[1]->begin().login(PinRole::user, view_of(user_pin));
    pins();
    EXPECT_EQ(error_of([&] { sign(*cards[0]); }).kind(), Error::Kind::not_logged_in);
    EXPECT_FALSE(cards[0]->login());
    EXPECT_EQ(error_of([&] { sign(*others[1]); }).kind(), Error::Kind::not_logged_in);
    EXPECT_EQ(pins(), 0U);
}

TEST_P(TwoApplications, BothProcessesUseBoth) {
    const auto ours = process();
    const Cards cards = tokens(*ours);
    const auto theirs = process();
    const Cards others = tokens(*theirs);
    for (const auto* process_cards : {&cards, &others}) {
        for (const auto& card : *process_cards) {
            card->begin().login(PinRole::user, view_of(user_pin));
        }
    }
    for (int round = 0; round < 2; ++round) {
        for (Card* card : {cards[0].get(), others[1].get(), others[0].get(), cards[1].get()}) {
            sign(*card);
        }
    }
    EXPECT_EQ(tries(*cards[0]), 3U);
    EXPECT_EQ(tries(*cards[1]), 3U);
    EXPECT_TRUE(cards[0]->login() && cards[1]->login() && others[0]->login() && others[1]->login());
}

TEST_P(TwoApplications, WhatAnotherProcessWroteIsNewsForBoth) {
    const auto ours = process();
    const Cards cards = tokens(*ours);
    const auto theirs = process();
    const Cards others = tokens(*theirs);
    EXPECT_FALSE(cards[0]->begin().key(key_index(cards[0]->profile(), "9d")));
    others[0]->begin().login(PinRole::user, view_of(user_pin));
    others[0]->begin().generate(key_index(others[0]->profile(), "9d"), KeyType::p256);
    EXPECT_TRUE(cards[0]->stale());
    cards[1]->begin();  // it takes the news first
    EXPECT_TRUE(cards[0]->stale()) << "it did not drop yet what it remembers";
    EXPECT_TRUE(cards[0]->begin().key(key_index(cards[0]->profile(), "9d")));
    EXPECT_FALSE(cards[0]->stale());
}

/// Of a software card that is exchanged nobody hears before it is powered again.
class ExchangedCard : public TwoApplications {};

TEST_P(ExchangedCard, EndsBoth) {
    const auto ours = process();
    const Cards cards = tokens(*ours);
    softcard::CreateOptions options;
    options.name = "second";
    options.applets = {"piv", "openpgp"};
    options.pin_iterations = 10;
    softcard::create(m_scratch.path(), options);
    cards[1]->begin().login(PinRole::user, view_of(user_pin));
    pins();
    std::filesystem::rename(softcard::card_file(m_scratch.path(), "second"),
                            softcard::card_file(m_scratch.path(), "main"));
    const auto theirs = process();
    tokens(*theirs);  // powers the new card, which has the ATR of the old one
    EXPECT_EQ(error_of([&] { cards[0]->begin(); }).kind(), Error::Kind::swapped);
    EXPECT_FALSE(cards[0]->alive());
    EXPECT_FALSE(cards[1]->alive());
    EXPECT_EQ(error_of([&] { cards[1]->begin(); }).kind(), Error::Kind::swapped);
    EXPECT_EQ(pins(), 0U) << "a PIN is never sent to another card";
}

INSTANTIATE_TEST_SUITE_P(Handovers, ExchangedCard, testing::Values(reader::HandoverPolicy::reset));
INSTANTIATE_TEST_SUITE_P(Handovers, TwoApplications,
                         testing::Values(reader::HandoverPolicy::reset, reader::HandoverPolicy::keep),
                         [](const auto& row) {
                             return row.param == reader::HandoverPolicy::keep ? "keep" : "reset";
                         });

}  // namespace
}  // namespace jeton::card
