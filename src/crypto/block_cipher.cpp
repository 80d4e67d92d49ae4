#include "crypto/block_cipher.hpp"

#include "crypto/error.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

constexpr std::size_t tdes_key_bytes = 24;
constexpr std::size_t tdes_block_bytes = 8;

/// find_cipher gives OpenSSL's cipher; nullptr when |key_bytes| does not fit.
const EVP_CIPHER* find_cipher(BlockCipher cipher, std::size_t key_bytes) {
    if (cipher == BlockCipher::aes) {
        return openssl::cipher(AesMode::ecb, key_bytes);
    }
    return key_bytes == tdes_key_bytes ? openssl::triple_des() : nullptr;
}

}  // namespace

std::size_t block_length(BlockCipher cipher) {
    return cipher == BlockCipher::aes ? aes_block_bytes : tdes_block_bytes;
}

Bytes crypt_block(BlockCipher cipher, Direction direction, View key, View block) {
    const openssl::ErrorScope errors;
    const EVP_CIPHER* const algorithm = find_cipher(cipher, key.size());
    if (algorithm == nullptr || block.size() != block_length(cipher)) {
        throw Error("a key or block has not the length that its cipher needs");
    }
    const openssl::CipherContext context(openssl::required(EVP_CIPHER_CTX_new(), "make a cipher"));
    openssl::require(EVP_CipherInit_ex2(context.get(), algorithm, key.data(), nullptr,
                                        direction == Direction::encrypt ? 1 : 0, nullptr),
                     "set a cipher's key");
    EVP_CIPHER_CTX_set_padding(context.get(), 0);
    Bytes out(2 * block.size());  // OpenSSL asks for room for one block more than it fills.
    int length = 0;
    openssl::require(
        EVP_CipherUpdate(context.get(), out.data(), &length, block.data(), static_cast<int>(block.size())),
        "compute a block");
    openssl::require(static_cast<std::size_t>(length) == block.size() ? 1 : 0, "fill a block");
    out.resize(block.size());
    return out;
}

}  // namespace jeton::crypto
