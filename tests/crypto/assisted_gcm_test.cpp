// AssistedGcm against AesCipher, which has the key, and how many questions it asks.
#include "crypto/assisted_gcm.hpp"

#include <gtest/gtest.h>

#include "crypto/block_cipher.hpp"
#include "crypto/error.hpp"

namespace jeton::crypto {

namespace {

using Result = AesCipher::Result;

Bytes counted(std::size_t length, unsigned first = 0) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i) {
        out[i] = static_cast<Byte>(first + i);
    }
    return out;
}

/// Encryptor has the key in this process and counts what it is asked.
class Encryptor final : public BlockEncryptor {
  public:
    Encryptor(Bytes key, std::size_t batch) : m_key(std::move(key)), m_batch(batch) {}

    SecretBytes encrypt(View in) override {
        EXPECT_EQ(in.size() % aes_block_bytes, 0U);
        blocks += in.size() / aes_block_bytes;
        commands += (in.size() / aes_block_bytes + m_batch - 1) / m_batch;
        SecretBytes out;
        for (; !in.empty(); in = in.subspan(aes_block_bytes)) {
            append(out, crypt_block(BlockCipher::aes, Direction::encrypt, m_key, in.first(aes_block_bytes)));
        }
        if (answers_too_little) {
            out.pop_back();
        }
        return out;
    }
    std::size_t batch() const override { return m_batch; }

    std::size_t blocks = 0;
    std::size_t commands = 0;
    bool answers_too_little = false;

  private:
    Bytes m_key;
    std::size_t m_batch;
};

AesParameters gcm(Bytes iv, Bytes aad = {}, std::size_t tag_bytes = 16) {
    return {.mode = AesMode::gcm, .iv = std::move(iv), .aad = std::move(aad), .tag_bytes = tag_bytes};
}

Bytes with_key(const Bytes& key, const AesParameters& parameters, View plain) {
    AesCipher cipher(Direction::encrypt, key, parameters);
    SecretBytes out;
    cipher.update(plain, out);
    EXPECT_EQ(cipher.finish(out), Result::done);
    return to_bytes(out);
}

struct Outcome {
    Result result;
    Bytes output;
    bool operator==(const Outcome&) const = default;
};

Outcome whole(AssistedGcm cipher, View input) {
    SecretBytes out;
    const Result result = cipher.finish(input, out);
    return {result, to_bytes(out)};
}

Outcome in_pieces(AssistedGcm cipher, View input, std::size_t piece) {
    SecretBytes out;
    while (!input.empty()) {
        const View part = input.first(std::min(piece, input.size()));
        const std::size_t promised = out.size() + cipher.update_length(part.size());
        cipher.update(part, out);
        EXPECT_EQ(out.size(), promised);
        input = input.subspan(part.size());
    }
    const std::size_t promised = out.size() + cipher.finish_length();
    const Result result = cipher.finish({}, out);
    EXPECT_LE(out.size(), promised);
    return {result, to_bytes(out)};
}

const Bytes key = counted(32);

}  // namespace

// Computed for AES-256 with the key 00..1F and additional data "card-aes vector 1".
TEST(AssistedGcm, gives_what_the_key_would) {
    struct Row {
        Bytes iv;
        const char* sealed;
    };
    const Row rows[] = {
        {*from_hex("a0a1a2a3a4a5a6a7a8a9aaab"),
         "a6593e6e018e44f82a2ccd984b378e9120fd0b43c6e2143bc4577cdd23f62b5eb217259ccb"
         "e1368c144e2d871cd42ce51f5cf6adee"},
        {counted(16),
         "272de2357da10c6fd5b6916219e962fc04e239f233d885141c67178ed2a49295081eeb9719"
         "89932a614b49f29712e75b68d10de6e6"},
        {counted(60),
         "0e80ccd7fd3680bea9486c937e03aa84eaceebf16437ab4b004b34ff8ac617dd29a478e5d0"
         "0b5846fa30609b66e577f494c1c54646"},
    };
    const Bytes plain = counted(37, 0x40);
    for (const Row& row : rows) {
        Encryptor card(key, 1);
        const AesParameters parameters = gcm(row.iv, to_bytes(view_of("card-aes vector 1")));
        const Bytes sealed = *from_hex(row.sealed);
        EXPECT_EQ(whole({Direction::encrypt, parameters, card, {}}, plain), (Outcome{Result::done, sealed}));
        EXPECT_EQ(card.commands, 3U + 2U);
        EXPECT_EQ(whole({Direction::decrypt, parameters, card, {}}, sealed), (Outcome{Result::done, plain}));
    }
}

TEST(AssistedGcm, wraps_its_counter_in_32_bits) {
    const AesParameters parameters = gcm(*from_hex("8db93b7232bdcaee187da59ac570d0c2"));
    const Bytes sealed = *from_hex(
        "c15fb2aeafb6cc64fe173ebf05a583719eb325bb9c87b9ed5d195e11f5ceee2c"
        "af8a386d1f7213dafc342ba9606b5297da86f0b34f674b1e6860c01c7a8c823d"
        "99161f750b7e938b8eccdd74b84a1514");
    for (const std::size_t piece : {1U, 16U, 17U, 64U}) {
        Encryptor card(key, 3);
        EXPECT_EQ(in_pieces({Direction::encrypt, parameters, card, {}}, Bytes(64), piece),
                  (Outcome{Result::done, sealed}));
    }
}

