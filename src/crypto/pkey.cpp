#include "crypto/pkey.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <openssl/core_names.h>
#include <string>

namespace jeton::crypto {

namespace {

/// What OpenSSL calls the curves of octet keys.
struct OkpKind {
    OkpCurve curve;
    const char* identifier;
    const char* name;
};

// In the order of OkpCurve.
constexpr std::array<OkpKind, 2> okp_kinds{
    {{OkpCurve::ed25519, "1.3.101.112", "ED25519"}, {OkpCurve::x25519, "1.3.101.110", "X25519"}}};

// OpenSSL computes with no other RSA keys (rsa.h: OPENSSL_RSA_MAX_MODULUS_BITS, _SMALL_MODULUS_BITS,
// _MAX_PUBEXP_BITS).
constexpr std::size_t smallest_modulus_bits = 512;
constexpr std::size_t small_modulus_bits = 3072;
constexpr std::size_t large_modulus_exponent_bits = 64;

std::size_t bits_of(View number) {
    return number.empty() ? 0
                          : number.size() * 8 - static_cast<std::size_t>(std::countl_zero(number.front()));
}

bool is_odd(View number) {
    return !number.empty() && (number.back() & 1) != 0;
}

bool has_leading_zero(View number) {
    return number.empty() || number.front() == 0;
}

bool is_valid_rsa(const RsaPublicKey& key) {
    const std::size_t bits = key.modulus_bits();
    const std::size_t exponent_bits = bits_of(key.exponent);
    if (has_leading_zero(key.modulus) || has_leading_zero(key.exponent) || !is_odd(key.modulus) ||
        !is_odd(key.exponent) || exponent_bits < 2 || bits < smallest_modulus_bits ||
        bits > largest_modulus_bits) {
        return false;
    }
    if (bits > small_modulus_bits) {
        return exponent_bits <= large_modulus_exponent_bits;
    }
    return key.exponent.size() < key.modulus.size() ||
           (key.exponent.size() == key.modulus.size() && is_below(key.exponent, key.modulus));
}

openssl::BigNumber to_number(View bytes) {
    return openssl::BigNumber(openssl::required(
        BN_bin2bn(openssl::data(bytes), static_cast<int>(bytes.size()), nullptr), "read a number"));
}

/// from_params makes a public key of |kind|; null when OpenSSL refuses the values.
openssl::Pkey from_params(const char* kind, OSSL_PARAM_BLD* builder) {
    const openssl::Params params(openssl::required(OSSL_PARAM_BLD_to_param(builder), "make key parameters"));
    const openssl::PkeyContext context(openssl::required(
        EVP_PKEY_CTX_new_from_name(openssl::context(), kind, nullptr), "make a key context"));
    openssl::require(EVP_PKEY_fromdata_init(context.get()), "start making a key");
    EVP_PKEY* key = nullptr;
    const int answer = EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get());
    openssl::Pkey owner(key);
    return answer == 1 ? std::move(owner) : nullptr;
}

openssl::Pkey make_rsa_pkey(const RsaPublicKey& key) {
    if (!is_valid_rsa(key)) {
        return nullptr;
    }
    const openssl::ParamBuilder builder(openssl::required(OSSL_PARAM_BLD_new(), "make key parameters"));
    const openssl::BigNumber modulus = to_number(key.modulus);
    const openssl::BigNumber exponent = to_number(key.exponent);
    openssl::require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()),
                     "set a modulus");
    openssl::require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()),
                     "set an exponent");
    return from_params(rsa_kind, builder.get());
}

bool is_uncompressed(const EcPublicKey& key) {
    return key.point.size() == 1 + 2 * curve_facts(key.curve).field_bytes && key.point.front() == 0x04;
}

/// number_of reads the number |name| of |pkey|, padded to |length|, or without leading zeros when that is 0;
/// nullopt when it has none: a private key of zero has the point at infinity.
std::optional<Bytes> number_of(const EVP_PKEY* pkey, const char* name, std::size_t length) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(pkey, name, &raw) != 1) {
        return std::nullopt;
    }
    const openssl::BigNumber number(raw);
    Bytes out(length != 0 ? length : static_cast<std::size_t>(BN_num_bytes(raw)));
    openssl::require(BN_bn2binpad(raw, out.data(), static_cast<int>(out.size())) >= 0 ? 1 : 0,
                     "read a number");
    return out;
}

