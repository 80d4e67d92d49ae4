// Private keys from their numbers and back. A key is written as PKCS#8 (RFC 5958; RFC 8017, A.1.2; RFC 5915;
// RFC 8410, 7) and read by the same reader as any other, so that one place decides what is sound.
#include <openssl/core_names.h>

#include "crypto/der.hpp"
#include "crypto/pkey.hpp"
#include "crypto/private_key_state.hpp"
#include "crypto/rsa_numbers.hpp"

namespace jeton::crypto {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

constexpr std::array<Byte, 1> zero{0x00};
constexpr std::array<Byte, 1> one{0x01};

/// private_key_info writes a PrivateKeyInfo; |algorithm| is the content of the AlgorithmIdentifier.
SecretBytes private_key_info(View algorithm, View key) {
    return SecretTlvWriter()
        .nest(der_sequence,
              [&](SecretTlvWriter& info) {
                  put_unsigned(info, zero);
                  info.put(der_sequence, algorithm).put(der_octet_string, key);
              })
        .take();
}

std::optional<SecretBytes> to_pkcs8(const RsaPrivateParts& parts) {
    const auto numbers = RsaNumbers::complete(parts);
    if (!numbers) {
        return std::nullopt;
    }
    const SecretBytes key = SecretTlvWriter()
                                .nest(der_sequence,
                                      [&](SecretTlvWriter& out) {
                                          put_unsigned(out, zero);
                                          for (const BIGNUM* number : numbers->in_order()) {
                                              put_unsigned(out, secret_number(number));
                                          }
                                      })
                                .take();
    return private_key_info(TlvWriter().put(der_oid, rsa_oid).put(der_null, {}).take(), key);
}

std::optional<SecretBytes> to_pkcs8(const EcPrivateParts& parts) {
    const CurveFacts& facts = curve_facts(parts.curve);
    const View digits = without_leading_zeros(parts.scalar);
    if (digits.empty() || digits.size() > facts.field_bytes) {
        return std::nullopt;
    }
    SecretBytes scalar(facts.field_bytes - digits.size());
    append(scalar, digits);
    const SecretBytes key = SecretTlvWriter()
                                .nest(der_sequence,
                                      [&](SecretTlvWriter& out) {
                                          put_unsigned(out, one);
                                          out.put(der_octet_string, scalar);
                                      })
                                .take();
    return private_key_info(TlvWriter().put(der_oid, ec_oid).raw(facts.oid).take(), key);
}

std::optional<SecretBytes> to_pkcs8(const OkpPrivateParts& parts) {
    const OkpFacts& facts = okp_facts(parts.curve);
    if (parts.seed.size() != facts.public_bytes) {
        return std::nullopt;
    }
    return private_key_info(facts.oid, SecretTlvWriter().put(der_octet_string, parts.seed).take());
}

/// secret_number_of reads one number of |pkey|, padded to |length| or, when that is 0, without leading zeros;
/// nullopt when there is none.
std::optional<SecretBytes> secret_number_of(const EVP_PKEY* pkey, const char* name, std::size_t length) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(pkey, name, &raw) != 1) {
        return std::nullopt;
    }
    const openssl::BigNumber number(raw);
    return secret_number(raw, length);
}

std::optional<PrivateParts> rsa_parts(const EVP_PKEY* pkey, const RsaPublicKey& key) {
    auto p = secret_number_of(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, 0);
    auto q = secret_number_of(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2, 0);
    auto dp = secret_number_of(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1, 0);
    auto dq = secret_number_of(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2, 0);
    auto qinv = secret_number_of(pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0);
    if (!p || !q || !dp || !dq || !qinv) {
        return std::nullopt;
    }
    return RsaPrivateParts{std::move(*p),  std::move(*q),    std::move(*dp),
                           std::move(*dq), std::move(*qinv), key.exponent};
}

std::optional<PrivateParts> okp_parts(const EVP_PKEY* pkey, const OkpPublicKey& key) {
    OkpPrivateParts parts{key.curve, SecretBytes(okp_facts(key.curve).public_bytes)};
    std::size_t length = parts.seed.size();
    openssl::require(EVP_PKEY_get_raw_private_key(pkey, parts.seed.data(), &length), "read a private key");
    return parts;
}

}  // namespace

std::optional<PrivateKey> PrivateKey::from_parts(const PrivateParts& parts) {
    const openssl::ErrorScope errors;
    const auto der = std::visit([](const auto& kind) { return to_pkcs8(kind); }, parts);
    return der ? from_der(*der) : std::nullopt;
}

std::optional<PrivateParts> PrivateKey::parts() const {
    const openssl::ErrorScope errors;
    const EVP_PKEY* pkey = m_state->pkey.get();
    if (const auto* rsa = std::get_if<RsaPublicKey>(&m_state->public_key)) {
        return rsa_parts(pkey, *rsa);
    }
    if (const auto* ec = std::get_if<EcPublicKey>(&m_state->public_key)) {
        auto scalar = secret_number_of(pkey, OSSL_PKEY_PARAM_PRIV_KEY, curve_facts(ec->curve).field_bytes);
        return scalar ? std::optional<PrivateParts>(EcPrivateParts{ec->curve, std::move(*scalar)})
                      : std::nullopt;
    }
    return okp_parts(pkey, std::get<OkpPublicKey>(m_state->public_key));
}

}  // namespace jeton::crypto
