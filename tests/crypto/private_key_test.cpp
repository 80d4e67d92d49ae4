#include <algorithm>
#include <gtest/gtest.h>

#include "crypto/error.hpp"
#include "crypto/keys.hpp"
#include "crypto/sample_keys.hpp"

namespace jeton::crypto {

namespace {

using test::all_curves;

TEST(RsaPrivateKey, has_the_size_that_was_asked_for) {
    for (const std::size_t bits : {2048U, 3072U}) {
        const PublicKey key = PrivateKey::generate_rsa(bits).public_key();
        EXPECT_EQ(std::get<RsaPublicKey>(key).modulus_bits(), bits);
        EXPECT_EQ(to_hex(std::get<RsaPublicKey>(key).exponent), "010001");
        EXPECT_TRUE(is_valid(key));
        EXPECT_EQ(parse_spki(spki(key)), key);
    }
    EXPECT_THROW(PrivateKey::generate_rsa(100), Error);
    EXPECT_THROW(PrivateKey::generate_rsa((std::size_t{1} << 32) + 2048), Error);
}

TEST(RsaPrivateKey, undoes_the_public_operation) {
    const RsaPublicKey key = test::sample_rsa_public();
    for (int i = 0; i < 20; ++i) {
        Bytes block(256);
        random_bytes(std::span(block).subspan(1));
        const auto signature = test::sample_rsa().rsa_private(block);
        ASSERT_TRUE(signature);
        EXPECT_EQ(signature->size(), 256U);
        EXPECT_EQ(rsa_public(key, *signature), block);
    }
}

TEST(RsaPrivateKey, refuses_blocks_of_another_length_or_not_below_the_modulus) {
    const RsaPublicKey key = test::sample_rsa_public();
    EXPECT_FALSE(test::sample_rsa().rsa_private(key.modulus));
    EXPECT_FALSE(test::sample_rsa().rsa_private(Bytes(256, 0xFF)));
    EXPECT_FALSE(test::sample_rsa().rsa_private(Bytes(255)));
    EXPECT_FALSE(test::sample_rsa().rsa_private(Bytes(257)));
    EXPECT_FALSE(test::sample_rsa().rsa_private({}));
    EXPECT_THROW(test::sample_rsa().sign_ecdsa(Bytes(32)), Error);
    EXPECT_THROW(test::sample_rsa().agree(Bytes(65)), Error);
}

TEST(EcPrivateKey, signs_digests_of_any_length) {
    for (const Curve curve : all_curves) {
        const PrivateKey key = PrivateKey::generate_ec(curve);
        const auto public_key = std::get<EcPublicKey>(key.public_key());
        EXPECT_EQ(public_key.curve, curve);
        EXPECT_EQ(parse_spki(spki(public_key)), PublicKey(public_key));
        for (const std::size_t length : {1U, 20U, 32U, 64U, 100U}) {
            const Bytes hashed(length, 0x5A);
            const Bytes der = key.sign_ecdsa(hashed);
            const auto raw = ecdsa_raw_from_der(der, curve_facts(curve).field_bytes);
            ASSERT_TRUE(raw);
            EXPECT_TRUE(verify_ecdsa(public_key, hashed, *raw));
            EXPECT_FALSE(verify_ecdsa(public_key, Bytes(length, 0xA5), *raw));
        }
        EXPECT_THROW(key.rsa_private(Bytes(256)), Error);
    }
}

TEST(EcPrivateKey, agrees_with_its_peer) {
    for (const Curve curve : all_curves) {
        // Often enough for a secret with a leading zero, which must stay.
        const PrivateKey alice = PrivateKey::generate_ec(curve);
        const Bytes alice_point = std::get<EcPublicKey>(alice.public_key()).point;
        for (int i = 0; i < (curve == Curve::p256 ? 300 : 5); ++i) {
            const PrivateKey bob = PrivateKey::generate_ec(curve);
            const auto secret = alice.agree(std::get<EcPublicKey>(bob.public_key()).point);
            ASSERT_TRUE(secret);
            EXPECT_EQ(secret->size(), curve_facts(curve).field_bytes);
            EXPECT_EQ(secret, bob.agree(alice_point));
        }
    }
}

TEST(EcPrivateKey, refuses_peers_that_are_no_points_of_its_curve) {
    const PrivateKey key = PrivateKey::generate_ec(Curve::p256);
    const Bytes good = std::get<EcPublicKey>(PrivateKey::generate_ec(Curve::p256).public_key()).point;
    ASSERT_TRUE(key.agree(good));
    Bytes beside = good;
    beside.back() ^= 0x01;
    EXPECT_FALSE(key.agree(beside));
    Bytes compressed(good.begin(), good.begin() + 33);
    compressed.front() = static_cast<Byte>(0x02 | (good.back() & 0x01));
    EXPECT_FALSE(key.agree(compressed));
    EXPECT_FALSE(key.agree(View(good).first(64)));
    EXPECT_FALSE(key.agree(Bytes(65)));
    EXPECT_FALSE(key.agree(Bytes{0x00}));
    EXPECT_FALSE(key.agree({}));
    EXPECT_FALSE(key.agree(std::get<EcPublicKey>(PrivateKey::generate_ec(Curve::p384).public_key()).point));
}

TEST(PrivateKeyDer, comes_back_as_the_same_key) {
    std::vector<PrivateKey> keys;
    keys.push_back(PrivateKey::generate_rsa(1024));
    for (const Curve curve : all_curves) {
        keys.push_back(PrivateKey::generate_ec(curve));
    }
    keys.push_back(PrivateKey::generate_okp(OkpCurve::ed25519));
    keys.push_back(PrivateKey::generate_okp(OkpCurve::x25519));
    for (const PrivateKey& key : keys) {
        const SecretBytes der = key.to_der();
        const auto back = PrivateKey::from_der(der);
        ASSERT_TRUE(back);
        EXPECT_EQ(back->public_key(), key.public_key());
        EXPECT_EQ(back->to_der(), der);
    }
}

TEST(PrivateKeyDer, cut_or_continued_or_changed_is_refused) {
    const SecretBytes der = PrivateKey::generate_ec(Curve::p256).to_der();
    for (std::size_t length = 0; length < der.size(); ++length) {
        EXPECT_FALSE(
            PrivateKey::from_der(Bytes(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(length))));
    }
    SecretBytes longer = der;
    longer.push_back(0x00);
    EXPECT_FALSE(PrivateKey::from_der(longer));
    SecretBytes other_point = der;
    other_point.back() ^= 0x01;
    EXPECT_FALSE(PrivateKey::from_der(other_point));
    EXPECT_FALSE(PrivateKey::from_der(Bytes(70000, 0x30)));
    EXPECT_FALSE(PrivateKey::from_der(spki(test::sample_rsa_public())));
}

TEST(PrivateKeyDer, whose_halves_belong_to_different_keys_is_refused) {
    const PrivateKey alice = PrivateKey::generate_ec(Curve::p256);
    const PrivateKey bob = PrivateKey::generate_ec(Curve::p256);
    SecretBytes mixed = alice.to_der();
    const Bytes point = std::get<EcPublicKey>(bob.public_key()).point;
    // The public point ends the structure.
    std::copy(point.begin(), point.end(), mixed.end() - static_cast<std::ptrdiff_t>(point.size()));
    EXPECT_FALSE(PrivateKey::from_der(mixed));

    SecretBytes rsa = test::sample_rsa().to_der();
    const Bytes modulus = test::sample_rsa_public().modulus;
    const auto at = std::search(rsa.begin(), rsa.end(), modulus.begin(), modulus.end());
    ASSERT_NE(at, rsa.end());
    at[100] ^= 0x01;
    EXPECT_FALSE(PrivateKey::from_der(rsa));
}

TEST(PrivateKeyDer, without_its_point_gets_it_computed) {
    // RFC 6979, A.2.5.
    const Bytes der = from_hex(
                          "3041 020100 3013 06072A8648CE3D0201 06082A8648CE3D030107 0427 3025 020101 0420"
                          "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
                          .value();
    const auto key = PrivateKey::from_der(der);
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(std::get<EcPublicKey>(key->public_key()).point),
              "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
              "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    Bytes zero = der;
    std::fill(zero.end() - 32, zero.end(), Byte{0x00});
    EXPECT_FALSE(PrivateKey::from_der(zero));
    Bytes beyond_order = der;
    std::fill(beyond_order.end() - 32, beyond_order.end(), Byte{0xFF});
    EXPECT_FALSE(PrivateKey::from_der(beyond_order));
}

TEST(PrivateKeyDer, of_an_unknown_kind_is_refused) {
    Bytes ed448 = from_hex("3047 020100 3005 06032B6571 043B 0439").value();
    ed448.insert(ed448.end(), 57, 0x11);
    EXPECT_FALSE(PrivateKey::from_der(ed448));
}

TEST(PrivateKey, moves) {
    PrivateKey first = PrivateKey::generate_ec(Curve::p256);
    const PublicKey key = first.public_key();
    PrivateKey second = std::move(first);
    EXPECT_EQ(second.public_key(), key);
}

}  // namespace

}  // namespace jeton::crypto