TEST(AssistedGcm, agrees_with_the_cipher_that_has_the_key) {
    for (const std::size_t key_bytes : {16U, 24U, 32U}) {
        const Bytes some_key = counted(key_bytes, 7);
        for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 31U, 1000U, 5000U}) {
            for (const std::size_t iv_bytes : {1U, 11U, 12U, 13U, 16U, 64U, 256U}) {
                const AesParameters parameters =
                    gcm(counted(iv_bytes, 3), counted(length % 70), 12 + length % 5);
                const Bytes plain = counted(length, 11);
                const Bytes sealed = with_key(some_key, parameters, plain);
                Encryptor card(some_key, 4);
                EXPECT_EQ(whole({Direction::encrypt, parameters, card, {}}, plain),
                          (Outcome{Result::done, sealed}));
                EXPECT_EQ(in_pieces({Direction::encrypt, parameters, card, {}}, plain, 7),
                          (Outcome{Result::done, sealed}));
                EXPECT_EQ(in_pieces({Direction::decrypt, parameters, card, {}}, sealed, 33),
                          (Outcome{Result::done, plain}));
            }
        }
    }
}

// b blocks of data cost b + 2 blocks, and one less when E(0) is known; an IV that has not 12 bytes costs one
// question more, as J0 follows from E(0).
TEST(AssistedGcm, asks_for_as_few_blocks_as_GCM_needs) {
    struct Row {
        std::size_t iv_bytes, length, batch;
        bool knows_hash_key;
        std::size_t blocks, commands;
    };
    const Row rows[] = {
        {12, 0, 1, false, 2, 2},           {12, 16, 1, false, 3, 3},          {12, 16, 15, false, 3, 1},
        {12, 1024, 1, false, 66, 66},      {12, 1024, 15, false, 66, 5},      {12, 4096, 15, false, 258, 18},
        {12, 65536, 1, false, 4098, 4098}, {12, 65536, 15, false, 4098, 274}, {12, 1024, 15, true, 65, 5},
        {12, 17, 1, true, 3, 3},           {16, 16, 15, false, 3, 2},         {16, 16, 15, true, 2, 1},
    };
    for (const Row& row : rows) {
        Encryptor asked_for_hash_key(key, 1);
        const SecretBytes hash_key =
            row.knows_hash_key ? asked_for_hash_key.encrypt(Bytes(16)) : SecretBytes{};
        Encryptor card(key, row.batch);
        AssistedGcm cipher(Direction::encrypt, gcm(counted(row.iv_bytes)), card, hash_key);
        SecretBytes out;
        EXPECT_EQ(cipher.finish(Bytes(row.length), out), Result::done);
        EXPECT_EQ(card.blocks, row.blocks) << row.length;
        EXPECT_EQ(card.commands, row.commands) << row.length;
        EXPECT_EQ(to_bytes(cipher.hash_key()), to_bytes(asked_for_hash_key.encrypt(Bytes(16))));
    }
}

TEST(AssistedGcm, asks_for_whole_batches_in_a_stream) {
    Encryptor card(key, 15);
    EXPECT_EQ(in_pieces({Direction::encrypt, gcm(counted(12)), card, {}}, Bytes(16 * 28), 1).result,
              Result::done);
    EXPECT_EQ(card.commands, 2U);
}

TEST(AssistedGcm, gives_nothing_of_a_forgery) {
    Encryptor card(key, 4);
    const AesParameters parameters = gcm(counted(12), counted(5));
    Bytes sealed = with_key(key, parameters, counted(40));
    for (const std::size_t place : {std::size_t{0}, std::size_t{39}, sealed.size() - 1}) {
        sealed[place] ^= 0x80;
        EXPECT_EQ(whole({Direction::decrypt, parameters, card, {}}, sealed), (Outcome{Result::bad_tag, {}}));
        sealed[place] ^= 0x80;
    }
    EXPECT_EQ(whole({Direction::decrypt, parameters, card, {}}, Bytes(15)),
              (Outcome{Result::bad_length, {}}));
}

TEST(AssistedGcm, refuses_what_GCM_cannot_do) {
    Encryptor card(key, 4);
    EXPECT_THROW(AssistedGcm(Direction::encrypt, gcm({}), card, {}), Error);
    EXPECT_THROW(AssistedGcm(Direction::encrypt, gcm(Bytes(12), {}, 3), card, {}), Error);
    EXPECT_THROW(AssistedGcm(Direction::encrypt, gcm(Bytes(12), {}, 17), card, {}), Error);
    card.answers_too_little = true;
    EXPECT_THROW(whole({Direction::encrypt, gcm(Bytes(12)), card, {}}, Bytes(20)), Error);
}

}  // namespace jeton::crypto
