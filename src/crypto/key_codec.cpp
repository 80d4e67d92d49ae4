// SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 3279, 2.3.1; RFC 5480, 2; RFC 8410, 4) and Ecdsa-Sig-Value (RFC
// 3279, 2.2.3).
#include <array>

#include "crypto/der.hpp"
#include "crypto/keys.hpp"
#include "crypto/pkey.hpp"

namespace jeton::crypto {

namespace {

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

/// parse_okp reads an octet key: the algorithm is its curve, and has no parameters.
std::optional<PublicKey> parse_okp(View algorithm, View value) {
    for (const OkpCurve curve : {OkpCurve::ed25519, OkpCurve::x25519}) {
        if (equal(algorithm, okp_facts(curve).oid)) {
            OkpPublicKey key{curve, to_bytes(value)};
            return is_valid(key) ? std::optional<PublicKey>(std::move(key)) : std::nullopt;
        }
    }
    return std::nullopt;
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
    const View key = bits->subspan(1);
    if (equal(*kind, rsa_oid)) {
        return parse_rsa(fields.rest(), key);
    }
    return equal(*kind, ec_oid) ? parse_ec(fields.rest(), key) : parse_okp(*algorithm, key);
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
    } else if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
        algorithm.put(der_oid, ec_oid).raw(curve_facts(ec->curve).oid);
        bits.raw(ec->point);
    } else {
        const OkpPublicKey& okp = std::get<OkpPublicKey>(key);
        algorithm.raw(okp_facts(okp.curve).oid);
        bits.raw(okp.value);
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
