#include "crypto/issue_certificate.hpp"

#include <algorithm>
#include <array>

#include "crypto/der.hpp"
#include "crypto/error.hpp"
#include "crypto/padding.hpp"

namespace jeton::crypto {

namespace {

constexpr std::size_t longest_serial_number = 20;
constexpr std::array<Byte, 3> common_name_oid{0x55, 0x04, 0x03};
constexpr std::array<Byte, 9> sha256_with_rsa_oid{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B};

/// Signs with ECDSA: the hash that fits the curve, and its identifier (RFC 5758, 3.2).
struct EcdsaRow {
    Curve curve;
    Hash hash;
    std::array<Byte, 8> oid;
};

constexpr std::array<EcdsaRow, 7> ecdsa_rows{{
    {Curve::p256, Hash::sha256, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}},
    {Curve::p384, Hash::sha384, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03}},
    {Curve::p521, Hash::sha512, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04}},
    {Curve::brainpoolP256r1, Hash::sha256, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}},
    {Curve::brainpoolP384r1, Hash::sha384, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03}},
    {Curve::brainpoolP512r1, Hash::sha512, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04}},
    {Curve::secp256k1, Hash::sha256, {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02}},
}};

const EcdsaRow& ecdsa_row(const EcPublicKey& key) {
    return *std::ranges::find(ecdsa_rows, key.curve, &EcdsaRow::curve);
}

/// algorithm_of gives the DER AlgorithmIdentifier of what |key| signs with.
Bytes algorithm_of(const PublicKey& key) {
    TlvWriter content;
    if (std::holds_alternative<RsaPublicKey>(key)) {
        content.put(der_oid, sha256_with_rsa_oid).put(der_null, {});
    } else if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
        content.put(der_oid, ecdsa_row(*ec).oid);
    } else {
        content.raw(okp_facts(std::get<OkpPublicKey>(key).curve).oid);
    }
    return TlvWriter().put(der_sequence, content.take()).take();
}

Bytes sign(const PrivateKey& key, const PublicKey& public_key, View message) {
    if (const auto* ec = std::get_if<EcPublicKey>(&public_key)) {
        return key.sign_ecdsa(digest(ecdsa_row(*ec).hash, message));
    }
    const auto* rsa = std::get_if<RsaPublicKey>(&public_key);
    if (rsa == nullptr) {
        return key.sign_eddsa(message);
    }
    const Bytes content = digest_info(Hash::sha256, digest(Hash::sha256, message));
    const auto block = pad_pkcs_signature(rsa->modulus_bytes(), content);
    const auto signature = block ? key.rsa_private(*block) : std::nullopt;
    if (!signature) {
        throw Error("the issuer's key is too short to sign with");
    }
    return to_bytes(*signature);
}

/// put_time writes UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5).
void put_time(TlvWriter& out, std::string_view time) {
    constexpr Byte utc_time = 0x17;
    constexpr Byte generalized_time = 0x18;
    const bool whole = time.size() == 15 && time.back() == 'Z' &&
                       std::ranges::all_of(time.substr(0, 14), [](char c) { return c >= '0' && c <= '9'; });
    if (!whole) {
        throw Error("a time of a certificate is YYYYMMDDHHMMSSZ");
    }
    const bool is_short = time >= "1950" && time < "2050";
    out.put(is_short ? utc_time : generalized_time, view_of(time.substr(is_short ? 2 : 0)));
}

void put_extension(TlvWriter& out, const CertificateExtension& extension) {
    constexpr Byte boolean = 0x01;
    constexpr std::array<Byte, 1> yes{0xFF};
    out.nest(der_sequence, [&](TlvWriter& fields) {
        fields.put(der_oid, extension.oid);
        if (extension.critical) {
            fields.put(boolean, yes);
        }
        fields.put(der_octet_string, extension.value);
    });
}

/// to_be_signed writes the TBSCertificate.
Bytes to_be_signed(const CertificateRequest& request, View algorithm) {
    constexpr std::uint32_t version_tag = 0xA0;
    constexpr std::uint32_t extensions_tag = 0xA3;
    constexpr std::array<Byte, 1> version_3{0x02};
    TlvWriter out;
    out.nest(der_sequence, [&](TlvWriter& fields) {
        fields.nest(version_tag, [&](TlvWriter& version) { put_unsigned(version, version_3); });
        put_unsigned(fields, request.serial_number);
        fields.raw(algorithm).raw(request.issuer);
        fields.nest(der_sequence, [&](TlvWriter& validity) {
            put_time(validity, request.not_before);
            put_time(validity, request.not_after);
        });
        fields.raw(request.subject).raw(spki(request.key));
        if (!request.extensions.empty()) {
            fields.nest(extensions_tag, [&](TlvWriter& tagged) {
                tagged.nest(der_sequence, [&](TlvWriter& list) {
                    for (const CertificateExtension& extension : request.extensions) {
                        put_extension(list, extension);
                    }
                });
            });
        }
    });
    return out.take();
}

}  // namespace

Bytes distinguished_name(std::string_view common_name) {
    constexpr Byte utf8_string = 0x0C;
    constexpr Byte der_set = 0x31;
    return TlvWriter()
        .nest(der_sequence,
              [&](TlvWriter& name) {
                  name.nest(der_set, [&](TlvWriter& set) {
                      set.nest(der_sequence, [&](TlvWriter& attribute) {
                          attribute.put(der_oid, common_name_oid).put(utf8_string, view_of(common_name));
                      });
                  });
              })
        .take();
}

Bytes issue_certificate(const CertificateRequest& request) {
    const View serial_number = without_leading_zeros(request.serial_number);
    const bool has_sign_byte = !serial_number.empty() && (serial_number.front() & 0x80) != 0;
    const bool sound =
        !serial_number.empty() && serial_number.size() + (has_sign_byte ? 1 : 0) <= longest_serial_number &&
        only_object(request.subject, der_sequence) && only_object(request.issuer, der_sequence);
    if (!sound) {
        throw Error("a certificate needs names, and a serial number of at most 20 bytes");
    }
    const PublicKey issuer = request.issuer_key.public_key();
    const Bytes algorithm = algorithm_of(issuer);
    const Bytes content = to_be_signed(request, algorithm);
    Bytes signature{0x00};
    append(signature, sign(request.issuer_key, issuer, content));
    return TlvWriter()
        .nest(der_sequence,
              [&](TlvWriter& certificate) {
                  certificate.raw(content).raw(algorithm).put(der_bit_string, signature);
              })
        .take();
}

}  // namespace jeton::crypto
