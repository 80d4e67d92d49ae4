#include "pkcs11/object_builder.hpp"

#include <fmt/core.h>

#include "crypto/digest.hpp"
#include "pkcs11/mechanisms.hpp"
#include "util/tlv.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::uint32_t der_octet_string = 0x04;
constexpr std::size_t check_value_bytes = 3;

/// Attributes that every object on a card has.
Attributes storage_attributes(CK_OBJECT_CLASS object_class, std::string_view label, bool is_private) {
    Attributes attributes;
    attributes.set_ulong(CKA_CLASS, object_class)
        .set_bool(CKA_TOKEN, true)
        .set_bool(CKA_PRIVATE, is_private)
        .set_bool(CKA_MODIFIABLE, false)
        .set_bool(CKA_COPYABLE, false)
        .set_bool(CKA_DESTROYABLE, object_class == CKO_CERTIFICATE)
        .set(CKA_LABEL, view_of(label));
    return attributes;
}

bool is_rsa(const crypto::PublicKey& key) {
    return std::holds_alternative<crypto::RsaPublicKey>(key);
}

/// KeyKind is how the standard calls a type of key, and how it is made.
struct KeyKind {
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE generator;
};

KeyKind kind_of(const crypto::PublicKey& key) {
    if (is_rsa(key)) {
        return {CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN};
    }
    const auto* okp = std::get_if<crypto::OkpPublicKey>(&key);
    if (okp == nullptr) {
        return {CKK_EC, CKM_EC_KEY_PAIR_GEN};
    }
    return okp->curve == crypto::OkpCurve::ed25519
               ? KeyKind{CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN}
               : KeyKind{CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN};
}

/// Attributes that both halves of a key pair have.
void add_key(Attributes& attributes, const card::KeySlot& slot, const card::KeyEntry& entry) {
    attributes.set_ulong(CKA_KEY_TYPE, kind_of(entry.public_key).type)
        .set(CKA_START_DATE, {})
        .set(CKA_END_DATE, {})
        .set(CKA_SUBJECT, {})
        .set_bool(CKA_DERIVE, false)
        .set_bool(CKA_LOCAL, entry.generated_on_card)
        .set(CKA_PUBLIC_KEY_INFO, crypto::spki(entry.public_key));
    const CK_ULONG generator = kind_of(entry.public_key).generator;
    attributes.set_ulong(CKA_KEY_GEN_MECHANISM,
                         entry.generated_on_card ? generator : CK_UNAVAILABLE_INFORMATION);
    Bytes allowed;
    for (const MechanismRow& row : mechanism_rows()) {
        if (row.serves(entry.public_key, slot.sign, slot.decrypt)) {
            append(allowed, ulong_bytes(row.type));
        }
    }
    attributes.set(CKA_ALLOWED_MECHANISMS, allowed);
}

}  // namespace

Attributes expected_private_key(const card::KeySlot& slot) {
    Attributes attributes = storage_attributes(CKO_PRIVATE_KEY, slot.label, slot.is_private);
    attributes.set(CKA_ID, slot.pkcs11_id)
        .set_bool(CKA_SENSITIVE, true)
        .set_bool(CKA_ALWAYS_SENSITIVE, true)
        .set_bool(CKA_EXTRACTABLE, false)
        .set_bool(CKA_NEVER_EXTRACTABLE, true)
        .set_bool(CKA_SIGN, slot.sign)
        .set_bool(CKA_SIGN_RECOVER, false)
        .set_bool(CKA_UNWRAP, false)
        .set_bool(CKA_WRAP_WITH_TRUSTED, false);
    return attributes;
}

Attributes expected_public_key(const card::KeySlot& slot) {
    Attributes attributes = storage_attributes(CKO_PUBLIC_KEY, slot.public_label, false);
    attributes.set(CKA_ID, slot.pkcs11_id)
        .set_bool(CKA_VERIFY, slot.sign)
        .set_bool(CKA_VERIFY_RECOVER, false)
        .set_bool(CKA_WRAP, false)
        .set_bool(CKA_TRUSTED, false);
    return attributes;
}

