// The whole way: Card, leases, CCID messages, emulated reader, software card. What it costs is part of the
// promise.
#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "card/card.hpp"
#include "card/support/profiles.hpp"
#include "crypto/padding.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/reader.hpp"
#include "softcard/store.hpp"

namespace jeton::card {
namespace {

constexpr std::string_view pin = "123456";

/// CountingCard counts the commands at the card's contacts.
class CountingCard final : public reader::SimulatedCard {
  public:
    explicit CountingCard(std::shared_ptr<reader::SimulatedCard> card) : m_card(std::move(card)) {}

    bool present() override { return m_card->present(); }
    Bytes power_on() override { return m_card->power_on(); }
    void power_off() override { m_card->power_off(); }
    SecretBytes transmit(View command) override {
        ++m_commands;
        return m_card->transmit(command);
    }

    std::size_t commands() const { return m_commands; }

  private:
    std::shared_ptr<reader::SimulatedCard> m_card;
    std::size_t m_commands = 0;
};

struct ReaderKind {
    const char* name;
    reader::ExchangeLevel level;
    std::size_t max_message;
    std::size_t certificate;  ///< budget of a certificate of up to 1000 bytes
    std::size_t signature;    ///< budget of an RSA-2048 signature
};

void PrintTo(const ReaderKind& kind, std::ostream* out) {
    *out << kind.name;
}

class WholeWay : public testing::TestWithParam<ReaderKind> {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "jeton-card-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        m_directory = name;
        softcard::create(m_directory,
                         {.name = "main", .applets = {"piv"}, .management_key = {}, .pin_iterations = 10});
        m_reader = open_reader();
    }
    void TearDown() override {
        m_reader.reset();
        std::filesystem::remove_all(m_directory);
    }

    /// open_reader is what each process does for itself.
    std::unique_ptr<reader::Reader> open_reader() {
        auto card =
            std::make_shared<CountingCard>(softcard::insert(softcard::card_file(m_directory, "main")));
        m_counter = card;
        const reader::EmulationOptions options{.level = GetParam().level,
                                               .max_message = GetParam().max_message};
        return std::make_unique<reader::Reader>(reader::ReaderPlace{
            .name = "jeton soft card main",
            .key = "softcard:main",
            .lease_file = softcard::lease_file(m_directory, "main"),
            .open = [card, options] { return reader::make_emulated_reader(card, options); }});
    }

    /// prepare gives the card RSA keys in 9A and 9C and a certificate.
    void prepare() {
        const auto card = Card::recognise(m_reader->slot(), built_in_profiles());
        ASSERT_TRUE(card);
        Burst burst = card->begin();
        burst.login(PinRole::user, view_of(pin));
        m_key_9a = std::get<crypto::RsaPublicKey>(
            burst.generate(key_index(card->profile(), "9a"), KeyType::rsa2048)->public_key);
        m_key_9c = std::get<crypto::RsaPublicKey>(
            burst.generate(key_index(card->profile(), "9c"), KeyType::rsa2048)->public_key);
        burst.write_object(object_index(card->profile(), "cert-9d"), vector_file("rsa-certificate.hex"));
        burst.logout();
    }

    /// cost counts the commands of |function| at the card, which must be those that the card layer counts.
    template <typename Function>
    std::size_t cost(Function&& function) {
        const std::size_t before = m_counter->commands();
        function();
        return m_counter->commands() - before;
    }

