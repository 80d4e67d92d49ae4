#include "crypto/cmac.hpp"

#include <gtest/gtest.h>

#include "crypto/block_cipher.hpp"
#include "crypto/error.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

TEST(AesCmac, gives_the_published_values) {
    for (const test::Record& record : test::read_vectors("cmac.txt")) {
        EXPECT_EQ(aes_cmac(record.bytes("key"), record.bytes("message")), record.bytes("code"))
            << record.text("message");
    }
}

TEST(AesCmac, needs_a_key_of_a_length_that_aes_has) {
    for (const std::size_t length : {0U, 15U, 17U, 31U, 33U}) {
        EXPECT_THROW(aes_cmac(Bytes(length), view_of("message")), Error) << length;
    }
}

// CBC of all but the last block, and then of that made ready, is the code.
TEST(AesCmac, is_CBC_with_a_last_block_that_was_made_ready) {
    const Bytes key(16, 0x42);
    const Bytes zeros(16);
    const Bytes encrypted_zeros = crypt_block(BlockCipher::aes, Direction::encrypt, key, zeros);
    for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 32U, 100U}) {
        Bytes message(length);
        for (std::size_t i = 0; i < length; ++i) {
            message[i] = static_cast<Byte>(7 * i);
        }
        const std::size_t tail = length == 0 ? 0 : (length - 1) % 16 + 1;
        Bytes chained = to_bytes(View(message).first(length - tail));
        append(chained, cmac_last_block(encrypted_zeros, View(message).last(tail)));
        AesCipher cbc(Direction::encrypt, key, {.mode = AesMode::cbc, .iv = zeros, .aad = {}});
        SecretBytes out;
        cbc.update(chained, out);
        EXPECT_EQ(to_bytes(View(out).last(16)), aes_cmac(key, message)) << length;
    }
    EXPECT_THROW(cmac_last_block(Bytes(15), {}), Error);
    EXPECT_THROW(cmac_last_block(zeros, Bytes(17)), Error);
}

}  // namespace

}  // namespace jeton::crypto