Attributes expected_object(const card::ObjectSlot& slot) {
    const bool is_certificate = slot.object_class == card::ObjectSlot::Class::certificate;
    Attributes attributes = storage_attributes(is_certificate ? CKO_CERTIFICATE : CKO_DATA, slot.label,
                                               slot.read_pin.has_value());
    if (is_certificate) {
        attributes.set(CKA_ID, slot.pkcs11_id)
            .set_ulong(CKA_CERTIFICATE_TYPE, CKC_X_509)
            .set_bool(CKA_TRUSTED, false);
    } else {
        attributes.set(CKA_APPLICATION, view_of(slot.application)).set(CKA_OBJECT_ID, slot.oid);
    }
    return attributes;
}

void add_public_values(Attributes& attributes, const crypto::PublicKey& key, bool is_public_object) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        attributes.set(CKA_MODULUS, rsa->modulus).set(CKA_PUBLIC_EXPONENT, rsa->exponent);
        if (is_public_object) {
            attributes.set_ulong(CKA_MODULUS_BITS, rsa->modulus_bits());
        }
        return;
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        attributes.set(CKA_EC_PARAMS, crypto::curve_facts(ec->curve).oid);
        if (is_public_object) {
            attributes.set(CKA_EC_POINT, TlvWriter().put(der_octet_string, ec->point).take());
        }
    }
}

void add_private_key(Attributes& attributes, const card::Applet& applet, const card::KeySlot& slot,
                     const card::KeyEntry& entry) {
    const auto type = card::key_type_of(entry.public_key);
    const bool deciphers = is_rsa(entry.public_key) && type && applet.offers(card::Primitive::rsa_raw, *type);
    add_key(attributes, slot, entry);
    add_public_values(attributes, entry.public_key, false);
    attributes.set_bool(CKA_DECRYPT, slot.decrypt && deciphers)
        .set_bool(CKA_ALWAYS_AUTHENTICATE, entry.always_authenticate);
}

void add_public_key(Attributes& attributes, const card::KeySlot& slot, const card::KeyEntry& entry) {
    add_key(attributes, slot, entry);
    add_public_values(attributes, entry.public_key, true);
    attributes.set_bool(CKA_ENCRYPT, slot.decrypt && is_rsa(entry.public_key));
}

void add_object(Attributes& attributes, const card::ObjectEntry& entry) {
    attributes.set(CKA_VALUE, entry.value);
    if (!entry.certificate) {
        return;
    }
    const crypto::Certificate& certificate = *entry.certificate;
    constexpr CK_ULONG unspecified = CK_CERTIFICATE_CATEGORY_UNSPECIFIED;
    attributes.set(CKA_SUBJECT, certificate.subject)
        .set(CKA_ISSUER, certificate.issuer)
        .set(CKA_SERIAL_NUMBER, certificate.serial_number)
        .set_ulong(CKA_CERTIFICATE_CATEGORY,
                   certificate.is_authority ? CK_CERTIFICATE_CATEGORY_AUTHORITY : unspecified)
        .set(CKA_CHECK_VALUE,
             View(crypto::digest(crypto::Hash::sha1, certificate.der)).first(check_value_bytes))
        .set(CKA_START_DATE, date_bytes(certificate.not_before))
        .set(CKA_END_DATE, date_bytes(certificate.not_after))
        .set(CKA_PUBLIC_KEY_INFO, certificate.public_key_info)
        .set(CKA_URL, {});
}

Attributes profile_object(CK_PROFILE_ID id) {
    Attributes attributes = storage_attributes(CKO_PROFILE, "Public Certificates Token", false);
    attributes.set_ulong(CKA_PROFILE_ID, id).set(CKA_UNIQUE_ID, view_of(fmt::format("profile-{}", id)));
    return attributes;
}

std::string unique_id(std::string_view serial, CK_OBJECT_CLASS object_class, std::size_t index) {
    return fmt::format("{}-{}-{}", serial, object_class, index);
}

}  // namespace jeton::pkcs11
