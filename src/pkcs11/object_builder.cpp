#include "pkcs11/object_builder.hpp"

#include <fmt/core.h>

#include "crypto/digest.hpp"
#include "pkcs11/key_material.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/signature_scheme.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::size_t check_value_bytes = 3;

/// What may be done to an object on a card.
struct Handling {
    bool is_private = false;
    bool modifiable = false;
    bool copyable = false;
    bool destroyable = false;
};

/// Attributes that every object on a card has.
Attributes storage_attributes(CK_OBJECT_CLASS object_class, std::string_view label,
                              const Handling& handling) {
    Attributes attributes;
    attributes.set_ulong(CKA_CLASS, object_class)
        .set_bool(CKA_TOKEN, true)
        .set_bool(CKA_PRIVATE, handling.is_private)
        .set_bool(CKA_MODIFIABLE, handling.modifiable)
        .set_bool(CKA_COPYABLE, handling.copyable)
        .set_bool(CKA_DESTROYABLE, handling.destroyable)
        .set(CKA_LABEL, view_of(label));
    return attributes;
}

/// Attributes that both halves of a key pair have.
void add_key(Attributes& attributes, const card::KeyEntry& entry) {
    const KeyKind kind = kind_of(entry.public_key);
    attributes.set_ulong(CKA_KEY_TYPE, kind.type)
        .set(CKA_START_DATE, {})
        .set(CKA_END_DATE, {})
        .set(CKA_SUBJECT, {})
        .set_bool(CKA_LOCAL, entry.generated_on_card)
        .set(CKA_PUBLIC_KEY_INFO, crypto::spki(entry.public_key))
        .set_ulong(CKA_KEY_GEN_MECHANISM,
                   entry.generated_on_card ? kind.generator : CK_UNAVAILABLE_INFORMATION);
}

/// What a key pair in a slot does: what the profile lets it do, and its kind can.
CK_FLAGS uses_of(const card::KeySlot& slot, const card::KeyEntry& entry) {
    const bool is_rsa = std::holds_alternative<crypto::RsaPublicKey>(entry.public_key);
    const bool signs = slot.sign && signature_length(entry.public_key) != 0;
    const auto* okp = std::get_if<crypto::OkpPublicKey>(&entry.public_key);
    const bool agrees = !is_rsa && (okp == nullptr || crypto::okp_facts(okp->curve).shared_bytes != 0);
    return (signs ? CKF_SIGN : 0) | (slot.decrypt && is_rsa ? CKF_DECRYPT : 0) |
           (slot.derive && agrees ? CKF_DERIVE : 0);
}

void add_allowed_mechanisms(Attributes& attributes, const card::Applet& applet, const crypto::PublicKey& key,
                            CK_FLAGS uses) {
    Bytes allowed;
    for (const MechanismRow& row : mechanism_rows()) {
        if (row.can(uses) && row.fits(key) && computes(applet, row, key)) {
            append(allowed, ulong_bytes(row.type));
        }
    }
    attributes.set(CKA_ALLOWED_MECHANISMS, allowed);
}

}  // namespace

Attributes expected_private_key(const card::Profile& profile, const card::KeySlot& slot) {
    const bool changes = profile.allow_write;
    Attributes attributes = storage_attributes(
        CKO_PRIVATE_KEY, slot.label,
        {.is_private = slot.is_private, .modifiable = changes, .copyable = false, .destroyable = changes});
    attributes.set(CKA_ID, slot.pkcs11_id)
        .set_bool(CKA_SENSITIVE, true)
        .set_bool(CKA_EXTRACTABLE, false)
        .set_bool(CKA_SIGN_RECOVER, false)
        .set_bool(CKA_UNWRAP, false)
        .set_bool(CKA_WRAP_WITH_TRUSTED, false);
    if (!slot.sign) {
        attributes.set_bool(CKA_SIGN, false);
    }
    return attributes;
}

Attributes expected_public_key(const card::KeySlot& slot, bool destroyable) {
    Attributes attributes =
        storage_attributes(CKO_PUBLIC_KEY, slot.public_label, {.copyable = true, .destroyable = destroyable});
    attributes.set(CKA_ID, slot.pkcs11_id)
        .set_bool(CKA_VERIFY_RECOVER, false)
        .set_bool(CKA_WRAP, false)
        .set_bool(CKA_DERIVE, false)
        .set_bool(CKA_TRUSTED, false);
    if (!slot.sign) {
        attributes.set_bool(CKA_VERIFY, false);
    }
    return attributes;
}

Attributes expected_object(const card::Profile& profile, const card::ObjectSlot& slot) {
    const bool is_certificate = slot.object_class == card::ObjectSlot::Class::certificate;
    const bool changes = profile.allow_write && slot.writable;
    Attributes attributes =
        storage_attributes(is_certificate ? CKO_CERTIFICATE : CKO_DATA, slot.label,
                           {.is_private = slot.read_pin.has_value(),
                            .modifiable = changes && (!is_certificate || slot.named_on_card),
                            .copyable = true,
                            .destroyable = changes});
    if (is_certificate) {
        attributes.set(CKA_ID, slot.pkcs11_id)
            .set_ulong(CKA_CERTIFICATE_TYPE, CKC_X_509)
            .set_bool(CKA_TRUSTED, false);
    } else {
        attributes.set(CKA_APPLICATION, view_of(slot.application)).set(CKA_OBJECT_ID, slot.oid);
    }
    return attributes;
}

