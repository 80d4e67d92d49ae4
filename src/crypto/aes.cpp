#include "crypto/aes.hpp"

#include <algorithm>
#include <openssl/core_names.h>
#include <utility>

#include "crypto/error.hpp"
#include "crypto/gcm_iv.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

/// OpenSSL counts in int.
constexpr std::size_t largest_step = std::size_t{1} << 30;

/// feed gives |input| to |context| in steps; |out|, if not null, has room for what comes. Returns the bytes
/// written.
std::size_t feed(EVP_CIPHER_CTX* context, View input, Byte* out) {
    std::size_t written = 0;
    while (!input.empty()) {
        const View step = input.first(std::min(input.size(), largest_step));
        int length = 0;
        openssl::require(EVP_CipherUpdate(context, out == nullptr ? nullptr : out + written, &length,
                                          step.data(), static_cast<int>(step.size())),
                         "encrypt or decrypt");
        written += static_cast<std::size_t>(length);
        input = input.subspan(step.size());
    }
    return written;
}

void check(View key, const AesParameters& parameters) {
    if (openssl::cipher(parameters.mode, key.size()) == nullptr) {
        throw Error("an AES key has 16, 24 or 32 bytes");
    }
    switch (parameters.mode) {
        case AesMode::ecb:
            return;
        case AesMode::gcm:
            if (parameters.iv.empty() || parameters.tag_bytes < smallest_gcm_tag ||
                parameters.tag_bytes > aes_block_bytes) {
                throw Error("GCM needs an IV and a tag of 4 to 16 bytes");
            }
            return;
        default:
            if (parameters.iv.size() != aes_block_bytes) {
                throw Error("the IV has not the length of a block");
            }
    }
}

openssl::CipherContext make_context(Direction direction, View key, const AesParameters& parameters) {
    openssl::CipherContext context(openssl::required(EVP_CIPHER_CTX_new(), "make a cipher"));
    std::size_t iv_bytes = parameters.iv.size();
    OSSL_PARAM iv_length[] = {OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_IVLEN, &iv_bytes),
                              OSSL_PARAM_END};
    const bool gcm = parameters.mode == AesMode::gcm;
    openssl::require(
        EVP_CipherInit_ex2(context.get(), openssl::cipher(parameters.mode, key.size()), nullptr, nullptr,
                           direction == Direction::encrypt ? 1 : 0, gcm ? iv_length : nullptr),
        "set up a cipher");
    openssl::require(EVP_CipherInit_ex2(context.get(), nullptr, key.data(),
                                        parameters.iv.empty() ? nullptr : parameters.iv.data(), -1, nullptr),
                     "set a cipher's key");
    EVP_CIPHER_CTX_set_padding(context.get(), parameters.mode == AesMode::cbc_pad ? 1 : 0);
    return context;
}

}  // namespace

struct AesCipher::State {
    Direction direction;
    AesMode mode;
    std::size_t tag_bytes;
    openssl::CipherContext context;
    std::size_t total = 0;  ///< input so far
    Bytes held{};           ///< gcm decryption: the ciphertext and tag so far

    bool opens() const { return mode == AesMode::gcm && direction == Direction::decrypt; }
    bool unpads() const { return mode == AesMode::cbc_pad && direction == Direction::decrypt; }
    std::size_t output_after(std::size_t input) const;
    Result finish_blocks(SecretBytes& out);
    Result finish_sealing(SecretBytes& out);
    Result finish_opening(SecretBytes& out);
};

/// output_after is how much update() has given in all when it has taken |input| bytes.
std::size_t AesCipher::State::output_after(std::size_t input) const {
    if (opens()) {
        return 0;
    }
    if (mode == AesMode::gcm || mode == AesMode::ctr) {
        return input;
    }
    // The last full block may be padding.
    const std::size_t certain = unpads() && input > 0 ? input - 1 : input;
    return certain / aes_block_bytes * aes_block_bytes;
}

