#include "crypto/keys.hpp"

#include <gtest/gtest.h>

#include "crypto/padding.hpp"
#include "crypto/sample_keys.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

constexpr Hash all_hashes[] = {Hash::sha1,     Hash::sha224,   Hash::sha256,   Hash::sha384,  Hash::sha512,
                               Hash::sha3_224, Hash::sha3_256, Hash::sha3_384, Hash::sha3_512};

/// sign lets the sample key compute on |block|.
Bytes sign(View block) {
    const auto out = test::sample_rsa().rsa_private(block);
    return out ? to_bytes(*out) : Bytes();
}

Hash other(Hash hash) {
    return hash == Hash::sha256 ? Hash::sha384 : Hash::sha256;
}

RsaPublicKey rsa_key(std::size_t modulus_bytes, Bytes exponent) {
    RsaPublicKey key{Bytes(modulus_bytes, 0xFF), std::move(exponent)};
    return key;
}

TEST(IsValid, checks_size_and_parity_of_rsa_numbers) {
    EXPECT_TRUE(is_valid(rsa_key(64, {0x03})));
    EXPECT_TRUE(is_valid(rsa_key(128, {0x01, 0x00, 0x01})));
    EXPECT_TRUE(is_valid(rsa_key(2048, {0x01, 0x00, 0x01})));
    EXPECT_TRUE(is_valid(rsa_key(64, Bytes(63, 0x11))));
    EXPECT_FALSE(is_valid(rsa_key(63, {0x03})));
    EXPECT_FALSE(is_valid(rsa_key(2049, {0x03})));
    EXPECT_FALSE(is_valid(rsa_key(0, {0x03})));
    EXPECT_FALSE(is_valid(rsa_key(64, {})));
    EXPECT_FALSE(is_valid(rsa_key(64, {0x01})));
    EXPECT_FALSE(is_valid(rsa_key(64, {0x04})));
    EXPECT_FALSE(is_valid(rsa_key(64, {0x00, 0x03})));
    EXPECT_FALSE(is_valid(rsa_key(64, Bytes(65, 0x11))));
    EXPECT_FALSE(is_valid(rsa_key(64, Bytes(64, 0xFF))));
    EXPECT_FALSE(is_valid(rsa_key(512, Bytes(9, 0x11))));
    RsaPublicKey even = rsa_key(64, {0x03});
    even.modulus.back() = 0xFE;
    EXPECT_FALSE(is_valid(even));
    RsaPublicKey padded = rsa_key(65, {0x03});
    padded.modulus.front() = 0x00;
    EXPECT_FALSE(is_valid(padded));
}

TEST(IsValid, checks_that_a_point_lies_on_its_curve) {
    for (const Curve curve : test::all_curves) {
        EcPublicKey key = std::get<EcPublicKey>(PrivateKey::generate_ec(curve).public_key());
        EXPECT_TRUE(is_valid(key));
        EcPublicKey other = key;
        other.point.back() ^= 0x01;
        EXPECT_FALSE(is_valid(other));
        other = key;
        other.point.push_back(0x00);
        EXPECT_FALSE(is_valid(other));
        other = key;
        other.point.front() = 0x06;
        EXPECT_FALSE(is_valid(other));
        other.point = {0x00};
        EXPECT_FALSE(is_valid(other));
        other.point.clear();
        EXPECT_FALSE(is_valid(other));
        other = key;
        other.curve = curve == Curve::p256 ? Curve::p384 : Curve::p256;
        EXPECT_FALSE(is_valid(other));
    }
}

TEST(RsaPublicKey, counts_bits) {
    EXPECT_EQ((RsaPublicKey{{0x80, 0x01}, {0x03}}).modulus_bits(), 16U);
    EXPECT_EQ((RsaPublicKey{{0x01, 0x01}, {0x03}}).modulus_bits(), 9U);
    EXPECT_EQ(RsaPublicKey{}.modulus_bits(), 0U);
}

TEST(VerifyEcdsa, accepts_the_published_signature_and_no_other) {
    for (const test::Record& record : test::read_vectors("ecdsa.txt")) {
        const Curve curve = curve_of_params(record.bytes("curve")).value();
        EcPublicKey key{curve, {0x04}};
        append(key.point, record.bytes("x"));
        append(key.point, record.bytes("y"));
        const Bytes hashed = digest(Hash::sha256, view_of(record.text("message")));
        Bytes signature = record.bytes("r");
        append(signature, record.bytes("s"));
        EXPECT_TRUE(verify_ecdsa(key, hashed, signature));
        EXPECT_FALSE(verify_ecdsa(key, digest(Hash::sha256, view_of("other")), signature));
        EXPECT_FALSE(verify_ecdsa(key, {}, signature));
        EXPECT_FALSE(verify_ecdsa(key, hashed, View(signature).first(signature.size() - 1)));
        EXPECT_FALSE(verify_ecdsa(key, hashed, {}));
        EXPECT_FALSE(verify_ecdsa(key, hashed, Bytes(signature.size())));
        for (std::size_t i = 0; i < signature.size(); ++i) {
            Bytes changed = signature;
            changed[i] ^= 0x01;
            EXPECT_FALSE(verify_ecdsa(key, hashed, changed));
        }
        key.point.back() ^= 0x01;
        EXPECT_FALSE(verify_ecdsa(key, hashed, signature));
    }
}

