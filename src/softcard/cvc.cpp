#include "softcard/cvc.hpp"

#include <algorithm>

#include "crypto/ec_group.hpp"
#include "crypto/error.hpp"
#include "crypto/padding.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using crypto::Hash;

/// Tags (TR-03110 part 3, D.2).
constexpr std::uint32_t cvc_tag = 0x7F21;
constexpr std::uint32_t body_tag = 0x7F4E;
constexpr std::uint32_t profile_tag = 0x5F29;
constexpr std::uint32_t authority_tag = 0x42;
constexpr std::uint32_t public_key_tag = 0x7F49;
constexpr std::uint32_t holder_tag = 0x5F20;
constexpr std::uint32_t authorization_tag = 0x7F4C;
constexpr std::uint32_t effective_tag = 0x5F25;
constexpr std::uint32_t expiration_tag = 0x5F24;
constexpr std::uint32_t signature_tag = 0x5F37;
constexpr std::uint32_t request_tag = 0x67;
constexpr std::uint32_t oid_tag = 0x06;
constexpr std::uint32_t rights_tag = 0x53;
constexpr std::uint32_t modulus_bits_tag = 0x02;
constexpr std::uint32_t exponent_tag = 0x82;

constexpr Byte first_profile[] = {0x00};
constexpr Byte cvc_exponent[] = {0x01, 0x00, 0x01};

/// The role of a terminal, 0.4.0.127.0.7.3.1.2.2 (TR-03110 part 4, 2.2.3).
constexpr std::array<Byte, 9> terminal_role{0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x01, 0x02, 0x02};

constexpr std::array<Byte, 10> algorithm_oid(Byte kind, Byte number) {
    return {0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, kind, number};
}

constexpr CvcAlgorithm algorithms[] = {
    {algorithm_oid(1, 2), true, Hash::sha256},  {algorithm_oid(2, 3), false, Hash::sha256},
    {algorithm_oid(1, 1), true, Hash::sha1},    {algorithm_oid(1, 5), true, Hash::sha512},
    {algorithm_oid(2, 1), false, Hash::sha1},   {algorithm_oid(2, 2), false, Hash::sha224},
    {algorithm_oid(2, 4), false, Hash::sha384}, {algorithm_oid(2, 5), false, Hash::sha512},
};

void put_ec_key(TlvWriter& out, const crypto::EcPublicKey& key, bool tells_curve) {
    if (!tells_curve) {
        out.put(0x86, key.point);
        return;
    }
    const crypto::DomainParameters domain = crypto::domain_parameters(key.curve);
    out.put(0x81, domain.prime).put(0x82, domain.a).put(0x83, domain.b).put(0x84, domain.generator);
    out.put(0x85, domain.order).put(0x86, key.point).put(0x87, domain.cofactor);
}

/// The object 7F49 (TR-03110 part 3, D.3).
void put_public_key(TlvWriter& out, const CvcBody& body) {
    out.nest(public_key_tag, [&](TlvWriter& key) {
        key.put(oid_tag, body.algorithm.oid);
        if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&body.key)) {
            key.put(0x81, rsa->modulus).put(exponent_tag, rsa->exponent);
        } else {
            put_ec_key(key, std::get<crypto::EcPublicKey>(body.key), body.tells_curve);
        }
    });
}

void put_role(TlvWriter& out, const CvcRole& role) {
    const std::array<Byte, 5> rights{role.rights};
    out.nest(authorization_tag,
             [&](TlvWriter& in) { in.put(oid_tag, terminal_role).put(rights_tag, rights); });
    out.put(effective_tag, role.valid_from).put(expiration_tag, role.valid_until);
}

Bytes body_object(const CvcBody& body) {
    return TlvWriter()
        .nest(body_tag,
              [&](TlvWriter& out) {
                  out.put(profile_tag, first_profile).put(authority_tag, body.authority);
                  put_public_key(out, body);
                  out.put(holder_tag, body.holder);
                  if (body.role) {
                      put_role(out, *body.role);
                  }
              })
        .take();
}

