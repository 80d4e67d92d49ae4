#include "card/openpgp_key_codec.hpp"

#include <algorithm>
#include <array>

#include "card/key_type.hpp"
#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::card::openpgp {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

constexpr std::size_t rsa_attribute_bytes = 6;
constexpr std::size_t exponent_bits_at = 3;
constexpr std::size_t form_at = 5;
constexpr std::array<Byte, 2> usual_exponent_bits{0x00, 0x20};
constexpr Byte with_modulus = 0x01;  ///< bits of the form of RSA imports
constexpr Byte with_crt = 0x02;
constexpr Byte native_point = 0x40;  ///< before the points of curves that have only one coordinate

// What OpenPGP calls the curves that RFC 8410 has other identifiers for.
constexpr std::array<Byte, 9> ed25519_oid{0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01};
constexpr std::array<Byte, 10> x25519_oid{0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01};

/// type_of_curve knows the curve by the content of its object identifier.
std::optional<KeyType> type_of_curve(View content) {
    const Bytes der = TlvWriter().put(0x06, content).take();
    if (const auto curve = crypto::curve_of_params(der)) {
        return key_type_of(*curve);
    }
    const auto okp = crypto::okp_of_params(der);
    return okp ? std::optional(key_type_of(*okp)) : std::nullopt;
}

View oid_content(KeyType type) {
    constexpr std::size_t header = 2;
    if (const auto curve = curve_of(type)) {
        return crypto::curve_facts(*curve).oid.subspan(header);
    }
    return type == KeyType::ed25519 ? View(ed25519_oid) : View(x25519_oid);
}

Byte algorithm_of(KeyType type, Byte ref) {
    if (type == KeyType::ed25519) {
        return alg_eddsa;
    }
    return ref == ref_decryption ? alg_ecdh : alg_ecdsa;
}

bool is_rsa(View attributes) {
    return attributes.size() >= exponent_bits_at + 2 && attributes.front() == alg_rsa;
}

std::size_t exponent_bytes(View attributes) {
    return (load_be(attributes.subspan(exponent_bits_at, 2)) + 7) / 8;
}

/// Parts of a private key, in the order in which their tags and their values stand.
struct Part {
    Byte tag;
    SecretBytes value;
};

/// padded gives |number| the length |bytes|; nullopt when it is longer.
std::optional<SecretBytes> padded(View number, std::size_t bytes) {
    if (number.size() > bytes) {
        return std::nullopt;
    }
    SecretBytes out(bytes - number.size(), 0x00);
    append(out, number);
    return out;
}

std::optional<std::vector<Part>> rsa_parts(const crypto::RsaPrivateParts& parts,
                                           const crypto::RsaPublicKey& key, View attributes) {
    const std::size_t half = key.modulus_bytes() / 2;
    const Byte form = attributes.size() > form_at ? attributes[form_at] : Byte{0};
    struct Row {
        Byte tag;
        View number;
        std::size_t bytes;
        bool wanted;
    };
    const bool crt = (form & with_crt) != 0;
    const Row rows[] = {
        {0x91, parts.exponent, exponent_bytes(attributes), true},
        {0x92, parts.p, half, true},
        {0x93, parts.q, half, true},
        {0x94, parts.qinv, half, crt},
        {0x95, parts.dp, half, crt},
        {0x96, parts.dq, half, crt},
        {0x97, key.modulus, key.modulus_bytes(), (form & with_modulus) != 0},
    };
    std::vector<Part> out;
    for (const Row& row : rows) {
        if (!row.wanted) {
            continue;
        }
        auto number = padded(row.number, row.bytes);
        if (!number) {
            return std::nullopt;
        }
        out.push_back({row.tag, std::move(*number)});
    }
    return out;
}

/// secret_number is the private key of a curve. That of X25519 is a number here, whose first byte is its
/// highest.
std::optional<SecretBytes> secret_number(const crypto::PrivateParts& parts) {
    if (const auto* ec = std::get_if<crypto::EcPrivateParts>(&parts)) {
        return padded(ec->scalar, crypto::curve_facts(ec->curve).field_bytes);
    }
    const auto* okp = std::get_if<crypto::OkpPrivateParts>(&parts);
    if (okp == nullptr) {
        return std::nullopt;
    }
    SecretBytes out = okp->seed;
    if (okp->curve == crypto::OkpCurve::x25519) {
        std::ranges::reverse(out);
    }
    return out;
}

Bytes point_of(const crypto::PublicKey& key) {
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return ec->point;
    }
    Bytes out{native_point};
    append(out, std::get<crypto::OkpPublicKey>(key).value);
    return out;
}

std::optional<std::vector<Part>> curve_parts(const crypto::PrivateParts& parts, const crypto::PublicKey& key,
                                             View attributes) {
    constexpr Byte with_point = 0xFF;
    auto secret = secret_number(parts);
    if (!secret) {
        return std::nullopt;
    }
    std::vector<Part> out;
    out.push_back({0x92, std::move(*secret)});
    if (!attributes.empty() && attributes.back() == with_point) {
        out.push_back({0x99, to_secret(point_of(key))});
    }
    return out;
}

/// without_prefix takes the 40 away that some cards put before a point of one coordinate.
View without_prefix(View point, crypto::OkpCurve curve) {
    const bool has_prefix =
        point.size() == crypto::okp_facts(curve).public_bytes + 1 && point.front() == native_point;
    return has_prefix ? point.subspan(1) : point;
}

/// header_of is the tag and the length of a part, which the template lists without the value.
SecretBytes header_of(const Part& part) {
    SecretBytes whole = SecretTlvWriter().put(part.tag, part.value).take();
    whole.resize(whole.size() - part.value.size());
    return whole;
}

