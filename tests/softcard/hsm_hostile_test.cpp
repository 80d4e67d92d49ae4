// Mutated commands in long deterministic runs: the application sc-hsm always answers, and the sanitizers see
// every step.
#include <array>
#include <gtest/gtest.h>
#include <random>

#include "softcard/card_json.hpp"
#include "softcard/hsm_under_test.hpp"

namespace jeton::softcard {
namespace {

constexpr std::array hsm_seeds{
    "00A404000BE82B0601040181C31F020100",
    "00A40000022F0200",
    "0020008106313233343536",
    "0024008112313233343536313233343536",
    "002C00810E3132333435363738313233343536",
    "805000001B 80020001 8106313233343536 82083132333435363738 910103 920101",
    "8052000020 0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    "80580000000000",
    "804804B003900105",
    "8068017004 00112233",
    "8068017304 00112233",
    "8078021010 00112233445566778899AABBCCDDEEFF",
    "8078025127 0609608648016503040106 8104AABBCCDD 820CA0A1A2A3A4A5A6A7A8A9AAAB 830201020000",
    "80720292000000",
    "80740593",
    "0084000010",
    "00B1CF0104540200000000",
    "00D7CF010854020000 5302AABB",
    "00D7CD010854020000 5302AABB",
    "00D72F100854020000 5302AABB",
    "00E4020002CF01",
};

class HsmMutator {
  public:
    Bytes next() {
        Bytes apdu = below(24) == 0 ? generate() : hex(hsm_seeds[below(hsm_seeds.size())]);
        for (std::size_t changes = below(4); changes > 0 && !apdu.empty(); --changes) {
            change(apdu);
        }
        return apdu;
    }

  private:
    std::size_t below(std::size_t limit) { return m_random() % limit; }

    static Bytes generate() {
        const Bytes request = pair_request(crypto::Curve::p256);
        Bytes apdu = hex("0046030000");
        append(apdu, Bytes{static_cast<Byte>(request.size() >> 8), static_cast<Byte>(request.size() & 0xFF)});
        append(apdu, request);
        append(apdu, Bytes{0, 0});
        return apdu;
    }

    void change(Bytes& apdu) {
        const std::size_t place = below(apdu.size());
        switch (below(4)) {
            case 0:
                apdu[place] = static_cast<Byte>(m_random());
                break;
            case 1:
                apdu[place] ^= static_cast<Byte>(1U << below(8));
                break;
            case 2:
                apdu.resize(place);
                break;
            default:
                apdu.insert(apdu.begin() + static_cast<std::ptrdiff_t>(place), static_cast<Byte>(m_random()));
        }
    }

    std::mt19937 m_random{20261126};
};

TEST(HsmHostile, EveryCommandIsAnsweredAndTheFileStaysReadable) {
    HsmUnderTest card;
    card.with_dkek();
    HsmMutator mutator;
    for (int i = 0; i < 1500; ++i) {
        if (i % 100 == 0) {
            card.restart();
            if (card.initialize("920100").status == 0x9000) {
                card.command("00200081", view_of(hsm_pin));
                card.send("804802B0");
                card.command("00460100", pair_request(crypto::Curve::p256));
            }
        }
        const Bytes apdu = mutator.next();
        const Answer answer = card.send(apdu);
        ASSERT_TRUE(answer.status >= 0x6100 && answer.status <= 0x9000) << to_hex(apdu);
        ASSERT_NE(answer.status, 0x6F00U) << to_hex(apdu);
    }
    EXPECT_TRUE(std::holds_alternative<CardState>(read_card(*card.medium().bytes)));
}

}  // namespace
}  // namespace jeton::softcard
