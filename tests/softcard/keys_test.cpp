#include <algorithm>
#include <ctime>
#include <gtest/gtest.h>
#include <system_error>

#include "crypto/digest.hpp"
#include "crypto/padding.hpp"
#include "softcard/card_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

constexpr Byte rsa2048 = 0x07;
constexpr Byte p256 = 0x11;
constexpr Byte p384 = 0x14;
constexpr Byte ed25519 = 0xE0;
constexpr Byte x25519 = 0xE1;
constexpr std::uint32_t challenge = 0x81;
constexpr std::uint32_t point = 0x85;

class KeysTest : public testing::Test {
  protected:
    void SetUp() override { card.become_administrator(); }

    CardUnderTest card;
};

TEST_F(KeysTest, RsaSignsAndDecryptsInEveryForm) {
    const auto key = std::get<crypto::RsaPublicKey>(card.generate(0x9A, rsa2048));
    EXPECT_EQ(key.modulus_bits(), 2048U);
    EXPECT_EQ(key.exponent, hex("010001"));
    const Bytes content = crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, {}));
    const Bytes block = *crypto::pad_pkcs_signature(256, content);
    const Bytes request =
        TlvWriter().nest(0x7C, [&](TlvWriter& out) { out.put(0x82, {}).put(0x81, block); }).take();
    EXPECT_EQ(card.command("0087079A", request).status, 0x6982U);
    card.verify();

    const Answer extended = card.command("0087079A", request);
    ASSERT_EQ(extended.status, 0x9000U);
    const auto signature = find_tlv_path(extended.data, {0x7C, 0x82});
    ASSERT_TRUE(signature && signature->size() == 256);
    EXPECT_TRUE(crypto::verify_rsa_pkcs(key, content, *signature));
    EXPECT_EQ(card.command_in_short_links("0087079A", request), extended) << "chained, with GET RESPONSE";

    const Bytes secret = hex("00112233");
    const Answer plain = card.authenticate(rsa2048, 0x9A, challenge, *crypto::encrypt_pkcs(key, secret));
    ASSERT_EQ(plain.status, 0x9000U);
    ASSERT_EQ(plain.data.size(), 256U);
    const auto unpadded = crypto::unpad_pkcs(plain.data);
    EXPECT_TRUE(unpadded && equal(*unpadded, secret));

    for (const std::size_t length : {0U, 255U, 257U}) {
        EXPECT_EQ(card.authenticate(rsa2048, 0x9A, challenge, Bytes(length, 1)).status, 0x6A80U) << length;
    }
    EXPECT_EQ(card.authenticate(rsa2048, 0x9A, challenge, key.modulus).status, 0x6A80U)
        << "not below the modulus";
    EXPECT_EQ(card.authenticate(rsa2048, 0x9A, point, block).status, 0x6A80U) << "no key agreement with RSA";

    const Answer metadata = card.send("00F7009A 000000");
    EXPECT_TRUE(equal(*find_tlv(metadata.data, 0x01), hex("07")));
    EXPECT_TRUE(equal(*find_tlv_path(metadata.data, {0x04}),
                      TlvWriter().put(0x81, key.modulus).put(0x82, key.exponent).take()));

    card.restart();
    card.verify();
    EXPECT_EQ(card.command("0087079A", request), extended) << "the key survives a restart";
}

struct CurveRow {
    Byte algorithm;
    crypto::Curve curve;
    crypto::Hash hash;
};

constexpr CurveRow curve_rows[] = {{p256, crypto::Curve::p256, crypto::Hash::sha256},
                                   {p384, crypto::Curve::p384, crypto::Hash::sha384}};

TEST_F(KeysTest, CurvesSign) {
    card.verify();
    for (const CurveRow& row : curve_rows) {
        const auto key = std::get<crypto::EcPublicKey>(card.generate(0x82, row.algorithm));
        ASSERT_TRUE(crypto::is_valid(key));
        const std::size_t field_bytes = crypto::curve_facts(row.curve).field_bytes;
        for (const crypto::Hash hash : {crypto::Hash::sha1, row.hash}) {
            const Bytes digest = crypto::digest(hash, view_of("message"));
            const Answer answer = card.authenticate(row.algorithm, 0x82, challenge, digest);
            ASSERT_EQ(answer.status, 0x9000U);
            const auto signature = crypto::ecdsa_raw_from_der(answer.data, field_bytes);
            ASSERT_TRUE(signature.has_value());
            EXPECT_TRUE(crypto::verify_ecdsa(key, digest, *signature));
            EXPECT_FALSE(crypto::verify_ecdsa(key, crypto::digest(hash, view_of("other")), *signature));
        }
        EXPECT_EQ(card.authenticate(row.algorithm, 0x82, challenge, Bytes(field_bytes + 1, 1)).status,
                  0x6A80U);
    }
}

