#include "crypto/aes.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "crypto/gcm_iv.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

using Result = AesCipher::Result;

const std::map<std::string, AesMode> modes{
    {"ecb", AesMode::ecb}, {"cbc", AesMode::cbc}, {"cbc_pad", AesMode::cbc_pad}, {"ctr", AesMode::ctr}};

struct Outcome {
    Result result;
    Bytes output;
    bool operator==(const Outcome&) const = default;
};

/// run feeds |input| in pieces of |piece| bytes and checks that each call keeps what was promised.
Outcome run(AesCipher cipher, View input, std::size_t piece) {
    SecretBytes out;
    for (std::size_t at = 0; at < input.size(); at += piece) {
        const Bytes part = to_bytes(input.subspan(at, std::min(piece, input.size() - at)));
        const std::size_t before = out.size();
        const std::size_t promised = cipher.update_length(part.size());
        cipher.update(part, out);
        EXPECT_EQ(out.size() - before, promised);
    }
    const std::size_t before = out.size();
    const std::size_t promised = cipher.finish_length();
    const Result result = cipher.finish(out);
    EXPECT_LE(out.size() - before, promised);
    return {result, to_bytes(out)};
}

void expect_both_ways(const std::string& name, View key, const AesParameters& parameters, const Bytes& plain,
                      const Bytes& cipher) {
    for (const std::size_t piece : {1U, 5U, 16U, 17U, 1000U}) {
        const std::string where = name + " in pieces of " + std::to_string(piece);
        EXPECT_EQ(run({Direction::encrypt, key, parameters}, plain, piece), (Outcome{Result::done, cipher}))
            << where;
        EXPECT_EQ(run({Direction::decrypt, key, parameters}, cipher, piece), (Outcome{Result::done, plain}))
            << where;
    }
}

AesParameters gcm(Bytes iv, Bytes aad = {}, std::size_t tag_bytes = 16) {
    return {.mode = AesMode::gcm, .iv = std::move(iv), .aad = std::move(aad), .tag_bytes = tag_bytes};
}

AesParameters block_mode(AesMode mode) {
    return {.mode = mode, .iv = mode == AesMode::ecb ? Bytes() : Bytes(16), .aad = {}, .tag_bytes = 0};
}

const Bytes key(16, 0x4B);

TEST(AesModes, match_the_vectors_in_pieces_of_any_size) {
    for (const test::Record& record : test::read_vectors("aes_modes.txt")) {
        const AesParameters parameters{
            .mode = modes.at(record.text("mode")), .iv = record.bytes("iv"), .aad = {}, .tag_bytes = 0};
        expect_both_ways(record.text("name"), record.bytes("key"), parameters, record.bytes("plain"),
                         record.bytes("cipher"));
    }
}

TEST(AesGcm, matches_the_vectors_in_pieces_of_any_size_and_with_short_tags) {
    for (const test::Record& record : test::read_vectors("aes_gcm.txt")) {
        for (const std::size_t tag_bytes : {4U, 12U, 13U, 16U}) {
            Bytes sealed = record.bytes("cipher");
            append(sealed, View(record.bytes("tag")).first(tag_bytes));
            expect_both_ways(record.text("name"), record.bytes("key"),
                             gcm(record.bytes("iv"), record.bytes("aad"), tag_bytes), record.bytes("plain"),
                             sealed);
        }
    }
}

TEST(AesGcm, finds_an_equivalent_iv_as_openssl_understands_it) {
    const Bytes plain(40, 0x50);
    for (std::size_t length = 1; length <= longest_gcm_iv; ++length) {
        if (length == 12) {
            continue;
        }
        Bytes iv(length);
        random_bytes(iv);
        const Bytes other = equivalent_gcm_iv(key, iv);
        EXPECT_EQ(run({Direction::encrypt, key, gcm(iv)}, plain, 40),
                  run({Direction::encrypt, key, gcm(other)}, plain, 40))
            << length;
    }
}

TEST(AesGcm, decryption_gives_nothing_before_finish_and_nothing_at_all_for_a_changed_bit) {
    const Bytes plain(33, 0x50);
    const AesParameters parameters = gcm(Bytes(12, 1), Bytes(5, 2));
    const Bytes sealed = run({Direction::encrypt, key, parameters}, plain, 33).output;
    ASSERT_EQ(sealed.size(), 49U);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes changed = sealed;
        changed[bit / 8] ^= static_cast<Byte>(1U << bit % 8);
        AesCipher cipher(Direction::decrypt, key, parameters);
        SecretBytes out;
        EXPECT_EQ(cipher.update_length(changed.size()), 0U);
        cipher.update(changed, out);
        EXPECT_EQ(cipher.finish_length(), plain.size());
        EXPECT_EQ(cipher.finish(out), Result::bad_tag);
        EXPECT_TRUE(out.empty());
    }
}

