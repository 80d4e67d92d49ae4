#include "crypto/digest.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "crypto/hash_names.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

const auto& hashes = test::hashes();

TEST(Digest, gives_the_published_values) {
    const auto records = test::read_vectors("digest.txt");
    EXPECT_EQ(records.size(), hashes.size());
    for (const test::Record& record : records) {
        const Hash hash = hashes.at(record.text("hash"));
        EXPECT_EQ(to_hex(digest(hash, view_of("abc"))), record.text("digest"));
        EXPECT_EQ(digest_length(hash), record.bytes("digest").size());
    }
}

TEST(Digest, hashes_nothing) {
    EXPECT_EQ(to_hex(digest(Hash::sha1, {})), "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
    EXPECT_EQ(to_hex(Digest(Hash::sha256).finish()),
              "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
}

TEST(Digest, takes_parts_of_any_size) {
    Bytes message(1000);
    random_bytes(message);
    for (const auto& [name, hash] : hashes) {
        for (const std::size_t part : {1U, 7U, 64U, 999U}) {
            Digest in_parts(hash);
            for (std::size_t at = 0; at < message.size(); at += part) {
                in_parts.update(View(message).subspan(at, std::min(part, message.size() - at)));
            }
            EXPECT_EQ(in_parts.finish(), digest(hash, message)) << name << " in parts of " << part;
        }
    }
}

TEST(Digest, copies_keep_the_state_so_far) {
    Digest first(Hash::sha256);
    first.update(view_of("a"));
    Digest second(first);
    Digest third(Hash::sha1);
    third = first;
    first.update(view_of("x"));
    second.update(view_of("bc"));
    third.update(view_of("bc"));
    EXPECT_EQ(third.hash(), Hash::sha256);
    EXPECT_EQ(first.finish(), digest(Hash::sha256, view_of("ax")));
    EXPECT_EQ(second.finish(), digest(Hash::sha256, view_of("abc")));
    EXPECT_EQ(third.finish(), digest(Hash::sha256, view_of("abc")));
}

TEST(RandomBytes, fill_all_of_the_span_and_differ) {
    Bytes first(64);
    Bytes second(64);
    random_bytes(first);
    random_bytes(second);
    random_bytes({});
    EXPECT_NE(first, second);
    EXPECT_NE(Bytes(first.end() - 16, first.end()), Bytes(16));
}

}  // namespace

}  // namespace jeton::crypto