TEST_F(KeysTest, CurvesAgreeInEverySlot) {
    card.verify();
    for (const CurveRow& row : curve_rows) {
        const auto peer = crypto::PrivateKey::generate_ec(row.curve);
        const Bytes peer_point = std::get<crypto::EcPublicKey>(peer.public_key()).point;
        for (const Byte reference : hex("9A9D9E8295")) {
            const auto key = std::get<crypto::EcPublicKey>(card.generate(reference, row.algorithm));
            const Answer answer = card.authenticate(row.algorithm, reference, point, peer_point);
            ASSERT_EQ(answer.status, 0x9000U);
            const auto expected = peer.agree(key.point);
            ASSERT_TRUE(expected.has_value());
            EXPECT_TRUE(equal(answer.data, *expected));
        }
    }
}

TEST_F(KeysTest, EdDsaSignsTheMessageItself) {
    card.verify();
    const auto key = std::get<crypto::OkpPublicKey>(card.generate(0x9A, ed25519));
    for (const std::size_t length : {0U, 1U, 32U, 5000U, 16368U}) {
        const Bytes message(length, 0x6D);
        const Answer answer = card.authenticate(ed25519, 0x9A, challenge, message);
        ASSERT_EQ(answer.status, 0x9000U) << length;
        EXPECT_TRUE(crypto::verify_eddsa(key, message, answer.data)) << length;
    }
    EXPECT_EQ(card.authenticate(ed25519, 0x9A, challenge, Bytes(16369)).status, 0x6A80U);
    EXPECT_EQ(card.authenticate(ed25519, 0x9A, point, Bytes(32, 9)).status, 0x6A80U);
}

TEST_F(KeysTest, X25519Agrees) {
    card.verify();
    const auto peer = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    const Bytes peer_value = std::get<crypto::OkpPublicKey>(peer.public_key()).value;
    for (const Byte reference : hex("9A9C9D9E8295")) {
        const auto key = std::get<crypto::OkpPublicKey>(card.generate(reference, x25519));
        card.verify();
        const Answer answer = card.authenticate(x25519, reference, point, peer_value);
        ASSERT_EQ(answer.status, 0x9000U);
        EXPECT_TRUE(equal(answer.data, peer.agree(key.value).value()));
    }
    EXPECT_EQ(card.authenticate(x25519, 0x9D, challenge, peer_value).status, 0x6A80U);
}

struct RsaRow {
    Byte algorithm;
    std::size_t bits;
};

TEST_F(KeysTest, RsaKeysOfEveryLengthAreImportedAndUsed) {
    card.verify();
    for (const RsaRow& row :
         {RsaRow{0x06, 1024}, RsaRow{rsa2048, 2048}, RsaRow{0x05, 3072}, RsaRow{0x16, 4096}}) {
        const auto key = crypto::PrivateKey::generate_rsa(row.bits);
        ASSERT_EQ(card.import(0x9D, row.algorithm, key).status, 0x9000U) << row.bits;
        Bytes block(row.bits / 8, 0x5A);
        block.front() = 0x00;
        const Answer answer = card.authenticate(row.algorithm, 0x9D, challenge, block);
        ASSERT_EQ(answer.status, 0x9000U) << row.bits;
        EXPECT_TRUE(equal(answer.data, key.rsa_private(block).value())) << row.bits;
    }
}

TEST_F(KeysTest, RsaKeysOf3072BitsAreGenerated) {
    const auto key = std::get<crypto::RsaPublicKey>(card.generate(0x9A, 0x05));
    EXPECT_EQ(key.modulus_bits(), 3072U);
}

