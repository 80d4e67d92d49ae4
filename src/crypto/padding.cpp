#include "crypto/padding.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/error.hpp"

namespace jeton::crypto {

namespace {

/// DigestInfoPrefix is all of a DigestInfo but the digest (RFC 8017, 9.2, note 1; for SHA-3 the identifiers
/// of FIPS 202 in the NIST arc).
struct DigestInfoPrefix {
    std::array<Byte, 19> bytes;
    std::size_t length;
};

constexpr DigestInfoPrefix nist_prefix(Byte arc, Byte digest_bytes) {
    return {{0x30, static_cast<Byte>(17 + digest_bytes), 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
             0x03, 0x04, 0x02, arc, 0x05, 0x00, 0x04, digest_bytes},
            19};
}

// In the order of Hash.
constexpr std::array<DigestInfoPrefix, 9> prefixes{{
    {{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14}, 15},
    nist_prefix(4, 28),
    nist_prefix(1, 32),
    nist_prefix(2, 48),
    nist_prefix(3, 64),
    nist_prefix(7, 28),
    nist_prefix(8, 32),
    nist_prefix(9, 48),
    nist_prefix(10, 64),
}};

/// Mask is all ones for yes and zero for no: decisions about secrets are computed, not branched on.
using Mask = std::size_t;

/// hidden keeps the compiler from seeing that |mask| has two values only, and so from making a branch of it.
Mask hidden(Mask mask) {
    asm volatile("" : "+r"(mask));
    return mask;
}

Mask is_zero(std::size_t value) {
    return hidden(Mask{0} - ((~value & (value - 1)) >> (sizeof(value) * 8 - 1)));
}

Mask is_equal(std::size_t a, std::size_t b) {
    return is_zero(a ^ b);
}

/// at_least compares numbers below half of the range.
Mask at_least(std::size_t a, std::size_t b) {
    return hidden(((a - b) >> (sizeof(a) * 8 - 1)) - 1);
}

std::size_t choose(Mask mask, std::size_t yes, std::size_t no) {
    return (mask & yes) | (~mask & no);
}

/// mgf1_xor adds the mask MGF1(|seed|) to |target| (RFC 8017, B.2.1).
void mgf1_xor(Hash hash, View seed, std::span<Byte> target) {
    Digest seeded(hash);
    seeded.update(seed);
    std::uint32_t counter = 0;
    while (!target.empty()) {
        const std::array<Byte, 4> suffix{static_cast<Byte>(counter >> 24), static_cast<Byte>(counter >> 16),
                                         static_cast<Byte>(counter >> 8), static_cast<Byte>(counter)};
        Digest block(seeded);
        block.update(suffix);
        Bytes mask = block.finish();
        const std::size_t length = std::min(mask.size(), target.size());
        for (std::size_t i = 0; i < length; ++i) {
            target[i] ^= mask[i];
        }
        wipe(mask);
        target = target.subspan(length);
        ++counter;
    }
}

}  // namespace

Bytes digest_info(Hash hash, View digest) {
    if (digest.size() != digest_length(hash)) {
        throw Error("the digest has not the length of its hash");
    }
    const DigestInfoPrefix& prefix = prefixes.at(static_cast<std::size_t>(hash));
    Bytes info = to_bytes(View(prefix.bytes).first(prefix.length));
    append(info, digest);
    return info;
}

std::optional<Bytes> pad_pkcs_signature(std::size_t block_bytes, View content) {
    if (block_bytes < pkcs_overhead || content.size() > block_bytes - pkcs_overhead) {
        return std::nullopt;
    }
    Bytes block(block_bytes, 0xFF);
    block[0] = 0x00;
    block[1] = 0x01;
    block[block_bytes - content.size() - 1] = 0x00;
    std::copy(content.begin(), content.end(), block.end() - static_cast<std::ptrdiff_t>(content.size()));
    return block;
}

std::optional<Bytes> pad_pss(std::size_t modulus_bits, Hash hash, Hash mgf, std::size_t salt_bytes,
                             View digest) {
    const std::size_t hash_bytes = digest_length(hash);
    const std::size_t modulus_bytes = modulus_bits / 8 + (modulus_bits % 8 != 0 ? 1 : 0);
    if (digest.size() != hash_bytes || modulus_bits < 2) {
        return std::nullopt;
    }
    // RFC 8017, 9.1.1: the encoded message has one bit less than the modulus.
    const std::size_t encoded_bits = modulus_bits - 1;
    const std::size_t encoded_bytes = (encoded_bits - 1) / 8 + 1;
    if (encoded_bytes < hash_bytes + 2 || encoded_bytes - hash_bytes - 2 < salt_bytes) {
        return std::nullopt;
    }
    Bytes block(modulus_bytes, 0x00);
    const std::span<Byte> encoded = std::span(block).last(encoded_bytes);
    const std::span<Byte> masked_db = encoded.first(encoded_bytes - hash_bytes - 1);
    const std::span<Byte> salt = masked_db.last(salt_bytes);
    random_bytes(salt);
    masked_db[masked_db.size() - salt_bytes - 1] = 0x01;

    Digest seed(hash);
    seed.update(std::array<Byte, 8>{});
    seed.update(digest);
    seed.update(salt);
    const Bytes h = seed.finish();

    mgf1_xor(mgf, h, masked_db);
    masked_db[0] &= static_cast<Byte>(0xFF >> (8 * encoded_bytes - encoded_bits));
    std::copy(h.begin(), h.end(), encoded.begin() + static_cast<std::ptrdiff_t>(masked_db.size()));
    encoded.back() = 0xBC;
    return block;
}

std::optional<SecretBytes> unpad_pkcs(View block) {
    if (block.size() < pkcs_overhead) {
        return std::nullopt;
    }
    // RFC 8017, 7.2.2: 00 02, at least eight bytes that are not zero, 00, the message.
    Mask good = is_zero(block[0]) & is_equal(block[1], 2);
    Mask found = 0;
    std::size_t separator = 0;
    for (std::size_t i = 2; i < block.size(); ++i) {
        const Mask first = is_zero(block[i]) & ~found;
        separator = choose(first, i, separator);
        found |= first;
    }
    good &= found & at_least(separator, pkcs_overhead - 1);
    if (good == 0) {
        return std::nullopt;
    }
    return to_secret(block.subspan(separator + 1));
}

std::optional<SecretBytes> unpad_oaep(View block, Hash hash, Hash mgf, View label) {
    const std::size_t hash_bytes = digest_length(hash);
    if (block.size() < 2 * hash_bytes + 2) {
        return std::nullopt;
    }
    // RFC 8017, 7.1.2, step 3: 00, masked seed, masked DB; DB is label hash, zeros, 01, message.
    SecretBytes copy = to_secret(block);
    const std::span<Byte> seed = std::span(copy).subspan(1, hash_bytes);
    const std::span<Byte> db = std::span(copy).subspan(1 + hash_bytes);
    mgf1_xor(mgf, db, seed);
    mgf1_xor(mgf, seed, db);

    const Bytes label_hash = digest(hash, label);
    std::size_t difference = copy[0];
    for (std::size_t i = 0; i < hash_bytes; ++i) {
        difference |= static_cast<std::size_t>(label_hash[i] ^ db[i]);
    }
    Mask found = 0;
    std::size_t separator = 0;
    for (std::size_t i = hash_bytes; i < db.size(); ++i) {
        const Mask first = ~is_zero(db[i]) & ~found;
        separator = choose(first, i, separator);
        difference |= first & (db[i] ^ 0x01U);
        found |= first;
    }
    if ((is_zero(difference) & found) == 0) {
        return std::nullopt;
    }
    return to_secret(View(db).subspan(separator + 1));
}

}  // namespace jeton::crypto
