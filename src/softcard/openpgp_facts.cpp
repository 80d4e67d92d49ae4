#include "softcard/openpgp_facts.hpp"

#include <algorithm>

#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

constexpr Byte rsa = 0x01;
constexpr Byte ecdh = 0x12;
constexpr Byte ecdsa = 0x13;
constexpr Byte eddsa = 0x16;

constexpr std::array<Byte, 10> application_id_head{0xD2, 0x76, 0x00, 0x01, 0x24,
                                                   0x01, 0x03, 0x04, 0xFF, 0x00};

struct RsaSize {
    std::size_t bits;
    bool may_generate;
};

constexpr RsaSize rsa_sizes[] = {{1024, false}, {2048, true}, {3072, true}, {4096, true}};

/// RSA attributes: 01, bits of the modulus, of the exponent, and the form of imported keys (4.4.3.9).
constexpr std::size_t rsa_attribute_bytes = 6;
constexpr Byte last_import_form = 3;
constexpr std::size_t exponent_bits[] = {32, 17};

/// The curves, without the header of a DER OBJECT IDENTIFIER: P-256, P-384, P-521, the three of brainpool and
/// secp256k1; Ed25519 and X25519 as of old and as RFC 8410 has them.
constexpr Byte p256[] = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr Byte p384[] = {0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr Byte p521[] = {0x2B, 0x81, 0x04, 0x00, 0x23};
constexpr Byte brainpool256[] = {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07};
constexpr Byte brainpool384[] = {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B};
constexpr Byte brainpool512[] = {0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0D};
constexpr Byte secp256k1[] = {0x2B, 0x81, 0x04, 0x00, 0x0A};
constexpr Byte ed25519[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01};
constexpr Byte x25519[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01};
constexpr Byte ed25519_rfc8410[] = {0x2B, 0x65, 0x70};
constexpr Byte x25519_rfc8410[] = {0x2B, 0x65, 0x6E};
constexpr View curves[] = {p256,      p384,    p521,   brainpool256,    brainpool384,  brainpool512,
                           secp256k1, ed25519, x25519, ed25519_rfc8410, x25519_rfc8410};

constexpr Byte rsa_2048[] = {rsa, 0x08, 0x00, 0x00, 0x20, 0x00};
constexpr Byte no_fingerprint[20] = {};
constexpr Byte no_date[4] = {};
constexpr Byte unknown_sex[] = {0x30};
constexpr Byte no_touch[] = {0x00, 0x20};
constexpr Byte no_kdf[] = {0x81, 0x01, 0x00};

constexpr ObjectRule object_rules[] = {
    {0x0101, 0x0101, Access::always, Access::user, 0, most_special_bytes, {}},
    {0x0102, 0x0102, Access::always, Access::admin, 0, most_special_bytes, {}},
    {0x0103, 0x0103, Access::user, Access::user, 0, most_special_bytes, {}},
    {0x0104, 0x0104, Access::admin, Access::admin, 0, most_special_bytes, {}},
    {tag::name, tag::name, Access::always, Access::admin, 0, 39, {}},
    {tag::login_data, tag::login_data, Access::always, Access::admin, 0, most_special_bytes, {}},
    {tag::language, tag::language, Access::always, Access::admin, 0, 8, {}},
    {tag::sex, tag::sex, Access::always, Access::admin, 1, 1, unknown_sex},
    {tag::address, tag::address, Access::always, Access::admin, 0, most_special_bytes, {}},
    {tag::attributes, tag::attributes + 2, Access::always, Access::admin, 1, 16, rsa_2048},
    {tag::fingerprint, tag::fingerprint + 2, Access::never, Access::admin, 20, 20, no_fingerprint},
    {tag::authority_fingerprint, tag::authority_fingerprint + 2, Access::never, Access::admin, 20, 20,
     no_fingerprint},
    {tag::date, tag::date + 2, Access::never, Access::admin, 4, 4, no_date},
    {tag::touch, tag::touch + 2, Access::always, Access::admin, 2, 2, no_touch},
    {tag::kdf, tag::kdf, Access::always, Access::admin, 3, 256, no_kdf},
};

constexpr std::uint32_t cardholder[] = {tag::name, tag::language, tag::sex};
constexpr std::uint32_t application[] = {tag::application_id, tag::historical_bytes, tag::lengths,
                                         tag::features, 0x73};
constexpr std::uint32_t discretionary[] = {tag::capabilities,
                                           tag::attributes,
                                           tag::attributes + 1,
                                           tag::attributes + 2,
                                           tag::password_status,
                                           0xC5,
                                           0xC6,
                                           0xCD,
                                           tag::key_information,
                                           tag::touch,
                                           tag::touch + 1,
                                           tag::touch + 2};
constexpr std::uint32_t security_support[] = {tag::signature_counter};
constexpr std::uint32_t fingerprints[] = {tag::fingerprint, tag::fingerprint + 1, tag::fingerprint + 2};
constexpr std::uint32_t authority_fingerprints[] = {
    tag::authority_fingerprint, tag::authority_fingerprint + 1, tag::authority_fingerprint + 2};
constexpr std::uint32_t dates[] = {tag::date, tag::date + 1, tag::date + 2};

constexpr Composite composites[] = {
    {0x65, true, cardholder},       {0x6E, true, application},   {0x73, true, discretionary},
    {0x7A, true, security_support}, {0xC5, false, fingerprints}, {0xC6, false, authority_fingerprints},
    {0xCD, false, dates},
};

std::optional<KeyAlgorithm> read_rsa(View attributes) {
    const bool sound = attributes.size() == rsa_attribute_bytes && attributes[5] <= last_import_form &&
                       std::ranges::count(exponent_bits, load_be(attributes.subspan(3, 2))) == 1;
    const auto bits = sound ? load_be(attributes.subspan(1, 2)) : 0;
    const auto* const row = std::ranges::find(rsa_sizes, bits, &RsaSize::bits);
    return row == std::end(rsa_sizes)
               ? std::nullopt
               : std::optional(KeyAlgorithm{rsa, RsaModulus{row->bits}, row->may_generate});
}

/// The algorithm identifier that |key| has on a curve: one that agrees for decryption, else one that signs;
/// nullopt when the curve does not serve.
std::optional<KeyAlgorithm> on_curve(std::size_t key, View oid) {
    const bool agrees = key == decryption_key;
    const Bytes params = TlvWriter().put(0x06, oid).take();
    if (const auto curve = crypto::curve_of_params(params)) {
        return KeyAlgorithm{agrees ? ecdh : ecdsa, *curve, true};
    }
    const auto curve = crypto::okp_of_params(params);
    const bool serves = curve && agrees == (crypto::okp_facts(*curve).signature_bytes == 0);
    return serves ? std::optional(KeyAlgorithm{agrees ? ecdh : eddsa, *curve, true}) : std::nullopt;
}

std::optional<KeyAlgorithm> read_curve(std::size_t key, View attributes) {
    View oid = attributes.subspan(1);
    if (oid.empty()) {
        return std::nullopt;
    }
    if (oid.back() == 0x00 || oid.back() == 0xFF) {
        oid = oid.first(oid.size() - 1);  // FF: keys are imported with their public part, 00: without
    }
    const bool known = std::ranges::any_of(curves, [&](View curve) { return equal(curve, oid); });
    const auto algorithm = known ? on_curve(key, oid) : std::nullopt;
    return algorithm && algorithm->id == attributes[0] ? algorithm : std::nullopt;
}

/// fits_kdf checks the form of a KDF-DO (4.3.2): off, or iterated and salted with SHA-256 or SHA-512.
bool fits_kdf(View content) {
    const auto algorithm = find_tlv(content, 0x81);
    if (!algorithm || algorithm->size() != 1 || (*algorithm)[0] == 0) {
        return equal(content, no_kdf);
    }
    const auto hash = find_tlv(content, 0x82);
    const bool known =
        (*algorithm)[0] == 0x03 && hash && hash->size() == 1 && ((*hash)[0] == 0x08 || (*hash)[0] == 0x0A);
    if (!known) {
        return false;
    }
    struct Field {
        std::uint32_t tag;
        std::size_t bytes;
        bool is_needed;
    };
    const std::size_t hash_bytes = (*hash)[0] == 0x08 ? 32 : 64;
    const Field fields[] = {{0x81, 1, true},           {0x82, 1, true},          {0x83, 4, true},
                            {0x84, 8, true},           {0x85, 8, false},         {0x86, 8, false},
                            {0x87, hash_bytes, false}, {0x88, hash_bytes, false}};
    std::size_t seen = 0;
    TlvReader reader(content);
    while (const auto next = reader.next()) {
        const auto* const row = std::ranges::find(fields, next->tag, &Field::tag);
        if (row == std::end(fields) || row->bytes != next->value.size()) {
            return false;
        }
        ++seen;
    }
    return !reader.failed() &&
           seen == static_cast<std::size_t>(std::ranges::count_if(fields, [&](const Field& row) {
               return row.is_needed || find_tlv(content, row.tag);
           }));
}

}  // namespace

