// SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 3279, 2.3.1; RFC 5480, 2) and Ecdsa-Sig-Value (RFC 3279, 2.2.3).
#include <array>

#include "crypto/der.hpp"
#include "crypto/keys.hpp"
#include "crypto/pkey.hpp"

namespace jeton::crypto {

namespace {

constexpr std::array<Byte, 9> rsa_oid{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
constexpr std::array<Byte, 7> ec_oid{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};

std::optional<PublicKey> parse_rsa(View parameters, View content) {
    // RFC 3279 wants NULL; some writers leave it out.
    constexpr std::array<Byte, 2> null{der_null, 0x00};
    const auto numbers = only_object(content, der_sequence);
    if (!numbers || (!parameters.empty() && !equal(parameters, null))) {
        return std::nullopt;
    }
    DerReader reader(*numbers);
    const auto modulus = reader.next_unsigned();
    const auto exponent = reader.next_unsigned();
    if (!modulus || !exponent || !reader.at_end()) {
        return std::nullopt;
    }
    RsaPublicKey key{to_bytes(*modulus), to_bytes(*exponent)};
    return is_valid(key) ? std::optional<PublicKey>(std::move(key)) : std::nullopt;
}

/// is_compressed tells whether |point| has the compressed form (SEC 1, 2.3.3), which we open, of the right
/// length.
bool is_compressed(View point, std::size_t field_bytes) {
    return point.size() == 1 + field_bytes && (point[0] == 0x02 || point[0] == 0x03);
}

std::optional<PublicKey> parse_ec(View parameters, View point) {
    const auto curve = only_object(parameters, der_oid) ? curve_of_params(parameters) : std::nullopt;
    if (!curve) {
        return std::nullopt;
    }
    if (is_compressed(point, curve_facts(*curve).field_bytes)) {
        const openssl::Pkey pkey = make_ec_pkey(*curve, point);
        return pkey ? public_part(pkey.get()) : std::nullopt;
    }
    EcPublicKey key{*curve, to_bytes(point)};
    return is_valid(key) ? std::optional<PublicKey>(std::move(key)) : std::nullopt;
}

}  // namespace

std::optional<PublicKey> parse_spki(View der) {
    const openssl::ErrorScope errors;
    const auto info = only_object(der, der_sequence);
    if (!info) {
        return std::nullopt;
    }
    DerReader reader(*info);
    const auto algorithm = reader.next(der_sequence);
    const auto bits = reader.next(der_bit_string);
    if (!algorithm || !bits || !reader.at_end() || bits->empty() || bits->front() != 0) {
        return std::nullopt;
    }
    DerReader fields(*algorithm);
    const auto kind = fields.next(der_oid);
    if (!kind) {
        return std::nullopt;
    }
    if (equal(*kind, rsa_oid)) {
        return parse_rsa(fields.rest(), bits->subspan(1));
    }
    return equal(*kind, ec_oid) ? parse_ec(fields.rest(), bits->subspan(1)) : std::nullopt;
}

Bytes spki(const PublicKey& key) {
    TlvWriter algorithm;
    TlvWriter bits;
    bits.raw(std::array<Byte, 1>{0x00});
    if (const auto* rsa = std::get_if<RsaPublicKey>(&key)) {
        algorithm.put(der_oid, rsa_oid).put(der_null, {});
        bits.nest(der_sequence, [&](TlvWriter& numbers) {
            put_unsigned(numbers, rsa->modulus);
            put_unsigned(numbers, rsa->exponent);
        });
    } else {
        const EcPublicKey& ec = std::get<EcPublicKey>(key);
        algorithm.put(der_oid, ec_oid).raw(curve_facts(ec.curve).oid);
        bits.raw(ec.point);
    }
    TlvWriter out;
    out.nest(der_sequence, [&](TlvWriter& info) {
        info.put(der_sequence, algorithm.take());
        info.put(der_bit_string, bits.take());
    });
    return out.take();
}

std::optional<Bytes> ecdsa_raw_from_der(View der, std::size_t field_bytes) {
    const auto content = only_object(der, der_sequence);
    if (!content) {
        return std::nullopt;
    }
    DerReader reader(*content);
    const auto r = reader.next_unsigned();
    const auto s = reader.next_unsigned();
    if (!r || !s || !reader.at_end()) {
        return std::nullopt;
    }
    auto raw = left_padded(*r, field_bytes);
    const auto tail = left_padded(*s, field_bytes);
    if (!raw || !tail) {
        return std::nullopt;
    }
    append(*raw, *tail);
    return raw;
}

}  // namespace jeton::crypto