TEST(VerifyRsaPkcs, accepts_our_block_and_no_other) {
    const RsaPublicKey key = test::sample_rsa_public();
    for (const Hash hash : all_hashes) {
        const Bytes info = digest_info(hash, digest(hash, view_of("message")));
        const Bytes signature = sign(pad_pkcs_signature(256, info).value());
        EXPECT_TRUE(verify_rsa_pkcs(key, info, signature));
        EXPECT_FALSE(verify_rsa_pkcs(key, View(info).first(info.size() - 1), signature));
        EXPECT_FALSE(verify_rsa_pkcs(key, {}, signature));
        EXPECT_FALSE(verify_rsa_pkcs(key, info, View(signature).first(255)));
        Bytes longer = signature;
        longer.insert(longer.begin(), 0x00);
        EXPECT_FALSE(verify_rsa_pkcs(key, info, longer));
    }
    EXPECT_FALSE(verify_rsa_pkcs(key, view_of("x"), key.modulus));
    EXPECT_FALSE(verify_rsa_pkcs(key, Bytes(246), Bytes(256)));
    EXPECT_FALSE(verify_rsa_pkcs(rsa_key(63, {0x03}), view_of("x"), Bytes(63)));
}

TEST(VerifyRsaPss, accepts_our_block_with_every_hash_and_no_other) {
    const RsaPublicKey key = test::sample_rsa_public();
    for (const Hash hash : all_hashes) {
        for (const Hash mgf : {hash, Hash::sha1, Hash::sha512}) {
            for (const std::size_t salt : {std::size_t{0}, digest_length(hash), std::size_t{100}}) {
                Bytes hashed = digest(hash, view_of("message"));
                const Bytes signature = sign(pad_pss(2048, hash, mgf, salt, hashed).value());
                EXPECT_TRUE(verify_rsa_pss(key, hash, mgf, salt, hashed, signature));
                EXPECT_FALSE(verify_rsa_pss(key, hash, mgf, salt + 1, hashed, signature));
                EXPECT_FALSE(verify_rsa_pss(key, hash, other(mgf), salt, hashed, signature));
                EXPECT_FALSE(verify_rsa_pss(key, hash, mgf, salt, View(hashed).first(8), signature));
                EXPECT_FALSE(verify_rsa_pss(key, hash, mgf, salt, hashed, View(signature).first(255)));
                hashed[0] ^= 0x01;
                EXPECT_FALSE(verify_rsa_pss(key, hash, mgf, salt, hashed, signature));
            }
        }
    }
    EXPECT_FALSE(verify_rsa_pss(key, Hash::sha1, Hash::sha1, ~std::size_t{0}, Bytes(20), Bytes(256)));
}

TEST(RsaPublic, refuses_what_is_not_below_the_modulus) {
    const RsaPublicKey key = test::sample_rsa_public();
    Bytes one(256);
    one.back() = 0x01;
    EXPECT_EQ(rsa_public(key, one), one);
    EXPECT_EQ(rsa_public(key, Bytes{0x01}), one);
    EXPECT_FALSE(rsa_public(key, key.modulus));
    EXPECT_FALSE(rsa_public(key, Bytes(256, 0xFF)));
    EXPECT_FALSE(rsa_public(key, Bytes(257, 0x01)));
    EXPECT_FALSE(rsa_public(rsa_key(2049, {0x03}), one));
}

TEST(EncryptPkcs, comes_back_through_our_unpadding_at_every_length) {
    const RsaPublicKey key = test::sample_rsa_public();
    for (const std::size_t length : {0U, 1U, 100U, 244U, 245U}) {
        Bytes plain(length);
        random_bytes(plain);
        const auto cipher = encrypt_pkcs(key, plain);
        ASSERT_TRUE(cipher) << length;
        const auto back = unpad_pkcs(test::sample_rsa().rsa_private(*cipher).value());
        ASSERT_TRUE(back) << length;
        EXPECT_EQ(to_bytes(*back), plain);
    }
    EXPECT_FALSE(encrypt_pkcs(key, Bytes(246)));
    EXPECT_FALSE(encrypt_pkcs(rsa_key(10, {0x03}), {}));
}

TEST(EncryptOaep, comes_back_through_our_unpadding_with_every_hash) {
    const RsaPublicKey key = test::sample_rsa_public();
    for (const Hash hash : all_hashes) {
        for (const Hash mgf : {hash, Hash::sha1}) {
            for (const std::string_view label : {"", "a label"}) {
                const std::size_t longest = 256 - 2 * digest_length(hash) - 2;
                for (const std::size_t length : {std::size_t{0}, std::size_t{1}, longest}) {
                    const Bytes plain(length, 0x00);
                    const auto cipher = encrypt_oaep(key, hash, mgf, view_of(label), plain);
                    ASSERT_TRUE(cipher);
                    const SecretBytes block = test::sample_rsa().rsa_private(*cipher).value();
                    const auto back = unpad_oaep(block, hash, mgf, view_of(label));
                    ASSERT_TRUE(back);
                    EXPECT_EQ(to_bytes(*back), plain);
                    EXPECT_FALSE(unpad_oaep(block, hash, mgf, view_of("another label")));
                    EXPECT_FALSE(unpad_oaep(block, hash, other(mgf), view_of(label)));
                }
                EXPECT_FALSE(encrypt_oaep(key, hash, mgf, view_of(label), Bytes(longest + 1)));
            }
        }
    }
}

}  // namespace

}  // namespace jeton::crypto