Bytes application_id(View serial) {
    Bytes out = to_bytes(application_id_head);
    append(out, serial);
    append(out, Bytes{0x00, 0x00});
    return out;
}

std::size_t shortest_password(Byte reference) {
    return reference == pw1_signature ? shortest_pw1 : shortest_pw3;
}

std::optional<std::size_t> key_of_reference(std::uint32_t tag) {
    static constexpr std::uint32_t references[] = {0xB6, 0xB8, 0xA4};
    const auto* const found = std::ranges::find(references, tag);
    return found == std::end(references)
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - std::begin(references)));
}

std::optional<KeyAlgorithm> read_attributes(std::size_t key, View attributes) {
    if (attributes.empty()) {
        return std::nullopt;
    }
    return attributes[0] == rsa ? read_rsa(attributes) : read_curve(key, attributes);
}

Bytes algorithm_information() {
    TlvWriter out;
    for (std::size_t key = 0; key < key_count; ++key) {
        const auto tag = static_cast<std::uint32_t>(tag::attributes + key);
        for (const RsaSize& size : rsa_sizes) {
            Bytes attributes = to_bytes(rsa_2048);
            attributes[1] = static_cast<Byte>(size.bits >> 8);
            out.put(tag, attributes);
        }
        for (const View oid : curves) {
            if (const auto algorithm = on_curve(key, oid)) {
                Bytes attributes{algorithm->id};
                append(attributes, oid);
                out.put(tag, attributes);
            }
        }
    }
    return out.take();
}

