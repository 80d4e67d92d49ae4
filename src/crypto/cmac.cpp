#include "crypto/cmac.hpp"

#include <openssl/core_names.h>

#include "crypto/aes.hpp"
#include "crypto/error.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

using Mac = openssl::Handle<EVP_MAC, EVP_MAC_free>;
using MacContext = openssl::Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

/// cipher_name is what OpenSSL calls the cipher of a key; nullptr for a key of another length.
const char* cipher_name(std::size_t key_bytes) {
    switch (key_bytes) {
        case 16:
            return "AES-128-CBC";
        case 24:
            return "AES-192-CBC";
        case 32:
            return "AES-256-CBC";
        default:
            return nullptr;
    }
}

/// doubled multiplies by x in GF(2^128), in the same time for all operands (SP 800-38B, 6.1).
SecretBytes doubled(View block) {
    constexpr Byte reduction = 0x87;
    SecretBytes out(block.size());
    for (std::size_t i = 0; i < block.size(); ++i) {
        const unsigned next = i + 1 < block.size() ? block[i + 1] >> 7U : 0U;
        out[i] = static_cast<Byte>(block[i] << 1U | next);
    }
    out.back() ^= static_cast<Byte>(reduction & (0U - (block.front() >> 7U)));
    return out;
}

}  // namespace

SecretBytes cmac_last_block(View encrypted_zeros, View tail) {
    if (encrypted_zeros.size() != aes_block_bytes || tail.size() > aes_block_bytes) {
        throw Error("CMAC works with blocks of 16 bytes");
    }
    SecretBytes out = doubled(encrypted_zeros);
    if (tail.size() < aes_block_bytes) {
        out = doubled(out);
        out[tail.size()] ^= 0x80;
    }
    for (std::size_t i = 0; i < tail.size(); ++i) {
        out[i] ^= tail[i];
    }
    return out;
}

struct AesCmac::State {
    Mac mac;
    MacContext context;
};

AesCmac::AesCmac(View key) {
    const openssl::ErrorScope errors;
    const char* const name = cipher_name(key.size());
    if (name == nullptr) {
        throw Error("an AES key has 16, 24 or 32 bytes");
    }
    Mac mac(openssl::required(EVP_MAC_fetch(openssl::context(), "CMAC", nullptr), "find CMAC"));
    MacContext context(openssl::required(EVP_MAC_CTX_new(mac.get()), "make a CMAC"));
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, const_cast<char*>(name), 0), OSSL_PARAM_END};
    openssl::require(EVP_MAC_init(context.get(), key.data(), key.size(), params), "set the key of a CMAC");
    m_state = std::make_unique<State>(State{std::move(mac), std::move(context)});
}

AesCmac::~AesCmac() = default;

void AesCmac::update(View data) {
    const openssl::ErrorScope errors;
    openssl::require(EVP_MAC_update(m_state->context.get(), openssl::data(data), data.size()),
                     "compute a CMAC");
}

Bytes AesCmac::finish() {
    const openssl::ErrorScope errors;
    Bytes out(cmac_bytes);
    std::size_t length = 0;
    openssl::require(EVP_MAC_final(m_state->context.get(), out.data(), &length, out.size()), "finish a CMAC");
    openssl::require(length == out.size() ? 1 : 0, "fill a CMAC");
    return out;
}

Bytes aes_cmac(View key, View message) {
    AesCmac cmac(key);
    cmac.update(message);
    return cmac.finish();
}

}  // namespace jeton::crypto
