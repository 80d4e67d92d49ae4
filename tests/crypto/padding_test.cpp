#include "crypto/padding.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "crypto/error.hpp"
#include "crypto/sample_keys.hpp"

namespace jeton::crypto {

namespace {

/// pkcs_block is 00 02, |filler| bytes that are not zero, 00 and |message|.
Bytes pkcs_block(std::size_t filler, View message) {
    Bytes block{0x00, 0x02};
    block.insert(block.end(), filler, 0xA5);
    block.push_back(0x00);
    append(block, message);
    return block;
}

TEST(DigestInfo, is_the_one_of_rfc_8017) {
    EXPECT_EQ(to_hex(digest_info(Hash::sha1, Bytes(20, 0xDD))).substr(0, 30),
              "3021300906052B0E03021A05000414");
    struct Row {
        Hash hash;
        const char* prefix;
    };
    const Row rows[] = {
        {Hash::sha224, "302D300D06096086480165030402040500041C"},
        {Hash::sha256, "3031300D060960864801650304020105000420"},
        {Hash::sha384, "3041300D060960864801650304020205000430"},
        {Hash::sha512, "3051300D060960864801650304020305000440"},
        {Hash::sha3_224, "302D300D06096086480165030402070500041C"},
        {Hash::sha3_256, "3031300D060960864801650304020805000420"},
        {Hash::sha3_384, "3041300D060960864801650304020905000430"},
        {Hash::sha3_512, "3051300D060960864801650304020A05000440"},
    };
    for (const Row& row : rows) {
        const Bytes hashed(digest_length(row.hash), 0xDD);
        EXPECT_EQ(to_hex(digest_info(row.hash, hashed)), row.prefix + to_hex(hashed));
    }
    EXPECT_THROW(digest_info(Hash::sha256, Bytes(31)), Error);
}

TEST(PadPkcsSignature, fills_the_block) {
    EXPECT_EQ(pad_pkcs_signature(14, Bytes{0xAA, 0xBB, 0xCC}), from_hex("0001FFFFFFFFFFFFFFFF00AABBCC"));
    EXPECT_EQ(pad_pkcs_signature(11, {}), from_hex("0001FFFFFFFFFFFFFFFF00"));
    EXPECT_FALSE(pad_pkcs_signature(13, Bytes(3)));
    EXPECT_FALSE(pad_pkcs_signature(10, {}));
    EXPECT_FALSE(pad_pkcs_signature(0, {}));
}

TEST(PadPss, fits_moduli_of_any_number_of_bits) {
    for (std::size_t bits = 1024; bits <= 1032; ++bits) {
        const Bytes block = pad_pss(bits, Hash::sha256, Hash::sha256, 32, Bytes(32)).value();
        EXPECT_EQ(block.size(), (bits + 7) / 8);
        EXPECT_EQ(block.back(), 0xBC);
        // The block has one bit less than the modulus.
        const std::size_t clear_bits = block.size() * 8 - (bits - 1);
        EXPECT_EQ(load_be(View(block).first(2)) >> (16 - clear_bits), 0U) << bits;
    }
}

TEST(PadPss, verifies_for_a_modulus_whose_block_is_a_byte_shorter) {
    const PrivateKey key = PrivateKey::generate_rsa(1025);
    const Bytes hashed = digest(Hash::sha256, view_of("message"));
    const Bytes block = pad_pss(1025, Hash::sha256, Hash::sha256, 32, hashed).value();
    ASSERT_EQ(block.size(), 129U);
    const Bytes signature = to_bytes(key.rsa_private(block).value());
    EXPECT_TRUE(verify_rsa_pss(std::get<RsaPublicKey>(key.public_key()), Hash::sha256, Hash::sha256, 32,
                               hashed, signature));
}

TEST(PadPss, refuses_a_modulus_that_is_too_short_and_a_digest_of_another_length) {
    EXPECT_TRUE(pad_pss(8 * (20 + 20 + 2) + 1, Hash::sha1, Hash::sha1, 20, Bytes(20)));
    EXPECT_TRUE(pad_pss(8 * (20 + 20 + 2), Hash::sha1, Hash::sha1, 20, Bytes(20)));
    EXPECT_FALSE(pad_pss(8 * (20 + 20 + 1) + 1, Hash::sha1, Hash::sha1, 20, Bytes(20)));
    EXPECT_FALSE(pad_pss(1024, Hash::sha512, Hash::sha512, 64, Bytes(64)));
    EXPECT_FALSE(pad_pss(1024, Hash::sha1, Hash::sha1, ~std::size_t{0}, Bytes(20)));
    EXPECT_FALSE(pad_pss(1024, Hash::sha1, Hash::sha1, 20, Bytes(19)));
    EXPECT_FALSE(pad_pss(0, Hash::sha1, Hash::sha1, 0, Bytes(20)));
    EXPECT_FALSE(pad_pss(1, Hash::sha1, Hash::sha1, 0, Bytes(20)));
}

TEST(PadPss, takes_a_new_salt_each_time) {
    EXPECT_NE(pad_pss(1024, Hash::sha1, Hash::sha1, 20, Bytes(20)),
              pad_pss(1024, Hash::sha1, Hash::sha1, 20, Bytes(20)));
    EXPECT_EQ(pad_pss(1024, Hash::sha1, Hash::sha1, 0, Bytes(20)),
              pad_pss(1024, Hash::sha1, Hash::sha1, 0, Bytes(20)));
}

TEST(UnpadPkcs, gives_the_message) {
    for (const std::size_t filler : {8U, 9U, 50U}) {
        for (const View message : {View(), view_of("m"), view_of(std::string_view("\0zeros\0", 7))}) {
            const auto back = unpad_pkcs(pkcs_block(filler, message));
            ASSERT_TRUE(back);
            EXPECT_TRUE(equal(*back, message));
        }
    }
}

TEST(UnpadPkcs, refuses_every_other_block) {
    const Bytes message(20, 0x4D);
    for (std::size_t filler = 0; filler < 8; ++filler) {
        EXPECT_FALSE(unpad_pkcs(pkcs_block(filler, message))) << filler;
    }
    Bytes block = pkcs_block(20, message);
    for (const Byte first : Bytes{0x01, 0x80, 0xFF}) {
        block[0] = first;
        EXPECT_FALSE(unpad_pkcs(block));
    }
    block[0] = 0x00;
    for (const Byte second : Bytes{0x00, 0x01, 0x03, 0x82}) {
        block[1] = second;
        EXPECT_FALSE(unpad_pkcs(block));
    }
    Bytes endless(64, 0x11);
    endless[0] = 0x00;
    endless[1] = 0x02;
    EXPECT_FALSE(unpad_pkcs(endless));
    endless.back() = 0x00;
    EXPECT_EQ(unpad_pkcs(endless), SecretBytes());
    EXPECT_FALSE(unpad_pkcs(Bytes(10)));
    EXPECT_FALSE(unpad_pkcs({}));
}

TEST(UnpadOaep, refuses_a_block_with_any_changed_bit_outside_the_message) {
    const RsaPublicKey key = test::sample_rsa_public();
    const Bytes plain(10, 0x50);
    const Bytes cipher = encrypt_oaep(key, Hash::sha256, Hash::sha256, {}, plain).value();
    const Bytes block = to_bytes(test::sample_rsa().rsa_private(cipher).value());
    ASSERT_EQ(to_bytes(unpad_oaep(block, Hash::sha256, Hash::sha256, {}).value()), plain);
    for (std::size_t i = 0; i < block.size(); ++i) {
        Bytes changed = block;
        changed[i] ^= 0x80;
        const auto back = unpad_oaep(changed, Hash::sha256, Hash::sha256, {});
        // The seed's hash changes where the message is changed, and with it all of DB.
        EXPECT_FALSE(back) << i;
    }
}

TEST(UnpadOaep, refuses_blocks_without_room_or_without_separator) {
    EXPECT_FALSE(unpad_oaep({}, Hash::sha1, Hash::sha1, {}));
    EXPECT_FALSE(unpad_oaep(Bytes(41), Hash::sha1, Hash::sha1, {}));
    EXPECT_FALSE(unpad_oaep(Bytes(42), Hash::sha1, Hash::sha1, {}));
    EXPECT_FALSE(unpad_oaep(Bytes(256), Hash::sha512, Hash::sha512, {}));
}

}  // namespace

}  // namespace jeton::crypto
