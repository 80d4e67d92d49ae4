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
    "00FFFFFE1B039B18010203040506070801020304050607080102030405060708",
    "0020000008373737373737FFFF",
    "0047009A0BAC098001E0AA0101AB0103",
    "0087E09E087C0682008102010200",
    "0087E19E267C2482008520 E6DB6867583030DB3594C1A424B15F7C726624EC26B3353B10A903A6D0AB1C4C00",
    "00FE119E25 0620C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721 AA0101",
    "00FEE09E22 07204CCD089B28FF96DA9DB6C346EC114E0F5B8A319F35ABA624DA8CF6ED4FB8A6FB",
    "00FE0682 10 0102FFF1 0202FFF3 030201 0A 040201 0B",
    "00F6829A",
    "00F6FF9E",
    "00F99E0000",
    "00FA0505",
    "00FB0000",
    "002C0080 10 3132333435363739 313233343536FFFF",
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
    const auto is_rsa = [](Byte byte) { return byte == 0x05 || byte == 0x07 || byte == 0x16; };
    return apdu.size() > 4 && apdu[1] == 0x47 && std::any_of(apdu.begin() + 4, apdu.end(), is_rsa);
}

TEST(Hostile, EveryCommandIsAnswered) {
    CreateOptions options = fixed_options();
    options.global_pin = "777777";
    options.pin_iterations = 1;
    const auto medium = new_medium(options);
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
    card.generate(0x9E, 0xE0);
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