    std::filesystem::path m_directory;
    std::shared_ptr<CountingCard> m_counter;
    std::unique_ptr<reader::Reader> m_reader;
    crypto::RsaPublicKey m_key_9a;
    crypto::RsaPublicKey m_key_9c;
};

TEST_P(WholeWay, CostsWhatItShould) {
    prepare();
    m_reader = open_reader();
    std::unique_ptr<Card> card;
    EXPECT_EQ(cost([&] { card = Card::recognise(m_reader->slot(), built_in_profiles()); }), 2U);
    ASSERT_TRUE(card);
    const std::size_t key_9a = key_index(card->profile(), "9a");
    const std::size_t key_9c = key_index(card->profile(), "9c");
    const std::size_t certificate = object_index(card->profile(), "cert-9d");

    EXPECT_EQ(cost([&] { card->begin().login(PinRole::user, view_of(pin)); }), 1U);
    EXPECT_EQ(cost([&] {
                  EXPECT_EQ(card->begin().object(certificate)->value, vector_file("rsa-certificate.hex"));
              }),
              GetParam().certificate);

    const Bytes content =
        crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, view_of("text")));
    const Bytes block = crypto::pad_pkcs_signature(256, content).value();
    ASSERT_EQ(card->begin().key(key_9a)->public_key, crypto::PublicKey(m_key_9a));
    ASSERT_EQ(card->begin().key(key_9c)->public_key, crypto::PublicKey(m_key_9c));
    SecretBytes signature;
    const auto sign = [&](std::size_t key) {
        signature = card->begin().compute(key, Primitive::rsa_raw, Verb::sign, block);
    };
    EXPECT_EQ(cost([&] { sign(key_9a); }), GetParam().signature);
    EXPECT_TRUE(crypto::verify_rsa_pkcs(m_key_9a, content, signature));
    EXPECT_EQ(cost([&] {
                  card->begin().login_for_key(key_9c, view_of(pin));
                  sign(key_9c);
              }),
              GetParam().signature + 1);
    EXPECT_TRUE(crypto::verify_rsa_pkcs(m_key_9c, content, signature));
    EXPECT_EQ(card->exchanges(), m_counter->commands());
}

TEST_P(WholeWay, SurvivesAnotherProcessOnTheSameCard) {
    auto& ours = *m_reader;
    const auto card = Card::recognise(ours.slot(), built_in_profiles());
    ASSERT_TRUE(card);
    const std::size_t key = key_index(card->profile(), "9a");
    card->begin().login(PinRole::user, view_of(pin));
    EXPECT_EQ(card->begin().key(key), nullptr);

    // The same reader seen from another process: a Reader of its own on the same lease file.
    const auto theirs = open_reader();
    const auto other = Card::recognise(theirs->slot(), built_in_profiles());
    ASSERT_TRUE(other);
    EXPECT_THROW(other->begin().generate(key, KeyType::p256), Error);
    other->begin().login(PinRole::user, view_of(pin));
    const auto made = std::get<crypto::EcPublicKey>(other->begin().generate(key, KeyType::p256)->public_key);

    const auto seen = card->begin().key(key);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->public_key, crypto::PublicKey(made));
    const Bytes hash(32, 0x77);
    EXPECT_TRUE(
        crypto::verify_ecdsa(made, hash, card->begin().compute(key, Primitive::ecdsa, Verb::sign, hash)));
}

TEST_P(WholeWay, ServesManyThreads) {
    const auto card = Card::recognise(m_reader->slot(), built_in_profiles());
    ASSERT_TRUE(card);
    const std::size_t key = key_index(card->profile(), "9a");
    card->begin().login(PinRole::user, view_of(pin));
    const auto made = std::get<crypto::EcPublicKey>(card->begin().generate(key, KeyType::p256)->public_key);
    const Bytes hash(32, 0x77);
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 8; ++round) {
                const SecretBytes signature = card->begin().compute(key, Primitive::ecdsa, Verb::sign, hash);
                good += crypto::verify_ecdsa(made, hash, signature) ? 1 : 0;
            }
        });
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                good += card->alive() && card->login() && card->known_key(key) && card->version() != 0 &&
                                card->exchanges() != 0 && !card->known_label() &&
                                card->known_pin_status(PinRole::user)
                            ? 0
                            : 1000;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(good, 4 * 8);
}

INSTANTIATE_TEST_SUITE_P(
    Readers, WholeWay,
    testing::Values(ReaderKind{"extended", reader::ExchangeLevel::extended_apdu, 65556, 1, 1},
                    ReaderKind{"extended, small messages", reader::ExchangeLevel::extended_apdu, 271, 1, 1},
                    ReaderKind{"short", reader::ExchangeLevel::short_apdu, 271, 4, 3}));

}  // namespace
}  // namespace jeton::card
