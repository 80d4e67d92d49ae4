#include "softcard/sealing.hpp"

#include <algorithm>
#include <utility>

#include "crypto/aes.hpp"
#include "crypto/error.hpp"
#include "crypto/kdf.hpp"

namespace jeton::softcard {

namespace {

using crypto::Direction;

constexpr std::size_t public_bytes = 32;
constexpr std::size_t cipher_key_bytes = 32;
constexpr std::size_t iv_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::string_view key_purpose = "jeton software card: private key";
constexpr std::string_view wrap_purpose = "jeton software card: sealing key";

/// Each key encrypts one message, so the IV need not differ.
crypto::AesCipher cipher(Direction direction, View key, View associated) {
    return {direction, key,
            crypto::AesParameters{.mode = crypto::AesMode::gcm,
                                  .iv = Bytes(iv_bytes),
                                  .aad = to_bytes(associated),
                                  .tag_bytes = tag_bytes}};
}

Bytes encrypt(View key, View plain, View associated) {
    SecretBytes out;
    crypto::AesCipher aes = cipher(Direction::encrypt, key, associated);
    aes.update(plain, out);
    aes.finish(out);
    return to_bytes(out);
}

std::optional<SecretBytes> decrypt(View key, View box, View associated) {
    SecretBytes out;
    crypto::AesCipher aes = cipher(Direction::decrypt, key, associated);
    aes.update(box, out);
    return aes.finish(out) == crypto::AesCipher::Result::done ? std::optional(std::move(out)) : std::nullopt;
}

Bytes public_half(const crypto::PrivateKey& key) {
    return std::get<crypto::OkpPublicKey>(key.public_key()).value;
}

/// The key between an ephemeral key and a sealing key; nullopt when |peer| is no honest public key.
std::optional<SecretBytes> agreed_key(const crypto::PrivateKey& own, View peer, View ephemeral,
                                      View sealing) {
    const auto shared = own.agree(peer);
    if (!shared) {
        return std::nullopt;
    }
    Bytes salt = to_bytes(ephemeral);
    append(salt, sealing);
    return crypto::hkdf(crypto::Hash::sha256, *shared, salt, view_of(key_purpose), cipher_key_bytes);
}

SecretBytes key_of_pin(const Wrapped& wrapped, View pin) {
    return crypto::pbkdf2(crypto::Hash::sha256, pin, wrapped.salt, wrapped.iterations, cipher_key_bytes);
}

/// What a wrapped key is bound to: its use, the PIN that opens it and the public half.
Bytes wrap_context(Byte reference, View public_key) {
    Bytes context = to_bytes(view_of(wrap_purpose));
    context.push_back(reference);
    append(context, public_key);
    return context;
}

}  // namespace

SealingKey::SealingKey(crypto::PrivateKey key) : m_key(std::move(key)), m_public_key(public_half(m_key)) {}

SealingKey SealingKey::generate() {
    return SealingKey(crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519));
}

std::optional<SealingKey> SealingKey::unwrap(const Wrapped& wrapped, Byte reference, View pin,
                                             View public_key) {
    auto seed = decrypt(key_of_pin(wrapped, pin), wrapped.box, wrap_context(reference, public_key));
    if (!seed) {
        return std::nullopt;
    }
    auto key =
        crypto::PrivateKey::from_parts(crypto::OkpPrivateParts{crypto::OkpCurve::x25519, std::move(*seed)});
    if (!key || !equal(public_half(*key), public_key)) {
        return std::nullopt;
    }
    return SealingKey(std::move(*key));
}

Wrapped SealingKey::wrap(Byte reference, View pin, unsigned iterations) const {
    Wrapped out;
    crypto::random_bytes(out.salt);
    out.iterations = iterations;
    const crypto::PrivateParts parts = m_key.parts().value();
    out.box = encrypt(key_of_pin(out, pin), std::get<crypto::OkpPrivateParts>(parts).seed,
                      wrap_context(reference, m_public_key));
    return out;
}

std::optional<SecretBytes> SealingKey::open(View box, View associated) const {
    if (box.size() < least_box_bytes) {
        return std::nullopt;
    }
    const View ephemeral = box.first(public_bytes);
    const auto key = agreed_key(m_key, ephemeral, ephemeral, m_public_key);
    return key ? decrypt(*key, box.subspan(public_bytes), associated) : std::nullopt;
}

Bytes seal(View public_key, View plain, View associated) {
    const auto ephemeral = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    Bytes box = public_half(ephemeral);
    const auto key = agreed_key(ephemeral, public_key, box, public_key);
    if (!key) {
        throw crypto::Error("the card's sealing key is none");
    }
    append(box, encrypt(*key, plain, associated));
    return box;
}

}  // namespace jeton::softcard