/// A signature in the form of certificates: ECDSA's r and s follow each other (TR-03110 part 3, A.6.4.1).
Bytes signature(View message, const crypto::PrivateKey& key, const CvcAlgorithm& algorithm) {
    const Bytes digest = crypto::digest(algorithm.hash, message);
    const crypto::PublicKey public_key = key.public_key();
    if (const auto* const ec = std::get_if<crypto::EcPublicKey>(&public_key); ec != nullptr) {
        const std::size_t field_bytes = crypto::curve_facts(ec->curve).field_bytes;
        return crypto::ecdsa_raw_from_der(key.sign_ecdsa(digest), field_bytes).value();
    }
    const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&public_key);
    const auto block =
        rsa == nullptr
            ? std::nullopt
            : crypto::pad_pkcs_signature(rsa->modulus_bytes(), crypto::digest_info(algorithm.hash, digest));
    if (!block) {
        throw crypto::Error("the key cannot sign a card verifiable certificate");
    }
    return to_bytes(key.rsa_private(*block).value());
}

/// The domain parameters of a template, and those that |known| has under the same tags.
bool tells_of(View content, const crypto::DomainParameters& known) {
    const struct {
        std::uint32_t tag;
        View value;
    } rows[] = {
        {0x81, known.prime}, {0x82, known.a}, {0x83, known.b}, {0x84, known.generator}, {0x85, known.order}};
    const auto cofactor = find_tlv(content, 0x87);
    if (cofactor && !equal(*cofactor, known.cofactor)) {
        return false;
    }
    return std::ranges::all_of(rows, [&](const auto& row) {
        const auto given = find_tlv(content, row.tag);
        return given && equal(without_leading_zeros(*given), without_leading_zeros(row.value));
    });
}

std::optional<crypto::Curve> curve_in(View content) {
    for (const crypto::CurveFacts& facts : crypto::all_curves()) {
        if (tells_of(content, crypto::domain_parameters(facts.curve))) {
            return facts.curve;
        }
    }
    return std::nullopt;
}

/// The modulus bits of an RSA template; 0 when it is none.
std::size_t modulus_bits_in(View content) {
    const auto bits = find_tlv(content, modulus_bits_tag);
    const auto exponent = find_tlv(content, exponent_tag);
    const bool usual = exponent && equal(without_leading_zeros(*exponent), cvc_exponent);
    return bits && bits->size() <= 2 && usual ? static_cast<std::size_t>(load_be(*bits)) : 0;
}

}  // namespace

const CvcAlgorithm* find_cvc_algorithm(View oid) {
    const auto* const found =
        std::ranges::find_if(algorithms, [&](const CvcAlgorithm& row) { return equal(row.oid, oid); });
    return found == std::end(algorithms) ? nullptr : found;
}

const CvcAlgorithm& cvc_rsa_sha256() {
    return algorithms[0];
}

const CvcAlgorithm& cvc_ecdsa_sha256() {
    return algorithms[1];
}

Bytes make_cvc(const CvcBody& body, const crypto::PrivateKey& signer, const CvcAlgorithm& signer_algorithm) {
    const Bytes signed_part = body_object(body);
    return TlvWriter()
        .nest(cvc_tag,
              [&](TlvWriter& out) {
                  out.raw(signed_part).put(signature_tag, signature(signed_part, signer, signer_algorithm));
              })
        .take();
}

Bytes make_authenticated_request(View request, View signer_name, const crypto::PrivateKey& signer) {
    const Bytes signed_part = TlvWriter().raw(request).put(authority_tag, signer_name).take();
    return TlvWriter()
        .nest(request_tag,
              [&](TlvWriter& out) {
                  out.raw(signed_part).put(signature_tag, signature(signed_part, signer, cvc_ecdsa_sha256()));
              })
        .take();
}

std::optional<CvcKeyTemplate> read_cvc_key_template(View content) {
    const auto oid = find_tlv(content, oid_tag);
    CvcKeyTemplate out{.algorithm = oid ? find_cvc_algorithm(*oid) : nullptr};
    if (out.algorithm == nullptr) {
        return std::nullopt;
    }
    if (out.algorithm->is_rsa) {
        out.modulus_bits = modulus_bits_in(content);
        return out.modulus_bits != 0 ? std::optional(out) : std::nullopt;
    }
    out.curve = curve_in(content);
    return out.curve ? std::optional(out) : std::nullopt;
}

}  // namespace jeton::softcard
