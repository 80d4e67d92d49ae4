#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/rsa.h>
#include <string>
#include <utility>

#include "crypto/error.hpp"
#include "crypto/keys.hpp"
#include "crypto/pkey.hpp"
#include "crypto/private_key_state.hpp"

namespace jeton::crypto {

namespace {

constexpr std::size_t largest_der = 64 * 1024;

using EncoderContext = openssl::Handle<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free>;
using Pkcs8 = openssl::Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

openssl::PkeyContext start_generation(const char* kind) {
    openssl::PkeyContext context(openssl::required(
        EVP_PKEY_CTX_new_from_name(openssl::context(), kind, nullptr), "make a key context"));
    openssl::require(EVP_PKEY_keygen_init(context.get()), "start key generation");
    return context;
}

openssl::Pkey finish_generation(const openssl::PkeyContext& context) {
    EVP_PKEY* pkey = nullptr;
    openssl::require(EVP_PKEY_generate(context.get(), &pkey), "generate a key");
    return openssl::Pkey(pkey);
}

/// read_pkcs8 gives the key in |der|; null when it is malformed or something follows it.
openssl::Pkey read_pkcs8(View der) {
    if (der.size() > largest_der) {
        return nullptr;
    }
    const unsigned char* cursor = openssl::data(der);
    const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, static_cast<long>(der.size())));
    if (!info || cursor != der.data() + der.size()) {
        return nullptr;
    }
    return openssl::Pkey(EVP_PKCS82PKEY_ex(info.get(), openssl::context(), nullptr));
}

/// rsa_raw computes block^d mod n; nullopt when OpenSSL refuses.
std::optional<SecretBytes> rsa_raw(EVP_PKEY* pkey, View block) {
    const openssl::PkeyContext context = operation_on(pkey);
    openssl::require(EVP_PKEY_decrypt_init(context.get()), "start RSA");
    openssl::require(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING), "set an RSA padding");
    SecretBytes out(block.size());
    std::size_t length = out.size();
    if (EVP_PKEY_decrypt(context.get(), out.data(), &length, block.data(), block.size()) != 1 ||
        length != block.size()) {
        return std::nullopt;
    }
    return out;
}

/// ecdsa_der gives SEQUENCE { r, s }; empty when OpenSSL refuses.
Bytes ecdsa_der(EVP_PKEY* pkey, View digest) {
    const openssl::PkeyContext context = operation_on(pkey);
    openssl::require(EVP_PKEY_sign_init(context.get()), "start ECDSA");
    std::size_t length = 0;
    Bytes out;
    if (EVP_PKEY_sign(context.get(), nullptr, &length, openssl::data(digest), digest.size()) == 1) {
        out.resize(length);
        const int answer =
            EVP_PKEY_sign(context.get(), out.data(), &length, openssl::data(digest), digest.size());
        out.resize(answer == 1 ? length : 0);
    }
    return out;
}

/// big_number_of reads one number of an EC key; null when it has none.
openssl::BigNumber big_number_of(EVP_PKEY* pkey, const char* name) {
    BIGNUM* number = nullptr;
    return openssl::BigNumber(EVP_PKEY_get_bn_param(pkey, name, &number) == 1 ? number : nullptr);
}

/// is_scalar tells whether the private number of an EC key is below the order of its curve.
bool is_scalar(EVP_PKEY* pkey) {
    const openssl::BigNumber scalar = big_number_of(pkey, OSSL_PKEY_PARAM_PRIV_KEY);
    const openssl::BigNumber order = big_number_of(pkey, OSSL_PKEY_PARAM_EC_ORDER);
    return scalar && order && !BN_is_zero(scalar.get()) && BN_cmp(scalar.get(), order.get()) < 0;
}

/// is_pair tells whether the halves of |pkey| belong together: one computation must come back. OpenSSL's own
/// check would test the primes of an RSA key, for as long as generating them takes, and does not work in
/// applications that made an engine their default.
bool is_pair(EVP_PKEY* pkey, const PublicKey& key) {
    if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
        const Bytes digest(curve_facts(ec->curve).field_bytes, 0x02);
        const auto signature =
            ecdsa_raw_from_der(ecdsa_der(pkey, digest), curve_facts(ec->curve).field_bytes);
        return is_scalar(pkey) && signature && verify_ecdsa(*ec, digest, *signature);
    }
    if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) {
        Bytes block(rsa->modulus_bytes());
        block.back() = 0x02;
        const auto power = rsa_raw(pkey, block);
        const auto back = power ? rsa_public(*rsa, *power) : std::nullopt;
        return back && equal(*back, block);
    }
    return true;  // OpenSSL computed the public half of an octet key from the private one
}

/// derive gives |length| bytes that |own| and |peer| agree on; nullopt when OpenSSL refuses the result.
std::optional<SecretBytes> derive(EVP_PKEY* own, EVP_PKEY* peer, std::size_t length) {
    const openssl::PkeyContext context = operation_on(own);
    openssl::require(EVP_PKEY_derive_init(context.get()), "start a key agreement");
    openssl::require(EVP_PKEY_derive_set_peer(context.get(), peer), "set the peer's key");
    SecretBytes out(length);
    std::size_t filled = length;
    if (EVP_PKEY_derive(context.get(), out.data(), &filled) != 1) {
        return std::nullopt;
    }
    openssl::require(filled == length ? 1 : 0, "fill the secret");
    return out;
}

}  // namespace

