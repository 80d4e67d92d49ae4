#include "crypto/gcm_iv.hpp"

#include <algorithm>
#include <array>

#include "crypto/block_cipher.hpp"

namespace jeton::crypto {

namespace {

/// Field is an element of GF(2^128) in GCM's bit order: the first bit is the highest of |high| (SP
/// 800-38D, 6.3).
struct Field {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
};

constexpr Field one{std::uint64_t{1} << 63, 0};

Field add(Field a, Field b) {
    return {a.high ^ b.high, a.low ^ b.low};
}

/// multiply takes the same time for all operands; they follow from the key (SP 800-38D, algorithm 1).
Field multiply(Field x, Field y) {
    constexpr std::uint64_t reduction = std::uint64_t{0xE1} << 56;
    Field product;
    for (unsigned i = 0; i < 128; ++i) {
        const std::uint64_t take = std::uint64_t{0} - (x.high >> 63);
        product = add(product, {y.high & take, y.low & take});
        const std::uint64_t carry = std::uint64_t{0} - (y.low & 1);
        y = {(y.high >> 1) ^ (reduction & carry), y.low >> 1 | y.high << 63};
        x = {x.high << 1 | x.low >> 63, x.low << 1};
    }
    return product;
}

/// inverse is the power 2^128 - 2: the product of all squares x^2, x^4 ... x^(2^127).
Field inverse(Field x) {
    Field product = one;
    for (unsigned i = 1; i < 128; ++i) {
        x = multiply(x, x);
        product = multiply(product, x);
    }
    return product;
}

Field load(View block) {
    return {load_be(block.first(8)), load_be(block.last(8))};
}

Bytes store(Field value) {
    Bytes out(aes_block_bytes);
    for (unsigned i = 0; i < 8; ++i) {
        out[i] = static_cast<Byte>(value.high >> (56 - 8 * i));
        out[8 + i] = static_cast<Byte>(value.low >> (56 - 8 * i));
    }
    return out;
}

/// length_block ends what J0 hashes: 64 zero bits and the IV's length in bits.
Field length_block(std::size_t iv_bytes) {
    return {0, std::uint64_t{iv_bytes} * 8};
}

Field counting_start(Field h, View iv) {
    const std::size_t total = iv.size();
    Field hash;
    while (!iv.empty()) {
        std::array<Byte, aes_block_bytes> block{};
        const View part = iv.first(std::min(iv.size(), aes_block_bytes));
        std::copy(part.begin(), part.end(), block.begin());
        hash = multiply(add(hash, load(block)), h);
        iv = iv.subspan(part.size());
    }
    return multiply(add(hash, length_block(total)), h);
}

}  // namespace

Bytes first_counter_block(View hash_key, View iv) {
    return store(counting_start(load(hash_key), iv));
}

Bytes equivalent_gcm_iv(View key, View iv) {
    const Bytes hash_key =
        crypt_block(BlockCipher::aes, Direction::encrypt, key, std::array<Byte, aes_block_bytes>{});
    const Field h = load(hash_key);
    const Field undo = inverse(h);
    // J0 of 16 bytes V is ((V * H) + length) * H.
    const Field j0 = counting_start(h, iv);
    return store(multiply(add(multiply(j0, undo), length_block(aes_block_bytes)), undo));
}

Bytes short_gcm_iv(View key, Bytes iv) {
    return iv.size() <= longest_gcm_iv ? std::move(iv) : equivalent_gcm_iv(key, iv);
}

}  // namespace jeton::crypto