TEST(AesGcm, refuses_other_associated_data_and_other_ivs) {
    const Bytes plain(10, 0x50);
    const Bytes sealed = run({Direction::encrypt, key, gcm(Bytes(12, 1), Bytes(5, 2))}, plain, 10).output;
    const Outcome refused{Result::bad_tag, {}};
    EXPECT_EQ(run({Direction::decrypt, key, gcm(Bytes(12, 1), Bytes(6, 2))}, sealed, 99), refused);
    EXPECT_EQ(run({Direction::decrypt, key, gcm(Bytes(12, 3), Bytes(5, 2))}, sealed, 99), refused);
    EXPECT_EQ(run({Direction::decrypt, Bytes(16, 1), gcm(Bytes(12, 1), Bytes(5, 2))}, sealed, 99), refused);
}

TEST(AesGcm, says_that_the_length_is_bad_when_there_is_no_whole_tag) {
    for (const std::size_t length : {0U, 1U, 15U}) {
        EXPECT_EQ(run({Direction::decrypt, key, gcm(Bytes(12))}, Bytes(length), 99),
                  (Outcome{Result::bad_length, {}}));
    }
}

TEST(AesGcm, adds_to_what_the_output_holds) {
    SecretBytes out{1, 2};
    AesCipher cipher(Direction::encrypt, key, gcm(Bytes(12)));
    cipher.update(Bytes(3), out);
    cipher.finish(out);
    EXPECT_EQ(out.size(), 2U + 3 + 16);
    EXPECT_EQ(out[0], 1);
    EXPECT_EQ(out[1], 2);
}

TEST(AesCbcPad, holds_the_last_block_back) {
    AesCipher cipher(Direction::decrypt, key, block_mode(AesMode::cbc_pad));
    EXPECT_EQ(cipher.update_length(0), 0U);
    EXPECT_EQ(cipher.update_length(16), 0U);
    EXPECT_EQ(cipher.update_length(17), 16U);
    EXPECT_EQ(cipher.update_length(32), 16U);
    EXPECT_EQ(cipher.update_length(33), 32U);
    EXPECT_EQ(cipher.finish_length(), 16U);
}

TEST(AesCbcPad, tells_bad_padding_from_a_bad_length) {
    const Bytes zeros(32);
    // Encrypted zeros decrypt to a last byte of zero, which is no padding.
    const Bytes sealed = run({Direction::encrypt, key, block_mode(AesMode::cbc)}, zeros, 99).output;
    const auto open = [&](View input) {
        return run({Direction::decrypt, key, block_mode(AesMode::cbc_pad)}, input, 99);
    };
    EXPECT_EQ(open(sealed).result, Result::bad_padding);
    EXPECT_EQ(open(View(sealed).first(31)).result, Result::bad_length);
    EXPECT_EQ(open(View(sealed).first(17)).result, Result::bad_length);
    EXPECT_EQ(open(View(sealed).first(1)).result, Result::bad_length);
    EXPECT_EQ(open({}).result, Result::bad_length);
}

TEST(AesBlocks, refuse_what_is_no_whole_number_of_blocks) {
    for (const AesMode mode : {AesMode::ecb, AesMode::cbc}) {
        for (const Direction direction : {Direction::encrypt, Direction::decrypt}) {
            for (const std::size_t length : {1U, 15U, 17U, 31U}) {
                const Outcome outcome = run({direction, key, block_mode(mode)}, Bytes(length), 99);
                EXPECT_EQ(outcome.result, Result::bad_length);
                EXPECT_EQ(outcome.output.size(), length / 16 * 16);
            }
            EXPECT_EQ(run({direction, key, block_mode(mode)}, {}, 99), (Outcome{Result::done, {}}));
        }
    }
}

TEST(AesCipher, refuses_parameters_that_do_not_fit) {
    const auto make = [](std::size_t key_bytes, AesParameters parameters) {
        return AesCipher(Direction::encrypt, Bytes(key_bytes), std::move(parameters));
    };
    for (const std::size_t key_bytes : {0U, 8U, 15U, 17U, 33U}) {
        EXPECT_THROW(make(key_bytes, gcm(Bytes(12))), Error) << key_bytes;
        EXPECT_THROW(make(key_bytes, block_mode(AesMode::ecb)), Error) << key_bytes;
    }
    for (const AesMode mode : {AesMode::cbc, AesMode::cbc_pad, AesMode::ctr}) {
        for (const std::size_t iv_bytes : {0U, 12U, 15U, 17U}) {
            EXPECT_THROW(make(16, {.mode = mode, .iv = Bytes(iv_bytes), .aad = {}, .tag_bytes = 0}), Error)
                << iv_bytes;
        }
    }
    EXPECT_THROW(make(16, gcm({})), Error);
    for (const std::size_t tag_bytes : {0U, 3U, 17U}) {
        EXPECT_THROW(make(16, gcm(Bytes(12), {}, tag_bytes)), Error) << tag_bytes;
    }
}

}  // namespace

}  // namespace jeton::crypto