AesCipher::AesCipher(Direction direction, View key, AesParameters parameters) {
    const openssl::ErrorScope errors;
    check(key, parameters);
    if (parameters.mode == AesMode::ecb) {
        parameters.iv.clear();
    }
    if (parameters.mode == AesMode::gcm) {
        parameters.iv = short_gcm_iv(key, std::move(parameters.iv));
    }
    m_state = std::make_unique<State>(
        State{direction, parameters.mode, parameters.tag_bytes, make_context(direction, key, parameters)});
    if (parameters.mode == AesMode::gcm) {
        feed(m_state->context.get(), parameters.aad, nullptr);
    }
}

AesCipher::AesCipher(AesCipher&&) noexcept = default;
AesCipher& AesCipher::operator=(AesCipher&&) noexcept = default;
AesCipher::~AesCipher() = default;

std::size_t AesCipher::update_length(std::size_t length) const {
    return m_state->output_after(m_state->total + length) - m_state->output_after(m_state->total);
}

std::size_t AesCipher::finish_length() const {
    const State& state = *m_state;
    if (state.mode == AesMode::gcm) {
        const bool opens = state.opens();
        return opens ? state.total - std::min(state.total, state.tag_bytes) : state.tag_bytes;
    }
    return state.mode == AesMode::cbc_pad ? aes_block_bytes : 0;
}

void AesCipher::update(View input, SecretBytes& out) {
    const openssl::ErrorScope errors;
    if (m_state->opens()) {
        append(m_state->held, input);
    } else {
        const std::size_t before = out.size();
        // OpenSSL asks for room for one block more than it fills.
        out.resize(before + update_length(input.size()) + aes_block_bytes);
        out.resize(before + feed(m_state->context.get(), input, out.data() + before));
    }
    m_state->total += input.size();
}

AesCipher::Result AesCipher::finish(SecretBytes& out) {
    const openssl::ErrorScope errors;
    if (m_state->opens()) {
        return m_state->finish_opening(out);
    }
    return m_state->mode == AesMode::gcm ? m_state->finish_sealing(out) : m_state->finish_blocks(out);
}

AesCipher::Result AesCipher::State::finish_blocks(SecretBytes& out) {
    const bool whole = total % aes_block_bytes == 0;
    const bool any_length = mode == AesMode::ctr || (mode == AesMode::cbc_pad && !unpads());
    if ((!whole && !any_length) || (unpads() && total == 0)) {
        return Result::bad_length;
    }
    const std::size_t before = out.size();
    out.resize(before + aes_block_bytes);
    int length = 0;
    if (EVP_CipherFinal_ex(context.get(), out.data() + before, &length) != 1) {
        out.resize(before);
        return Result::bad_padding;
    }
    out.resize(before + static_cast<std::size_t>(length));
    return Result::done;
}

AesCipher::Result AesCipher::State::finish_sealing(SecretBytes& out) {
    const std::size_t before = out.size();
    out.resize(before + tag_bytes);
    int length = 0;
    openssl::require(EVP_CipherFinal_ex(context.get(), out.data() + before, &length), "finish GCM");
    OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out.data() + before, tag_bytes),
        OSSL_PARAM_END};
    openssl::require(EVP_CIPHER_CTX_get_params(context.get(), tag), "make a GCM tag");
    return Result::done;
}

AesCipher::Result AesCipher::State::finish_opening(SecretBytes& out) {
    if (held.size() < tag_bytes) {
        return Result::bad_length;
    }
    const std::span<Byte> expected = std::span(held).last(tag_bytes);
    OSSL_PARAM tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, expected.data(), expected.size()),
        OSSL_PARAM_END};
    openssl::require(EVP_CIPHER_CTX_set_params(context.get(), tag), "set a GCM tag");

    const View ciphertext = View(held).first(held.size() - tag_bytes);
    SecretBytes plaintext(ciphertext.size() + aes_block_bytes);
    const std::size_t written = feed(context.get(), ciphertext, plaintext.data());
    int length = 0;
    if (EVP_CipherFinal_ex(context.get(), plaintext.data() + written, &length) != 1) {
        return Result::bad_tag;
    }
    append(out, View(plaintext).first(written));
    return Result::done;
}

}  // namespace jeton::crypto
