#include "crypto/kdf.hpp"

#include <gtest/gtest.h>

#include "crypto/error.hpp"
#include "crypto/hash_names.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

TEST(Pbkdf2, gives_the_published_values) {
    for (const test::Record& record : test::read_vectors("pbkdf2.txt")) {
        const Bytes key = record.bytes("key");
        EXPECT_EQ(to_bytes(pbkdf2(test::hashes().at(record.text("hash")), record.bytes("password"),
                                  record.bytes("salt"),
                                  static_cast<unsigned>(std::stoul(record.text("iterations"))), key.size())),
                  key)
            << record.text("hash") << " " << record.text("iterations");
    }
}

TEST(Pbkdf2, needs_iterations_and_a_length) {
    EXPECT_THROW(pbkdf2(Hash::sha256, view_of("x"), view_of("salt"), 0, 32), Error);
    EXPECT_THROW(pbkdf2(Hash::sha256, view_of("x"), view_of("salt"), 1, 0), Error);
}

TEST(Hkdf, gives_the_published_values) {
    for (const test::Record& record : test::read_vectors("hkdf.txt")) {
        const Bytes key = record.bytes("key");
        EXPECT_EQ(to_bytes(hkdf(test::hashes().at(record.text("hash")), record.bytes("secret"),
                                record.bytes("salt"), record.bytes("info"), key.size())),
                  key)
            << record.text("name");
    }
}

TEST(Hkdf, refuses_what_it_cannot_derive) {
    EXPECT_THROW(hkdf(Hash::sha256, view_of("secret"), {}, {}, 0), Error);
    EXPECT_THROW(hkdf(Hash::sha256, view_of("secret"), {}, {}, 255 * 32 + 1), Error);
    EXPECT_THROW(hkdf(Hash::sha256, {}, {}, {}, 32), Error);
    EXPECT_THROW(hkdf(Hash::sha256, view_of("secret"), {}, Bytes(1025), 32), Error);
    EXPECT_EQ(hkdf(Hash::sha256, view_of("secret"), {}, Bytes(1024), 32).size(), 32U);
}

}  // namespace

}  // namespace jeton::crypto
