#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "crypto/block_cipher.hpp"
#include "crypto/keys.hpp"
#include "crypto/padding.hpp"
#include "crypto/sample_keys.hpp"

namespace jeton::crypto {

namespace {

constexpr int thread_count = 4;
constexpr int rounds = 20;

template <typename Work>
int in_threads(const Work& work) {
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                good += work() ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return good;
}

TEST(Threads, share_one_rsa_key) {
    const RsaPublicKey key = test::sample_rsa_public();
    const Bytes block = pad_pkcs_signature(256, view_of("content")).value();
    EXPECT_EQ(in_threads([&] {
                  const auto signature = test::sample_rsa().rsa_private(block);
                  return signature && verify_rsa_pkcs(key, view_of("content"), *signature);
              }),
              thread_count * rounds);
}

TEST(Threads, share_one_ec_key) {
    const PrivateKey key = PrivateKey::generate_ec(Curve::p256);
    const auto public_key = std::get<EcPublicKey>(key.public_key());
    const Bytes hashed(32, 0x11);
    EXPECT_EQ(in_threads([&] {
                  const auto raw = ecdsa_raw_from_der(key.sign_ecdsa(hashed), 32);
                  return raw && verify_ecdsa(public_key, hashed, *raw) &&
                         key.agree(public_key.point).has_value();
              }),
              thread_count * rounds);
}

TEST(Threads, hash_and_encrypt_side_by_side) {
    const Bytes message(5000, 0x4D);
    const Bytes expected = digest(Hash::sha3_512, message);
    const Bytes key(32, 0x4B);
    const Bytes block = crypt_block(BlockCipher::aes, Direction::encrypt, key, Bytes(16));
    EXPECT_EQ(in_threads([&] {
                  Bytes random(16);
                  random_bytes(random);
                  return digest(Hash::sha3_512, message) == expected &&
                         crypt_block(BlockCipher::aes, Direction::encrypt, key, Bytes(16)) == block &&
                         random != Bytes(16);
              }),
              thread_count * rounds);
}

}  // namespace

}  // namespace jeton::crypto
