#include <algorithm>
#include <gtest/gtest.h>

#include "crypto/block_cipher.hpp"
#include "softcard/card_state.hpp"
#include "softcard/card_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view write_certificate = "00DB3FFF085C035FC1055301AA";

TEST(Administrator, MutualAuthenticationOpensTheCard) {
    CardUnderTest card;
    EXPECT_EQ(card.send(write_certificate).status, 0x6982U);
    card.become_administrator();
    EXPECT_EQ(card.send(write_certificate).status, 0x9000U);
}

TEST(Administrator, EveryAesKeyLengthServes) {
    for (const std::size_t length : {16U, 24U, 32U}) {
        CreateOptions options = fixed_options();
        options.management_key = Bytes(length, 0x5A);
        CardUnderTest card(new_medium(options));
        card.become_administrator(options.management_key);
        EXPECT_EQ(card.send(write_certificate).status, 0x9000U) << length;
    }
}

TEST(Administrator, ATripleDesKeyServes) {
    CreateOptions options = fixed_options();
    options.management_algorithm = ManagementAlgorithm::tdes;
    CardUnderTest card(new_medium(options));
    EXPECT_EQ(card.try_administrator(options.management_key, ManagementAlgorithm::aes192).status, 0x6A86U);
    card.become_administrator(options.management_key, ManagementAlgorithm::tdes);
    EXPECT_EQ(card.send(write_certificate).status, 0x9000U);
}

TEST(Administrator, SwitchesBetweenAlgorithms) {
    CardUnderTest card;
    card.become_administrator();
    Bytes present = fixed_options().management_key;
    for (const ManagementFacts& facts : management_algorithms()) {
        Bytes request{static_cast<Byte>(facts.algorithm), 0x9B, static_cast<Byte>(facts.key_bytes)};
        present = Bytes(facts.key_bytes, static_cast<Byte>(facts.algorithm));
        append(request, present);
        EXPECT_EQ(card.command("00FFFFFF", request).status, 0x9000U) << facts.name;
        card.restart();
        card.become_administrator(present, facts.algorithm);
        EXPECT_EQ(card.send(write_certificate).status, 0x9000U) << facts.name;
    }
}

TEST(Administrator, ARandomKeyIsOfTheAlgorithmAskedFor) {
    for (const ManagementFacts& facts : management_algorithms()) {
        CreateOptions options = fixed_options();
        options.management_key.clear();
        options.management_algorithm = facts.algorithm;
        CardUnderTest card(new_medium(options));
        card.verify();
        const Answer printed = card.send("00CB3FFF055C035FC10900");
        const auto key = find_tlv_path(printed.data, {0x53, 0x88, 0x89});
        ASSERT_TRUE(key && key->size() == facts.key_bytes) << facts.name;
        card.become_administrator(*key, facts.algorithm);
    }
}

TEST(Administrator, ANewKeyMakesABegunAuthenticationVoid) {
    CardUnderTest card;
    CardUnderTest other(std::shared_ptr<Medium>(&card.medium(), [](Medium*) {}));
    other.become_administrator();
    EXPECT_EQ(card.send("00870A9B047C02810000").status, 0x9000U);
    EXPECT_EQ(
        other.command("00FFFFFF", hex("039B18 010203040506070801020304050607080102030405060708")).status,
        0x9000U);
    EXPECT_EQ(card.send("0087039B0C7C0A8208 0000000000000000").status, 0x6982U);
}

TEST(Administrator, ExternalAuthenticationOpensTheCard) {
    CardUnderTest card;
    const Answer first = card.send("00870A9B047C02810000");
    const auto challenge = find_tlv_path(first.data, {0x7C, 0x81});
    ASSERT_TRUE(challenge.has_value());
    const Bytes proof =
        TlvWriter()
            .nest(0x7C,
                  [&](TlvWriter& out) {
                      out.put(0x82, crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::encrypt,
                                                        fixed_options().management_key, *challenge));
                  })
            .take();
    EXPECT_EQ(card.command("00870A9B", proof), (Answer{{}, 0x9000}));
    EXPECT_EQ(card.send(write_certificate).status, 0x9000U);
    EXPECT_EQ(card.command("00870A9B", proof).status, 0x6982U) << "a challenge serves once";
    EXPECT_EQ(card.send(write_certificate).status, 0x6982U);
}

