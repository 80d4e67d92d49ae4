#include "card/hsm_cvc.hpp"

#include <array>

#include "card/hsm_constants.hpp"
#include "card/key_type.hpp"
#include "crypto/ec_group.hpp"
#include "util/tlv.hpp"

namespace jeton::card::hsm {

namespace {

// Object identifiers of TR-03110 (part 3, C.4): id-TA-RSA-v1-5-SHA-256 and id-TA-ECDSA-SHA-256.
constexpr std::array<Byte, 10> oid_rsa{0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x01, 0x02};
constexpr std::array<Byte, 10> oid_ec{0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x02, 0x03};
constexpr std::array<Byte, 3> exponent_65537{0x01, 0x00, 0x01};
constexpr std::array<Byte, 64> no_signature{};
constexpr std::string_view authority = "UTCA00001";
constexpr Byte version = 0x00;

View field(View fields, std::uint32_t tag) {
    return without_leading_zeros(find_tlv(fields, tag).value_or(View{}));
}

/// curve_with finds the curve by its prime, order and generator; other parameters follow from them.
std::optional<crypto::Curve> curve_with(View fields) {
    for (const crypto::CurveFacts& facts : crypto::all_curves()) {
        const crypto::DomainParameters known = crypto::domain_parameters(facts.curve);
        if (equal(field(fields, 0x81), without_leading_zeros(known.prime)) &&
            equal(field(fields, 0x85), without_leading_zeros(known.order)) &&
            equal(field(fields, 0x84), known.generator)) {
            return facts.curve;
        }
    }
    return std::nullopt;
}

std::optional<crypto::PublicKey> key_in(View fields) {
    const View oid = find_tlv(fields, 0x06).value_or(View{});
    std::optional<crypto::PublicKey> key;
    if (find_tlv(fields, 0x86)) {
        const auto curve = curve_with(fields);
        key = curve ? std::optional<crypto::PublicKey>(
                          crypto::EcPublicKey{*curve, to_bytes(*find_tlv(fields, 0x86))})
                    : std::nullopt;
    } else if (equal(oid, oid_rsa)) {
        key = crypto::RsaPublicKey{to_bytes(field(fields, 0x81)), to_bytes(field(fields, 0x82))};
    }
    return key && crypto::is_valid(*key) && key_type_of(*key) ? key : std::nullopt;
}

void put_curve(TlvWriter& out, crypto::Curve curve) {
    const crypto::DomainParameters known = crypto::domain_parameters(curve);
    out.put(0x06, oid_ec)
        .put(0x81, known.prime)
        .put(0x82, known.a)
        .put(0x83, known.b)
        .put(0x84, known.generator)
        .put(0x85, known.order);
}

void put_key(TlvWriter& out, const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        out.put(0x06, oid_rsa).put(0x81, rsa->modulus).put(0x82, rsa->exponent);
    } else if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        put_curve(out, ec->curve);
        out.put(0x86, ec->point).put(0x87, crypto::domain_parameters(ec->curve).cofactor);
    }
}

/// put_kind describes the key that is wanted: size and exponent, or domain parameters.
void put_kind(TlvWriter& out, KeyType type) {
    if (const auto bits = rsa_bits(type)) {
        const std::array<Byte, 2> size{static_cast<Byte>(*bits >> 8), static_cast<Byte>(*bits)};
        out.put(0x06, oid_rsa).put(0x82, exponent_65537).put(0x02, size);
    } else if (const auto curve = curve_of(type)) {
        put_curve(out, *curve);
        out.put(0x87, crypto::domain_parameters(*curve).cofactor);
    }
}

/// put_body writes the fields of a certificate's body, or of what asks for one.
template <typename Key>
void put_body(TlvWriter& out, const std::string& holder, Key&& key) {
    out.put(tag_version, View(&version, 1))
        .put(tag_authority, view_of(authority))
        .nest(tag_public_key, key)
        .put(tag_holder, view_of(holder));
}

}  // namespace

std::string holder_of(View file) {
    const auto holder = find_tlv_path(file, {tag_certificate, tag_body, tag_holder}).value_or(View{});
    return {holder.begin(), holder.end()};
}

std::optional<crypto::PublicKey> requested_key(View file) {
    const auto fields = find_tlv_path(file, {tag_request, tag_certificate, tag_body, tag_public_key});
    return fields ? key_in(*fields) : std::nullopt;
}

Bytes pair_template(KeyType type, const std::string& holder) {
    if (!rsa_bits(type) && !curve_of(type)) {
        return {};
    }
    TlvWriter out;
    put_body(out, holder, [&](TlvWriter& in) { put_kind(in, type); });
    return out.take();
}

Bytes unsigned_request(const crypto::PublicKey& key, const std::string& holder) {
    const auto body = [&](TlvWriter& out) {
        put_body(out, holder, [&](TlvWriter& in) { put_key(in, key); });
    };
    return TlvWriter()
        .nest(tag_request,
              [&](TlvWriter& request) {
                  request
                      .nest(
                          tag_certificate,
                          [&](TlvWriter& out) { out.nest(tag_body, body).put(tag_signature, no_signature); })
                      .put(tag_authority, view_of(authority))
                      .put(tag_signature, no_signature);
              })
        .take();
}

}  // namespace jeton::card::hsm