void add_private_key(Attributes& attributes, const card::Applet& applet, const card::KeySlot& slot,
                     const card::KeyEntry& entry) {
    add_key(attributes, entry);
    add_public_values(attributes, entry.public_key, false);
    const auto type = card::key_type_of(entry.public_key);
    const auto offers = [&](card::Primitive primitive) { return type && applet.offers(primitive, *type); };
    CK_FLAGS uses = uses_of(slot, entry);
    if (!offers(card::Primitive::rsa_raw) && !offers(card::Primitive::rsa_pkcs1)) {
        uses &= ~CKF_DECRYPT;
    }
    if (!offers(card::Primitive::ecdh)) {
        uses &= ~CKF_DERIVE;
    }
    // Only of a key that the card made is it known that it was never anywhere else.
    attributes.set_bool(CKA_ALWAYS_SENSITIVE, entry.generated_on_card)
        .set_bool(CKA_NEVER_EXTRACTABLE, entry.generated_on_card)
        .set_bool(CKA_SIGN, (uses & CKF_SIGN) != 0)
        .set_bool(CKA_DECRYPT, (uses & CKF_DECRYPT) != 0)
        .set_bool(CKA_DERIVE, (uses & CKF_DERIVE) != 0)
        .set_bool(CKA_ALWAYS_AUTHENTICATE, entry.always_authenticate);
    add_allowed_mechanisms(attributes, applet, entry.public_key, uses);
}

void add_public_key(Attributes& attributes, const card::Applet& applet, const card::KeySlot& slot,
                    const card::KeyEntry& entry) {
    const CK_FLAGS uses = uses_of(slot, entry) & (CKF_SIGN | CKF_DECRYPT);
    add_key(attributes, entry);
    add_public_values(attributes, entry.public_key, true);
    attributes.set_bool(CKA_VERIFY, (uses & CKF_SIGN) != 0).set_bool(CKA_ENCRYPT, (uses & CKF_DECRYPT) != 0);
    add_allowed_mechanisms(attributes, applet, entry.public_key, uses);
}

void add_object(Attributes& attributes, const card::ObjectEntry& entry) {
    attributes.set(CKA_VALUE, entry.value);
    if (entry.certificate) {
        add_certificate(attributes, *entry.certificate);
    }
}

Attributes expected_secret_key(const card::Profile& profile, const card::SecretKeySlot& slot) {
    const bool changes = profile.allow_write;
    Attributes attributes = storage_attributes(CKO_SECRET_KEY, slot.label,
                                               {.is_private = slot.pin.has_value(),
                                                .modifiable = changes && slot.named_on_card,
                                                .copyable = false,
                                                .destroyable = changes});
    attributes.set_ulong(CKA_KEY_TYPE, CKK_AES)
        .set(CKA_ID, slot.pkcs11_id)
        .set(CKA_START_DATE, {})
        .set(CKA_END_DATE, {})
        .set_bool(CKA_SENSITIVE, true)
        .set_bool(CKA_EXTRACTABLE, false)
        .set_bool(CKA_TRUSTED, false);
    for (const CK_ATTRIBUTE_TYPE type : {CKA_WRAP, CKA_UNWRAP, CKA_DERIVE, CKA_WRAP_WITH_TRUSTED}) {
        attributes.set_bool(type, false);
    }
    return attributes;
}

void add_secret_key(Attributes& attributes, card::Card& card, std::size_t index,
                    const card::SecretKeyEntry& entry) {
    Bytes allowed;
    CK_FLAGS uses = 0;
    for (const MechanismRow& row : mechanism_rows()) {
        const bool forward = computes(card, row, index, crypto::Direction::encrypt);
        const bool backward = computes(card, row, index, crypto::Direction::decrypt);
        uses |= forward ? row.flags & (CKF_ENCRYPT | CKF_SIGN) : 0;
        uses |= backward ? row.flags & (CKF_DECRYPT | CKF_VERIFY) : 0;
        if (forward || backward) {
            append(allowed, ulong_bytes(row.type));
        }
    }
    attributes.set_bool(CKA_ENCRYPT, (uses & CKF_ENCRYPT) != 0)
        .set_bool(CKA_DECRYPT, (uses & CKF_DECRYPT) != 0)
        .set_bool(CKA_SIGN, (uses & CKF_SIGN) != 0)
        .set_bool(CKA_VERIFY, (uses & CKF_VERIFY) != 0)
        .set(CKA_ALLOWED_MECHANISMS, allowed)
        .set_bool(CKA_LOCAL, entry.generated_on_card)
        .set_bool(CKA_ALWAYS_SENSITIVE, entry.generated_on_card)
        .set_bool(CKA_NEVER_EXTRACTABLE, entry.generated_on_card)
        .set_ulong(CKA_KEY_GEN_MECHANISM,
                   entry.generated_on_card ? CKM_AES_KEY_GEN : CK_UNAVAILABLE_INFORMATION);
    if (entry.bits != 0) {
        attributes.set_ulong(CKA_VALUE_LEN, entry.bits / 8);
    }
}

void add_certificate(Attributes& attributes, const crypto::Certificate& certificate) {
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
    Attributes attributes = storage_attributes(CKO_PROFILE, "Public Certificates Token", {});
    attributes.set_ulong(CKA_PROFILE_ID, id).set(CKA_UNIQUE_ID, view_of(fmt::format("profile-{}", id)));
    return attributes;
}

std::string unique_id(std::string_view serial, CK_OBJECT_CLASS object_class, std::string_view id) {
    return fmt::format("{}-{}-{}", serial, object_class, id);
}

}  // namespace jeton::pkcs11
