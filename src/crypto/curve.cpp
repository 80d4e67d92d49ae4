#include <algorithm>
#include <array>
#include <string>

#include "crypto/der.hpp"
#include "crypto/keys.hpp"

namespace jeton::crypto {

namespace {

// RFC 5480, 2.1.1.1.
constexpr std::array<Byte, 10> p256_oid{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr std::array<Byte, 7> p384_oid{0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<Byte, 7> p521_oid{0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
// RFC 5639, 4.1.
constexpr std::array<Byte, 11> brainpool_256_oid{0x06, 0x09, 0x2B, 0x24, 0x03, 0x03,
                                                 0x02, 0x08, 0x01, 0x01, 0x07};
constexpr std::array<Byte, 11> brainpool_384_oid{0x06, 0x09, 0x2B, 0x24, 0x03, 0x03,
                                                 0x02, 0x08, 0x01, 0x01, 0x0B};
constexpr std::array<Byte, 11> brainpool_512_oid{0x06, 0x09, 0x2B, 0x24, 0x03, 0x03,
                                                 0x02, 0x08, 0x01, 0x01, 0x0D};
// SEC 2, A.2.1.
constexpr std::array<Byte, 7> secp256k1_oid{0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A};

// In the order of Curve.
constexpr std::array<CurveFacts, 7> curves{{
    {Curve::p256, "P-256", 32, 256, p256_oid},
    {Curve::p384, "P-384", 48, 384, p384_oid},
    {Curve::p521, "P-521", 66, 521, p521_oid},
    {Curve::brainpoolP256r1, "brainpoolP256r1", 32, 256, brainpool_256_oid},
    {Curve::brainpoolP384r1, "brainpoolP384r1", 48, 384, brainpool_384_oid},
    {Curve::brainpoolP512r1, "brainpoolP512r1", 64, 512, brainpool_512_oid},
    {Curve::secp256k1, "secp256k1", 32, 256, secp256k1_oid},
}};

template <typename AnyCurve>
struct CurveName {
    std::string_view name;
    AnyCurve curve;
};

constexpr std::array<CurveName<Curve>, 11> names{{
    {"secp256r1", Curve::p256},
    {"prime256v1", Curve::p256},
    {"P-256", Curve::p256},
    {"secp384r1", Curve::p384},
    {"P-384", Curve::p384},
    {"secp521r1", Curve::p521},
    {"P-521", Curve::p521},
    {"brainpoolP256r1", Curve::brainpoolP256r1},
    {"brainpoolP384r1", Curve::brainpoolP384r1},
    {"brainpoolP512r1", Curve::brainpoolP512r1},
    {"secp256k1", Curve::secp256k1},
}};

// RFC 8410, 3.
constexpr std::array<Byte, 5> ed25519_oid{0x06, 0x03, 0x2B, 0x65, 0x70};
constexpr std::array<Byte, 5> x25519_oid{0x06, 0x03, 0x2B, 0x65, 0x6E};
// PKCS#11 3.2, 6.3.5 and 6.3.7.
constexpr std::array<Byte, 14> edwards25519_name{0x13, 0x0C, 'e', 'd', 'w', 'a', 'r',
                                                 'd',  's',  '2', '5', '5', '1', '9'};
constexpr std::array<Byte, 12> curve25519_name{0x13, 0x0A, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9'};

// In the order of OkpCurve.
constexpr std::array<OkpFacts, 2> okp_curves{{
    {OkpCurve::ed25519, "Ed25519", 32, 64, 0, ed25519_oid, edwards25519_name},
    {OkpCurve::x25519, "X25519", 32, 0, 32, x25519_oid, curve25519_name},
}};

constexpr std::array<CurveName<OkpCurve>, 6> okp_names{{
    {"edwards25519", OkpCurve::ed25519},
    {"Ed25519", OkpCurve::ed25519},
    {"ed25519", OkpCurve::ed25519},
    {"curve25519", OkpCurve::x25519},
    {"X25519", OkpCurve::x25519},
    {"x25519", OkpCurve::x25519},
}};

// What OpenPGP used before RFC 8410.
constexpr std::array<Byte, 11> old_ed25519_oid{0x06, 0x09, 0x2B, 0x06, 0x01, 0x04,
                                               0x01, 0xDA, 0x47, 0x0F, 0x01};
constexpr std::array<Byte, 12> old_x25519_oid{0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04,
                                              0x01, 0x97, 0x55, 0x01, 0x05, 0x01};

struct OldIdentifier {
    View oid;
    OkpCurve curve;
};

constexpr std::array<OldIdentifier, 2> old_identifiers{
    {{old_ed25519_oid, OkpCurve::ed25519}, {old_x25519_oid, OkpCurve::x25519}}};

template <typename AnyCurve, std::size_t Count>
std::optional<AnyCurve> find_name(const std::array<CurveName<AnyCurve>, Count>& rows, std::string_view name) {
    const auto row = std::ranges::find(rows, name, &CurveName<AnyCurve>::name);
    return row == rows.end() ? std::nullopt : std::optional(row->curve);
}

}  // namespace

const CurveFacts& curve_facts(Curve curve) {
    return curves.at(static_cast<std::size_t>(curve));
}

std::span<const CurveFacts> all_curves() {
    return curves;
}

std::optional<Curve> curve_of_name(std::string_view name) {
    return find_name(names, name);
}

std::optional<Curve> curve_of_params(View der) {
    for (const CurveFacts& facts : curves) {
        if (equal(facts.oid, der)) {
            return facts.curve;
        }
    }
    const auto name = only_object(der, der_printable_string);
    return name ? curve_of_name(to_text(*name)) : std::nullopt;
}

const OkpFacts& okp_facts(OkpCurve curve) {
    return okp_curves.at(static_cast<std::size_t>(curve));
}

std::optional<OkpCurve> okp_of_params(View der) {
    for (const OkpFacts& facts : okp_curves) {
        if (equal(facts.oid, der)) {
            return facts.curve;
        }
    }
    for (const OldIdentifier& old : old_identifiers) {
        if (equal(old.oid, der)) {
            return old.curve;
        }
    }
    const auto name = only_object(der, der_printable_string);
    return name ? find_name(okp_names, to_text(*name)) : std::nullopt;
}

}  // namespace jeton::crypto