std::optional<PublicKey> rsa_part(const EVP_PKEY* pkey) {
    auto modulus = number_of(pkey, OSSL_PKEY_PARAM_RSA_N, 0);
    auto exponent = number_of(pkey, OSSL_PKEY_PARAM_RSA_E, 0);
    if (!modulus || !exponent) {
        return std::nullopt;
    }
    return RsaPublicKey{std::move(*modulus), std::move(*exponent)};
}

std::optional<PublicKey> ec_part(const EVP_PKEY* pkey) {
    std::array<char, 64> group{};
    if (EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) != 1) {
        return std::nullopt;
    }
    const auto curve = curve_of_name(group.data());
    if (!curve) {
        return std::nullopt;
    }
    const std::size_t field_bytes = curve_facts(*curve).field_bytes;
    const auto x = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_X, field_bytes);
    const auto y = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, field_bytes);
    if (!x || !y) {
        return std::nullopt;
    }
    EcPublicKey key{*curve, {0x04}};
    append(key.point, *x);
    append(key.point, *y);
    return key;
}

openssl::Pkey make_okp_pkey(const OkpPublicKey& key) {
    if (key.value.size() != okp_facts(key.curve).public_bytes) {
        return nullptr;
    }
    const openssl::ParamBuilder builder(openssl::required(OSSL_PARAM_BLD_new(), "make key parameters"));
    openssl::require(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                      key.value.data(), key.value.size()),
                     "set a public key");
    return from_params(okp_kind(key.curve), builder.get());
}

std::optional<PublicKey> okp_part(const EVP_PKEY* pkey, OkpCurve curve) {
    OkpPublicKey key{curve, Bytes(okp_facts(curve).public_bytes)};
    std::size_t length = 0;
    const int answer = EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, key.value.data(),
                                                       key.value.size(), &length);
    return answer == 1 && length == key.value.size() ? std::optional<PublicKey>(std::move(key))
                                                     : std::nullopt;
}

}  // namespace

std::size_t RsaPublicKey::modulus_bits() const {
    return bits_of(modulus);
}

bool is_valid(const PublicKey& key) {
    const openssl::ErrorScope errors;
    const auto* rsa = std::get_if<RsaPublicKey>(&key);
    return rsa != nullptr ? is_valid_rsa(*rsa) : make_pkey(key) != nullptr;
}

openssl::Pkey make_pkey(const PublicKey& key) {
    if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) {
        return make_rsa_pkey(*rsa);
    }
    if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
        return is_uncompressed(*ec) ? make_ec_pkey(ec->curve, ec->point) : nullptr;
    }
    return make_okp_pkey(std::get<OkpPublicKey>(key));
}

openssl::Pkey make_ec_pkey(Curve curve, View point) {
    const std::string name(curve_facts(curve).name);
    const openssl::ParamBuilder builder(openssl::required(OSSL_PARAM_BLD_new(), "make key parameters"));
    openssl::require(
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
        "set a curve");
    openssl::require(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                      openssl::data(point), point.size()),
                     "set a point");
    return from_params(ec_kind, builder.get());
}

std::optional<PublicKey> public_part(const EVP_PKEY* pkey) {
    if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
        return rsa_part(pkey);
    }
    if (EVP_PKEY_is_a(pkey, "EC") == 1) {
        return ec_part(pkey);
    }
    const auto row = std::ranges::find_if(
        okp_kinds, [&](const OkpKind& kind) { return EVP_PKEY_is_a(pkey, kind.name) == 1; });
    return row == okp_kinds.end() ? std::nullopt : okp_part(pkey, row->curve);
}

const char* okp_kind(OkpCurve curve) {
    return okp_kinds.at(static_cast<std::size_t>(curve)).identifier;
}

openssl::PkeyContext operation_on(EVP_PKEY* pkey) {
    return openssl::PkeyContext(openssl::required(
        EVP_PKEY_CTX_new_from_pkey(openssl::context(), pkey, nullptr), "make a key context"));
}

bool is_below(View number, View limit) {
    return std::lexicographical_compare(number.begin(), number.end(), limit.begin(), limit.end());
}

}  // namespace jeton::crypto
