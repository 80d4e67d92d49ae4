#include "crypto/digest.hpp"

#include <array>
#include <openssl/rand.h>
#include <utility>

#include "crypto/error.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

// In the order of Hash.
constexpr std::array<std::size_t, 9> lengths{20, 28, 32, 48, 64, 28, 32, 48, 64};

}  // namespace

struct Digest::State {
    openssl::DigestContext context{openssl::required(EVP_MD_CTX_new(), "make a digest")};
};

std::size_t digest_length(Hash hash) {
    return lengths.at(static_cast<std::size_t>(hash));
}

Bytes digest(Hash hash, View data) {
    Digest whole(hash);
    whole.update(data);
    return whole.finish();
}

Digest::Digest(Hash hash) : m_hash(hash) {
    const openssl::ErrorScope errors;
    const EVP_MD* algorithm = openssl::md(hash);
    m_state = std::make_unique<State>();
    openssl::require(EVP_DigestInit_ex2(m_state->context.get(), algorithm, nullptr), "start a digest");
}

Digest::Digest(const Digest& other) : m_hash(other.m_hash), m_state(std::make_unique<State>()) {
    const openssl::ErrorScope errors;
    openssl::require(EVP_MD_CTX_copy_ex(m_state->context.get(), other.m_state->context.get()),
                     "copy a digest");
}

Digest& Digest::operator=(const Digest& other) {
    if (this != &other) {
        *this = Digest(other);
    }
    return *this;
}

Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(View data) {
    const openssl::ErrorScope errors;
    openssl::require(EVP_DigestUpdate(m_state->context.get(), openssl::data(data), data.size()), "hash");
}

Bytes Digest::finish() {
    const openssl::ErrorScope errors;
    Bytes out(digest_length(m_hash));
    openssl::require(EVP_DigestFinal_ex(m_state->context.get(), out.data(), nullptr), "finish a digest");
    return out;
}

void random_bytes(std::span<Byte> out) {
    const openssl::ErrorScope errors;
    if (!out.empty()) {
        openssl::require(RAND_priv_bytes_ex(openssl::context(), out.data(), out.size(), 0),
                         "make random bytes");
    }
}

}  // namespace jeton::crypto