PrivateKey::PrivateKey(std::unique_ptr<State> state) : m_state(std::move(state)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

PrivateKey PrivateKey::generate_rsa(std::size_t bits) {
    const openssl::ErrorScope errors;
    if (bits > largest_modulus_bits) {
        throw Error("an RSA key has 16384 bits at most");
    }
    const openssl::PkeyContext context = start_generation(rsa_kind);
    openssl::require(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)),
                     "set a key length");
    openssl::Pkey pkey = finish_generation(context);
    PublicKey key = public_part(pkey.get()).value();
    return PrivateKey(std::make_unique<State>(State{std::move(pkey), std::move(key)}));
}

PrivateKey PrivateKey::generate_ec(Curve curve) {
    const openssl::ErrorScope errors;
    const openssl::PkeyContext context = start_generation(ec_kind);
    const std::string name(curve_facts(curve).name);
    openssl::require(EVP_PKEY_CTX_set_group_name(context.get(), name.c_str()), "set a curve");
    openssl::Pkey pkey = finish_generation(context);
    PublicKey key = public_part(pkey.get()).value();
    return PrivateKey(std::make_unique<State>(State{std::move(pkey), std::move(key)}));
}

PrivateKey PrivateKey::generate_okp(OkpCurve curve) {
    const openssl::ErrorScope errors;
    openssl::Pkey pkey = finish_generation(start_generation(okp_kind(curve)));
    PublicKey key = public_part(pkey.get()).value();
    return PrivateKey(std::make_unique<State>(State{std::move(pkey), std::move(key)}));
}

std::optional<PrivateKey> PrivateKey::from_der(View der) {
    const openssl::ErrorScope errors;
    openssl::Pkey pkey = read_pkcs8(der);
    auto key = pkey ? public_part(pkey.get()) : std::nullopt;
    if (!key || !is_valid(*key) || !is_pair(pkey.get(), *key)) {
        return std::nullopt;
    }
    return PrivateKey(std::make_unique<State>(State{std::move(pkey), std::move(*key)}));
}

SecretBytes PrivateKey::to_der() const {
    const openssl::ErrorScope errors;
    const EncoderContext encoder(
        openssl::required(OSSL_ENCODER_CTX_new_for_pkey(m_state->pkey.get(), EVP_PKEY_KEYPAIR, "DER",
                                                        "PrivateKeyInfo", nullptr),
                          "make a key encoder"));
    std::size_t length = 0;
    openssl::require(OSSL_ENCODER_to_data(encoder.get(), nullptr, &length), "measure a key");
    SecretBytes out(length);
    unsigned char* cursor = out.data();
    openssl::require(OSSL_ENCODER_to_data(encoder.get(), &cursor, &length), "write a key");
    return out;
}

PublicKey PrivateKey::public_key() const {
    return m_state->public_key;
}

std::optional<SecretBytes> PrivateKey::rsa_private(View block) const {
    const openssl::ErrorScope errors;
    const auto* rsa = std::get_if<RsaPublicKey>(&m_state->public_key);
    if (rsa == nullptr) {
        throw Error("not an RSA key");
    }
    if (block.size() != rsa->modulus_bytes() || !is_below(block, rsa->modulus)) {
        return std::nullopt;
    }
    auto out = rsa_raw(m_state->pkey.get(), block);
    if (!out) {
        openssl::fail("compute with an RSA key");
    }
    return out;
}

Bytes PrivateKey::sign_ecdsa(View digest) const {
    const openssl::ErrorScope errors;
    if (!std::holds_alternative<EcPublicKey>(m_state->public_key)) {
        throw Error("not an EC key");
    }
    Bytes signature = ecdsa_der(m_state->pkey.get(), digest);
    if (signature.empty()) {
        throw Error("OpenSSL failed to sign with ECDSA");
    }
    return signature;
}

Bytes PrivateKey::sign_eddsa(View message) const {
    const openssl::ErrorScope errors;
    const auto* own = std::get_if<OkpPublicKey>(&m_state->public_key);
    if (own == nullptr || okp_facts(own->curve).signature_bytes == 0) {
        throw Error("not an EdDSA key");
    }
    const openssl::DigestContext context(openssl::required(EVP_MD_CTX_new(), "make a signature"));
    openssl::require(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, openssl::context(), nullptr,
                                           m_state->pkey.get(), nullptr),
                     "start EdDSA");
    Bytes out(okp_facts(own->curve).signature_bytes);
    std::size_t length = out.size();
    openssl::require(
        EVP_DigestSign(context.get(), out.data(), &length, openssl::data(message), message.size()),
        "sign with EdDSA");
    openssl::require(length == out.size() ? 1 : 0, "fill the signature");
    return out;
}

std::optional<SecretBytes> PrivateKey::agree(View peer) const {
    const openssl::ErrorScope errors;
    if (const auto* ec = std::get_if<EcPublicKey>(&m_state->public_key)) {
        const openssl::Pkey peer_key = make_pkey(EcPublicKey{ec->curve, to_bytes(peer)});
        auto secret = peer_key
                          ? derive(m_state->pkey.get(), peer_key.get(), curve_facts(ec->curve).field_bytes)
                          : std::nullopt;
        openssl::require(peer_key && !secret ? 0 : 1, "agree on a key");
        return secret;
    }
    const auto* okp = std::get_if<OkpPublicKey>(&m_state->public_key);
    if (okp == nullptr || okp_facts(okp->curve).shared_bytes == 0) {
        throw Error("not a key for key agreement");
    }
    const openssl::Pkey peer_key = make_pkey(OkpPublicKey{okp->curve, to_bytes(peer)});
    // OpenSSL fails when the secret is zeros alone, and has no other reason to.
    return peer_key ? derive(m_state->pkey.get(), peer_key.get(), okp_facts(okp->curve).shared_bytes)
                    : std::nullopt;
}

}  // namespace jeton::crypto
