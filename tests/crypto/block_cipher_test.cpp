#include "crypto/block_cipher.hpp"

#include <gtest/gtest.h>
#include <map>

#include "crypto/error.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

const std::map<std::string, BlockCipher> ciphers{{"aes", BlockCipher::aes}, {"tdes", BlockCipher::tdes}};

TEST(BlockCipher, matches_the_vectors_in_both_directions) {
    for (const test::Record& record : test::read_vectors("blocks.txt")) {
        SCOPED_TRACE(record.text("name"));
        const BlockCipher cipher = ciphers.at(record.text("cipher"));
        const Bytes key = record.bytes("key");
        EXPECT_EQ(crypt_block(cipher, Direction::encrypt, key, record.bytes("plain")),
                  record.bytes("crypted"));
        EXPECT_EQ(crypt_block(cipher, Direction::decrypt, key, record.bytes("crypted")),
                  record.bytes("plain"));
        EXPECT_EQ(record.bytes("plain").size(), block_length(cipher));
    }
}

TEST(BlockCipher, ignores_the_parity_bits_of_des_keys) {
    const Bytes even(24, 0x10);
    const Bytes odd(24, 0x11);
    EXPECT_EQ(crypt_block(BlockCipher::tdes, Direction::encrypt, even, Bytes(8)),
              crypt_block(BlockCipher::tdes, Direction::encrypt, odd, Bytes(8)));
}

TEST(BlockCipher, refuses_keys_and_blocks_of_another_length) {
    for (const std::size_t length : {0U, 8U, 16U, 23U, 25U, 32U}) {
        EXPECT_THROW(crypt_block(BlockCipher::tdes, Direction::encrypt, Bytes(length), Bytes(8)), Error)
            << length;
    }
    for (const std::size_t length : {0U, 8U, 15U, 17U, 33U}) {
        EXPECT_THROW(crypt_block(BlockCipher::aes, Direction::encrypt, Bytes(length), Bytes(16)), Error)
            << length;
    }
    for (const std::size_t length : {0U, 7U, 9U, 16U}) {
        EXPECT_THROW(crypt_block(BlockCipher::tdes, Direction::decrypt, Bytes(24), Bytes(length)), Error)
            << length;
    }
    for (const std::size_t length : {0U, 8U, 15U, 17U, 32U}) {
        EXPECT_THROW(crypt_block(BlockCipher::aes, Direction::decrypt, Bytes(24), Bytes(length)), Error)
            << length;
    }
}

}  // namespace

}  // namespace jeton::crypto
