#include "crypto/cmac.hpp"

#include <gtest/gtest.h>

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

}  // namespace

}  // namespace jeton::crypto