TEST_F(KeysTest, ImportedKeysComputeWhatTheirOriginalsDo) {
    card.verify();
    const auto p384_key = crypto::PrivateKey::generate_ec(crypto::Curve::p384);
    ASSERT_EQ(card.import(0x82, p384, p384_key).status, 0x9000U);
    const auto peer = crypto::PrivateKey::generate_ec(crypto::Curve::p384);
    const Answer answer =
        card.authenticate(p384, 0x82, point, std::get<crypto::EcPublicKey>(peer.public_key()).point);
    const auto expected = peer.agree(std::get<crypto::EcPublicKey>(p384_key.public_key()).point);
    EXPECT_TRUE(equal(answer.data, expected.value()));
    EXPECT_EQ(card.import(0x82, p256, p384_key).status, 0x6A80U) << "another curve";
}

/// The processor's time for ten computations, the best of some rounds.
template <typename Compute>
double best_time(const Compute& compute) {
    const auto now = [] {
        timespec time{};
        EXPECT_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), 0);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    double best = 1e9;
    for (int round = 0; round < 7; ++round) {
        const double start = now();
        for (int i = 0; i < 10; ++i) {
            compute();
        }
        best = std::min(best, now() - start);
    }
    return best;
}

TEST_F(KeysTest, AKeyIsOpenedOnceALogin) {
    const auto key = crypto::PrivateKey::generate_rsa(2048);
    ASSERT_EQ(card.import(0x9A, rsa2048, key).status, 0x9000U);
    card.verify();
    const Bytes block(256, 0x01);
    const double alone = best_time([&] { ASSERT_TRUE(key.rsa_private(block)); });
    const double on_card =
        best_time([&] { ASSERT_EQ(card.authenticate(rsa2048, 0x9A, challenge, block).status, 0x9000U); });
    RecordProperty("on_card_to_alone", std::to_string(on_card / alone));
    EXPECT_LT(on_card, 2 * alone) << "opening the key takes twice as long as using it";
}

TEST_F(KeysTest, PointsOfAnotherCurveAreRefused) {
    card.verify();
    card.generate(0x9D, p256);
    const auto peer = crypto::PrivateKey::generate_ec(crypto::Curve::p384);
    const Bytes peer_point = std::get<crypto::EcPublicKey>(peer.public_key()).point;
    EXPECT_EQ(card.authenticate(p256, 0x9D, point, peer_point).status, 0x6A80U);
    EXPECT_EQ(card.authenticate(p256, 0x9D, point, View(peer_point).first(65)).status, 0x6A80U);
}

struct PolicyRow {
    Byte reference;
    const char* asked;
    unsigned without_pin;
    unsigned after_other_command;
};

TEST_F(KeysTest, PinPoliciesAreKept) {
    constexpr PolicyRow rows[] = {
        {0x9A, "", 0x6982, 0x9000},       {0x9C, "", 0x6982, 0x6982},       {0x9E, "", 0x9000, 0x9000},
        {0x9A, "AA0100", 0x6982, 0x9000}, {0x9C, "AA0101", 0x9000, 0x9000}, {0x9C, "AA0102", 0x6982, 0x9000},
        {0x9E, "AA0103", 0x6982, 0x6982}, {0x82, "AA0103", 0x6982, 0x6982},
    };
    for (const PolicyRow& row : rows) {
        SCOPED_TRACE(std::to_string(row.reference) + " " + row.asked);
        card.generate(row.reference, p256, row.asked);
        card.send("0020FF80");
        EXPECT_EQ(card.authenticate(p256, row.reference, challenge, hex("01")).status, row.without_pin);
        card.verify();
        EXPECT_EQ(card.authenticate(p256, row.reference, challenge, hex("01")).status, 0x9000U);
        EXPECT_EQ(card.authenticate(p256, row.reference, challenge, hex("01")).status,
                  row.after_other_command);
    }
}

TEST_F(KeysTest, GeneratingAgainReplacesTheKey) {
    const auto first = card.generate(0x9E, p256);
    const auto second = card.generate(0x9E, p384);
    EXPECT_NE(first, second);
    EXPECT_EQ(card.authenticate(p256, 0x9E, challenge, hex("01")).status, 0x6A86U);
    EXPECT_EQ(card.authenticate(p384, 0x9E, challenge, hex("01")).status, 0x9000U);
}

TEST_F(KeysTest, AFullDiskMakesNoKey) {
    card.before_write([](View) { throw std::system_error(ENOSPC, std::generic_category()); });
    EXPECT_EQ(card.send("0047009E05AC03800111"), (Answer{{}, 0x6581}));
    EXPECT_EQ(card.send("00F7009E00").status, 0x6A88U);
}

}  // namespace
}  // namespace jeton::softcard
