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

// In the order of Curve.
constexpr std::array<CurveFacts, 3> curves{{
    {Curve::p256, "P-256", 32, 256, p256_oid},
    {Curve::p384, "P-384", 48, 384, p384_oid},
    {Curve::p521, "P-521", 66, 521, p521_oid},
}};

struct CurveName {
    std::string_view name;
    Curve curve;
};

constexpr std::array<CurveName, 7> names{{
    {"secp256r1", Curve::p256},
    {"prime256v1", Curve::p256},
    {"P-256", Curve::p256},
    {"secp384r1", Curve::p384},
    {"P-384", Curve::p384},
    {"secp521r1", Curve::p521},
    {"P-521", Curve::p521},
}};

}  // namespace

const CurveFacts& curve_facts(Curve curve) {
    return curves.at(static_cast<std::size_t>(curve));
}

std::optional<Curve> curve_of_name(std::string_view name) {
    const auto row =
        std::find_if(names.begin(), names.end(), [&](const CurveName& n) { return n.name == name; });
    return row == names.end() ? std::nullopt : std::optional(row->curve);
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

}  // namespace jeton::crypto
