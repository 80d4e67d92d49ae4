// Mutated OpenPGP commands in a long deterministic run: the card always answers, and the sanitizers see every
// step.
#include <array>
#include <gtest/gtest.h>
#include <random>

#include "softcard/card_json.hpp"
#include "softcard/openpgp_under_test.hpp"

namespace jeton::softcard::openpgp {
namespace {

constexpr std::array seeds{
    "00A4040006D27600012401",
    "00A4040005A000000308",
    "00CA006E00",
    "00CA00FA08",
    "00C0000000",
    "00CC7F2100",
    "00A501040660045C027F21",
    "00DA005E03616461",
    "10DA010102AABB",
    "00DA00C10A162B06010401DA470F01",
    "00DA00C209122A8648CE3D030107",
    "00DA00C40101",
    "00DA00D3083132333435363738",
    "00DA00D510000102030405060708090A0B0C0D0E0F",
    "00DA00D6020120",
    "00DA00F903810100",
    "0020008106313233343536",
    "0020008206313233343536",
    "00200083083132333435363738",
    "0020FF81",
    "002400810C313233343536313233343536",
    "002C028106313233343536",
    "002C00810E3132333435363738313233343536",
    "00478000 02 A400 00",
    "00478100 02 B600 00",
    "00DB3FFF 2C 4D2A B600 7F4802 9220 5F4820 "
    "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20",
    "002A9E9A 04 01020304 00",
    "002A8086 27 A625 7F4922 8620 0900000000000000000000000000000000000000000000000000000000000000 00",
    "002A8680 10 00112233445566778899AABBCCDDEEFF 00",
    "00880000 04 01020304 00",
    "002241B803830103",
    "0084000008",
    "00E60000",
    "00440000",
};

/// An RSA key takes a second under the sanitizers.
bool has_rsa_attributes(const Medium& medium) {
    const State state = std::get<CardState>(read_card(*medium.bytes)).openpgp.value();
    for (std::size_t place = 0; place < key_count; ++place) {
        if (std::holds_alternative<RsaModulus>(state.algorithm(place).kind)) {
            return true;
        }
    }
    return false;
}

TEST(OpenPgpHostile, EveryCommandIsAnswered) {
    const auto medium = new_medium();
    CardUnderTest card(medium);
    card.verify(pw3);
    card.use_algorithm(signature_key, "16 2B6570");
    card.use_algorithm(decryption_key, "12 2B656E");
    card.use_algorithm(authentication_key, "16 2B6570");
    for (std::size_t place = 0; place < key_count; ++place) {
        card.generate(place);
    }
    const SecretBytes fresh = *medium->bytes;
    std::mt19937 random(22);
    for (int i = 0; i < 6000; ++i) {
        if (i % 50 == 0) {
            medium->bytes = fresh;
            ++medium->writes;
            card.restart();
            if (i % 100 == 0) {
                card.verify_all();
            }
        }
        Bytes apdu = hex(seeds[random() % seeds.size()]);
        for (auto changes = random() % 4; changes > 0; --changes) {
            Byte& byte = apdu[random() % apdu.size()];
            byte = random() % 2 == 0 ? static_cast<Byte>(random())
                                     : static_cast<Byte>(byte ^ (1U << random() % 8));
        }
        if (random() % 8 == 0) {
            apdu.resize(random() % apdu.size());
        }
        const bool generates = apdu.size() > 2 && apdu[1] == 0x47 && apdu[2] == 0x80;
        if (!generates || !has_rsa_attributes(*medium)) {
            ASSERT_NE(card.send(apdu).status, 0x6F00U) << to_hex(apdu);
        }
    }
}

}  // namespace
}  // namespace jeton::softcard::openpgp