TEST(Administrator, AWrongKeyOpensNothing) {
    CardUnderTest card;
    const Answer first = card.send("00870A9B047C02800000");
    const auto witness = find_tlv_path(first.data, {0x7C, 0x80});
    ASSERT_TRUE(witness.has_value());
    const Bytes wrong_key(24, 0x11);
    const Bytes proof =
        TlvWriter()
            .nest(0x7C,
                  [&](TlvWriter& out) {
                      out.put(0x80, crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::decrypt,
                                                        wrong_key, *witness));
                      out.put(0x81, Bytes(16));
                  })
            .take();
    EXPECT_EQ(card.command("00870A9B", proof), (Answer{{}, 0x6982}));
    EXPECT_EQ(card.send(write_certificate).status, 0x6982U);
}

TEST(Administrator, ChallengesDiffer) {
    CardUnderTest card;
    EXPECT_NE(card.send("00870A9B047C02810000").data, card.send("00870A9B047C02810000").data);
    EXPECT_NE(card.send("00870A9B047C02800000").data, card.send("00870A9B047C02800000").data);
}

TEST(Administrator, ANewKeyReplacesTheOldOne) {
    CardUnderTest card;
    card.become_administrator();
    const Bytes key(32, 0xA5);
    Bytes request = hex("0C9B20");
    append(request, key);
    EXPECT_EQ(card.command("00FFFFFF", request).status, 0x9000U);
    card.restart();
    EXPECT_EQ(card.send("00870A9B047C02800000").status, 0x6A86U);
    card.become_administrator(key);
    EXPECT_EQ(card.send(write_certificate).status, 0x9000U);
}

TEST(Administrator, AProtectedKeyIsReadWithThePin) {
    CreateOptions options = fixed_options();
    options.management_key.clear();
    CardUnderTest card(new_medium(options));
    EXPECT_EQ(card.send("00CB3FFF055C035FFF0000"), (Answer{hex("5305 8003 810102"), 0x9000}));
    EXPECT_EQ(card.send("00CB3FFF055C035FC10900").status, 0x6982U);
    card.verify();
    const Answer printed = card.send("00CB3FFF055C035FC10900");
    const auto key = find_tlv_path(printed.data, {0x53, 0x88, 0x89});
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->size(), 24U);
    card.become_administrator(*key);
    EXPECT_EQ(card.send(write_certificate).status, 0x9000U);
    card.generate(0x9A, 0x11);
}

TEST(Administrator, AGivenKeyIsNotReadable) {
    CardUnderTest card;
    card.verify();
    EXPECT_EQ(card.send("00CB3FFF055C035FC10900").status, 0x6A82U);
    EXPECT_EQ(card.send("00CB3FFF055C035FFF0000").status, 0x6A82U);
}

TEST(Administrator, SerialNumbersAreNotNegative) {
    for (int i = 0; i < 40; ++i) {
        EXPECT_LT(make_card_state(fixed_options()).serial[0], 0x80);
    }
}

TEST(Administrator, GeneratedCardsDiffer) {
    CreateOptions options = fixed_options();
    options.management_key.clear();
    CardUnderTest one(new_medium(options));
    CardUnderTest other(new_medium(options));
    one.verify();
    other.verify();
    for (const char* command :
         {"00CB3FFF055C035FC10900", "00CB3FFF055C035FC10200", "00CB3FFF055C035FC10700", "00F8000000"}) {
        const Answer answer = one.send(command);
        EXPECT_EQ(answer.status, 0x9000U);
        EXPECT_NE(answer.data, other.send(command).data) << command;
    }
}

}  // namespace
}  // namespace jeton::softcard
