// Mutated commands in long deterministic runs: the card always answers, and the sanitizers see every step.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>

#include "softcard/card_json.hpp"
#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

constexpr std::array seeds{
    "00A4040009A0000003080000100000",
    "00CB3FFF055C035FC10200",
    "00CB3FFF035C017E08",
    "00C0000000",
    "00DB3FFF095C035FC1055302AABB",
    "10DB3FFF055C035FC105",
    "00DB3FFF000009 5C035FC1055302AABB 0000",
    "0020008008313233343536FFFF",
    "0020FF80",
    "0024008010313233343536FFFF313233343536FFFF",
    "002C00801031323334353637383132333435 36FFFF",
    "0047009A05AC0380011100",
    "0047009C0BAC09800114AA0103AB010000",
    "00870A9B047C02800000",
    "00870A9B147C12821000000000000000000000000000000000",
    "0087119C087C0682008102010200",
    "0087119A097C0782008503040000 00",
    "00F7009A00",
    "00F7008000",
    "00F8000000",
    "00FD000000",
    "00FFFFFF13089B10000102030405060708090A0B0C0D0E0F",
};

class Mutator {
  public:
    Bytes next() {
        Bytes apdu = hex(seeds[below(seeds.size())]);
        for (std::size_t changes = below(4); changes > 0 && !apdu.empty(); --changes) {
            change(apdu);
        }
        return apdu;
    }

  private:
    std::size_t below(std::size_t limit) { return m_random() % limit; }

    void change(Bytes& apdu) {
        const std::size_t place = below(apdu.size());
        const auto at = apdu.begin() + static_cast<std::ptrdiff_t>(place);
        switch (below(5)) {
            case 0:
                apdu[place] = static_cast<Byte>(m_random());
                break;
            case 1:
                apdu[place] ^= static_cast<Byte>(1U << below(8));
                break;
            case 2:
                apdu.erase(at, apdu.end());
                break;
            case 3:
                apdu.insert(at, below(300), static_cast<Byte>(m_random()));
                break;
            default:
                apdu.erase(at);
        }
    }

    std::mt19937 m_random{20};
};

/// An RSA key takes a second under the sanitizers; keys_test.cpp makes one.
bool makes_rsa_key(const Bytes& apdu) {
    return apdu.size() > 4 && apdu[1] == 0x47 &&
           std::ranges::find(apdu.begin() + 4, apdu.end(), 0x07) != apdu.end();
}

TEST(Hostile, EveryCommandIsAnswered) {
    const auto medium = new_medium();
    const SecretBytes fresh = *medium->bytes;
    CardUnderTest card(medium);
    Mutator mutator;
    for (int i = 0; i < 20000; ++i) {
        if (i % 50 == 0) {
            medium->bytes = fresh;
            ++medium->writes;
            card.restart();
            if (i % 100 == 0) {
                card.become_administrator();
                card.verify();
            }
        }
        const Bytes apdu = mutator.next();
        if (!makes_rsa_key(apdu)) {
            ASSERT_NE(card.send(apdu).status, 0x6F00U) << to_hex(apdu);
        }
    }
}

TEST(Hostile, EveryMutatedFileIsReadOrRefused) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9A, 0x11);
    const Bytes whole = to_bytes(*card.medium().bytes);
    std::mt19937 random(21);
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        Bytes text = whole;
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            text[random() % text.size()] = static_cast<Byte>(random());
        }
        if (random() % 4 == 0) {
            text.resize(random() % text.size());
        }
        refused += std::holds_alternative<JsonError>(read_card(text)) ? 1 : 0;
    }
    EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace jeton::softcard
