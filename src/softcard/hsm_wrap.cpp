// A blob is: check value of the DKEK (8 bytes), kind of key (1), four fields with a length of two bytes each
// (object identifier of the default algorithm, algorithms that are allowed, two that are empty), the key in
// AES-256-CBC with IV 0, and AES-CMAC over all of that (16). The key is encrypted together with 8 random
// bytes before it, and padded with 80 00.. behind (ISO/IEC 9797-1, method 2).
#include "softcard/hsm_wrap.hpp"

#include <algorithm>
#include <array>

#include "crypto/aes.hpp"
#include "crypto/cmac.hpp"
#include "crypto/digest.hpp"
#include "crypto/ec_group.hpp"
#include "crypto/error.hpp"
#include "crypto/private_exponent.hpp"
#include "softcard/cvc.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t random_prefix_bytes = 8;
constexpr std::size_t code_bytes = 16;
constexpr Byte padding_start = 0x80;
constexpr std::size_t most_modulus_bytes = 4096 / 8;

enum class BlobKind : Byte { rsa = 0x05, rsa_crt = 0x06, ec = 0x0C, aes = 0x0F };

/// 2.16.840.1.101.3.4.1, the arc of AES.
constexpr std::array<Byte, 8> aes_oid{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01};

View oid_of(BlobKind kind) {
    switch (kind) {
        case BlobKind::aes:
            return aes_oid;
        case BlobKind::ec:
            return cvc_ecdsa_sha256().oid;
        default:
            return cvc_rsa_sha256().oid;
    }
}

/// Keys for one purpose: SHA-256 of the DKEK and a number of four bytes.
SecretBytes derived_key(View dkek, Byte purpose) {
    SecretBytes input = to_secret(dkek);
    append(input, std::array<Byte, 4>{0, 0, 0, purpose});
    Bytes digest = crypto::digest(crypto::Hash::sha256, input);
    SecretBytes key = to_secret(digest);
    wipe(digest);
    return key;
}

SecretBytes encryption_key(View dkek) {
    return derived_key(dkek, 1);
}

Bytes code_of(View dkek, View blob) {
    return crypto::aes_cmac(derived_key(dkek, 2), blob);
}

SecretBytes crypt(crypto::Direction direction, View dkek, View input) {
    crypto::AesParameters parameters;
    parameters.mode = crypto::AesMode::cbc;
    parameters.iv.resize(crypto::aes_block_bytes);
    crypto::AesCipher cipher(direction, encryption_key(dkek), std::move(parameters));
    SecretBytes out;
    cipher.update(input, out);
    if (cipher.finish(out) != crypto::AesCipher::Result::done) {
        throw crypto::Error("a key blob is no whole number of blocks");
    }
    return out;
}

template <typename Vector>
void put_number(Vector& out, std::size_t number) {
    out.push_back(static_cast<Byte>(number >> 8));
    out.push_back(static_cast<Byte>(number & 0xFF));
}

template <typename Vector>
void put_field(Vector& out, View value) {
    put_number(out, value.size());
    append(out, value);
}

/// Fields takes numbers and fields off the front of a view; after one that is cut short everything is empty
/// and failed() is true.
class Fields {
  public:
    explicit Fields(View data) : m_rest(data) {}

    std::size_t number() { return static_cast<std::size_t>(load_be(take(2))); }
    View field() { return take(number()); }
    View rest() const { return m_rest; }
    bool failed() const { return m_failed; }

  private:
    View take(std::size_t length) {
        if (m_failed || m_rest.size() < length) {
            m_failed = true;
            return {};
        }
        const View out = m_rest.first(length);
        m_rest = m_rest.subspan(length);
        return out;
    }

    View m_rest;
    bool m_failed = false;
};

struct Plain {
    BlobKind kind;
    SecretBytes content;  ///< numbers and fields of the key
};

Plain plain_of(const SecretBytes& key) {
    Plain out{BlobKind::aes, {}};
    put_field(out.content, key);
    return out;
}

Plain plain_of_rsa(const crypto::PrivateKey& key, const crypto::RsaPublicKey& rsa) {
    const auto parts = std::get<crypto::RsaPrivateParts>(key.parts().value());
    Plain out{BlobKind::rsa, {}};
    put_number(out.content, rsa.modulus_bits());
    put_field(out.content, crypto::private_exponent(parts));
    put_field(out.content, rsa.modulus);
    put_field(out.content, rsa.exponent);
    return out;
}

Plain plain_of(const crypto::PrivateKey& key) {
    const crypto::PublicKey public_key = key.public_key();
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&public_key)) {
        return plain_of_rsa(key, *rsa);
    }
    const auto& ec = std::get<crypto::EcPublicKey>(public_key);
    const crypto::DomainParameters domain = crypto::domain_parameters(ec.curve);
    const auto parts = std::get<crypto::EcPrivateParts>(key.parts().value());
    Plain out{BlobKind::ec, {}};
    put_number(out.content, domain.prime.size() * 8);
    for (const View field : {View(domain.a), View(domain.b), View(domain.prime), View(domain.order),
                             View(domain.generator), View(parts.scalar), View(ec.point)}) {
        put_field(out.content, field);
    }
    return out;
}

/// The content ends here: nothing or padding follows.
bool at_end(const Fields& fields) {
    const View rest = fields.rest();
    const bool padded = rest.empty() || rest.front() == padding_start;
    return !fields.failed() && padded && rest.size() <= crypto::aes_block_bytes &&
           std::ranges::all_of(rest.subspan(rest.empty() ? 0 : 1), [](Byte byte) { return byte == 0; });
}

using Secret = std::optional<HsmSecret>;

Secret read_private_key(const crypto::PrivateParts& parts) {
    auto key = crypto::PrivateKey::from_parts(parts);
    return key ? Secret(std::make_shared<const crypto::PrivateKey>(std::move(*key))) : std::nullopt;
}