/// put_number adds a multiprecision integer: its length in bits, then its bytes (RFC 4880, 3.2).
void put_number(Bytes& out, View value) {
    const View number = without_leading_zeros(value);
    std::size_t bits = 8 * number.size();
    for (Byte top = number.empty() ? Byte{0} : number.front(); top != 0 && (top & 0x80) == 0; top <<= 1) {
        --bits;
    }
    out.push_back(static_cast<Byte>(bits >> 8));
    out.push_back(static_cast<Byte>(bits));
    append(out, number);
}

/// How ECDH hashes and wraps, by the bits of the curve: identifiers of hash and cipher (RFC 6637, 12.1).
struct KdfRow {
    std::size_t bits;
    Byte hash;
    Byte cipher;
};
constexpr std::array<KdfRow, 3> kdf_rows{
    {{256, 0x08, 0x07}, {384, 0x09, 0x08}, {~std::size_t{0}, 0x0A, 0x09}}};

void put_kdf(Bytes& out, const crypto::PublicKey& key) {
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    const std::size_t bits = ec != nullptr ? crypto::curve_facts(ec->curve).bits : 256;
    const auto row = std::ranges::find_if(kdf_rows, [bits](const KdfRow& it) { return bits <= it.bits; });
    for (const Byte byte : {Byte{0x03}, Byte{0x01}, row->hash, row->cipher}) {
        out.push_back(byte);
    }
}

}  // namespace

std::optional<KeyType> type_of_attributes(View attributes) {
    if (is_rsa(attributes)) {
        return key_type_of_rsa(load_be(attributes.subspan(1, 2)));
    }
    if (attributes.size() < 3) {
        return std::nullopt;
    }
    const View oid = attributes.subspan(1);
    const auto type = type_of_curve(oid);
    return type ? type : type_of_curve(oid.first(oid.size() - 1));
}

Bytes attributes_for(KeyType type, Byte ref, View present) {
    if (const auto bits = rsa_bits(type)) {
        Bytes out{alg_rsa, static_cast<Byte>(*bits >> 8), static_cast<Byte>(*bits)};
        const bool as_before = is_rsa(present);
        append(out, as_before ? present.subspan(exponent_bits_at, 2) : View(usual_exponent_bits));
        out.push_back(as_before && present.size() >= rsa_attribute_bytes ? present[form_at] : Byte{0});
        return out;
    }
    if (type_of_attributes(present) == type && present.front() == algorithm_of(type, ref)) {
        return to_bytes(present);
    }
    Bytes out{algorithm_of(type, ref)};
    append(out, oid_content(type));
    return out;
}

std::optional<crypto::PublicKey> public_key_in(View answer, KeyType type) {
    const auto fields = find_tlv(answer, tag_public_key);
    std::optional<crypto::PublicKey> key;
    if (!fields) {
        return std::nullopt;
    }
    if (rsa_bits(type)) {
        const auto modulus = find_tlv(*fields, tag_modulus);
        const auto exponent = find_tlv(*fields, tag_exponent);
        if (modulus && exponent) {
            key = crypto::RsaPublicKey{to_bytes(without_leading_zeros(*modulus)),
                                       to_bytes(without_leading_zeros(*exponent))};
        }
    } else if (const auto point = find_tlv(*fields, tag_point)) {
        if (const auto curve = curve_of(type)) {
            key = crypto::EcPublicKey{*curve, to_bytes(*point)};
        } else {
            key = crypto::OkpPublicKey{*okp_of(type), to_bytes(without_prefix(*point, *okp_of(type)))};
        }
    }
    const bool sound = key && key_type_of(*key) == type && crypto::is_valid(*key);
    return sound ? key : std::nullopt;
}

std::optional<SecretBytes> private_key_template(const crypto::PrivateParts& parts,
                                                const crypto::PublicKey& key, Byte ref, View attributes) {
    const auto* rsa = std::get_if<crypto::RsaPrivateParts>(&parts);
    const auto* rsa_key = std::get_if<crypto::RsaPublicKey>(&key);
    if ((rsa != nullptr) != is_rsa(attributes) || (rsa != nullptr) != (rsa_key != nullptr)) {
        return std::nullopt;
    }
    const auto numbers =
        rsa != nullptr ? rsa_parts(*rsa, *rsa_key, attributes) : curve_parts(parts, key, attributes);
    if (!numbers) {
        return std::nullopt;
    }
    SecretBytes values;
    SecretBytes lengths;
    for (const Part& part : *numbers) {
        append(lengths, header_of(part));
        append(values, part.value);
    }
    return SecretTlvWriter()
        .nest(tag_extended_header,
              [&](auto& out) {
                  out.put(ref, {}).put(tag_private_template, lengths).put(tag_private_data, values);
              })
        .take();
}

Bytes fingerprint(const crypto::PublicKey& key, View attributes, std::uint32_t seconds) {
    constexpr Byte version = 0x04;
    Bytes packet{version};
    for (int shift = 24; shift >= 0; shift -= 8) {
        packet.push_back(static_cast<Byte>(seconds >> shift));
    }
    packet.push_back(attributes.front());
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        put_number(packet, rsa->modulus);
        put_number(packet, rsa->exponent);
    } else {
        const View oid = oid_content(*key_type_of(key));
        packet.push_back(static_cast<Byte>(oid.size()));
        append(packet, oid);
        put_number(packet, point_of(key));
        if (attributes.front() == alg_ecdh) {
            put_kdf(packet, key);
        }
    }
    Bytes hashed{0x99, static_cast<Byte>(packet.size() >> 8), static_cast<Byte>(packet.size())};
    append(hashed, packet);
    return crypto::digest(crypto::Hash::sha1, hashed);
}

}  // namespace jeton::card::openpgp