const ObjectRule* find_object_rule(std::uint32_t tag) {
    const auto* const found = std::ranges::find_if(
        object_rules, [&](const ObjectRule& row) { return row.first <= tag && tag <= row.last; });
    return found == std::end(object_rules) ? nullptr : found;
}

const Composite* find_composite(std::uint32_t tag) {
    const auto* const found = std::ranges::find(composites, tag, &Composite::tag);
    return found == std::end(composites) ? nullptr : found;
}

bool fits_object(std::uint32_t tag, View content) {
    static constexpr Byte sexes[] = {0x30, 0x31, 0x32, 0x39};  // ISO/IEC 5218
    constexpr Byte last_touch_policy = 2;                      // off, on, on for good
    if (tag >= tag::attributes && tag < tag::attributes + key_count) {
        return read_attributes(tag - tag::attributes, content).has_value();
    }
    if (tag >= tag::touch && tag < tag::touch + key_count) {
        return content[0] <= last_touch_policy && content[1] == no_touch[1];
    }
    if (tag == tag::sex) {
        return std::ranges::count(sexes, content[0]) == 1;
    }
    if (tag == tag::language) {
        return content.size() % 2 == 0;
    }
    return tag != tag::kdf || fits_kdf(content);
}

}  // namespace jeton::softcard::openpgp