Secret read_aes(Fields& fields) {
    const View key = fields.field();
    const bool known = key.size() == 16 || key.size() == 24 || key.size() == 32;
    return known && at_end(fields) ? Secret(std::make_shared<const SecretBytes>(to_secret(key)))
                                   : std::nullopt;
}

Secret read_rsa(Fields& fields) {
    fields.number();  // the length of the modulus, which follows
    const View private_exponent = fields.field();
    const View modulus = fields.field();
    const View exponent = fields.field();
    if (!at_end(fields) || private_exponent.empty() || exponent.empty() ||
        modulus.size() > most_modulus_bytes) {
        return std::nullopt;
    }
    const auto parts = crypto::complete_rsa(modulus, exponent, private_exponent, {}, {}, {}, {}, {});
    return parts ? read_private_key(*parts) : std::nullopt;
}

Secret read_rsa_crt(Fields& fields) {
    fields.number();
    const View dp = fields.field();
    const View dq = fields.field();
    const View p = fields.field();
    const View qinv = fields.field();
    const View q = fields.field();
    const View modulus = fields.field();
    const View exponent = fields.field();
    if (!at_end(fields) || p.empty() || q.empty() || exponent.empty() ||
        modulus.size() > most_modulus_bytes) {
        return std::nullopt;
    }
    const auto parts = crypto::complete_rsa(modulus, exponent, {}, p, q, dp, dq, qinv);
    return parts ? read_private_key(*parts) : std::nullopt;
}

/// Reads an EC key: its curve is the one with the same prime, coefficients, order and generator.
Secret read_ec(Fields& fields) {
    fields.number();
    View given[5];  // a, b, prime, order, generator
    for (View& field : given) {
        field = without_leading_zeros(fields.field());
    }
    const View scalar = fields.field();
    const View point = fields.field();
    if (!at_end(fields)) {
        return std::nullopt;
    }
    for (const crypto::CurveFacts& facts : crypto::all_curves()) {
        const crypto::Curve curve = facts.curve;
        const crypto::DomainParameters known = crypto::domain_parameters(curve);
        const View expected[] = {known.a, known.b, known.prime, known.order, known.generator};
        const bool same = std::ranges::equal(
            given, expected, [](View one, View other) { return equal(one, without_leading_zeros(other)); });
        if (same) {
            const auto key = read_private_key(crypto::EcPrivateParts{curve, to_secret(scalar)});
            const auto* const opened =
                key ? std::get_if<std::shared_ptr<const crypto::PrivateKey>>(&*key) : nullptr;
            const bool pair = opened != nullptr &&
                              equal(std::get<crypto::EcPublicKey>((*opened)->public_key()).point, point);
            return pair ? key : std::nullopt;
        }
    }
    return std::nullopt;
}

Secret read_secret(BlobKind kind, View content) {
    Fields fields(content);
    switch (kind) {
        case BlobKind::aes:
            return read_aes(fields);
        case BlobKind::rsa:
            return read_rsa(fields);
        case BlobKind::rsa_crt:
            return read_rsa_crt(fields);
        case BlobKind::ec:
            return read_ec(fields);
    }
    return std::nullopt;
}

}  // namespace

Bytes dkek_check_value(View dkek) {
    Bytes digest = crypto::digest(crypto::Hash::sha256, dkek);
    digest.resize(dkek_check_bytes);
    return digest;
}

Bytes wrap_key(View dkek, const HsmSecret& secret, View algorithms) {
    const Plain plain = std::visit([](const auto& key) { return plain_of(*key); }, secret);
    SecretBytes padded(random_prefix_bytes);
    crypto::random_bytes(padded);
    append(padded, plain.content);
    padded.push_back(padding_start);
    padded.resize((padded.size() + crypto::aes_block_bytes - 1) / crypto::aes_block_bytes *
                  crypto::aes_block_bytes);
    Bytes blob = dkek_check_value(dkek);
    blob.push_back(static_cast<Byte>(plain.kind));
    for (const View field : {oid_of(plain.kind), algorithms, View(), View()}) {
        put_field(blob, field);
    }
    append(blob, crypt(crypto::Direction::encrypt, dkek, padded));
    append(blob, code_of(dkek, blob));
    return blob;
}

std::optional<View> blob_check_value(View blob) {
    return blob.size() > dkek_check_bytes + code_bytes ? std::optional(blob.first(dkek_check_bytes))
                                                       : std::nullopt;
}

std::optional<UnwrappedKey> unwrap_key(View dkek, View blob) {
    const auto check = blob_check_value(blob);
    if (!check || !equal(*check, dkek_check_value(dkek))) {
        return std::nullopt;
    }
    const View protected_part = blob.first(blob.size() - code_bytes);
    if (!equal_secret(code_of(dkek, protected_part), blob.last(code_bytes))) {
        return std::nullopt;
    }
    const auto kind = static_cast<BlobKind>(protected_part[dkek_check_bytes]);
    Fields fields(protected_part.subspan(dkek_check_bytes + 1));
    const View oid = fields.field();
    const View algorithms = fields.field();
    fields.field();
    fields.field();
    const View box = fields.rest();
    if (fields.failed() || box.empty() || box.size() % crypto::aes_block_bytes != 0 ||
        !equal(oid, oid_of(kind))) {
        return std::nullopt;
    }
    const SecretBytes plain = crypt(crypto::Direction::decrypt, dkek, box);
    auto secret = read_secret(kind, View(plain).subspan(random_prefix_bytes));
    return secret ? std::optional(UnwrappedKey{std::move(*secret), to_bytes(algorithms)}) : std::nullopt;
}

}  // namespace jeton::softcard
