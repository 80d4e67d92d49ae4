#include "pkcs11/card_objects.hpp"

#include <algorithm>
#include <array>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/mechanisms.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::array<Byte, 3> exponent_65537{0x01, 0x00, 0x01};

struct RsaSize {
    CK_ULONG bits;
    card::KeyType type;
};

constexpr std::array rsa_sizes{RsaSize{1024, card::KeyType::rsa1024}, RsaSize{2048, card::KeyType::rsa2048},
                               RsaSize{3072, card::KeyType::rsa3072}, RsaSize{4096, card::KeyType::rsa4096}};

struct CurveType {
    crypto::Curve curve;
    card::KeyType type;
};

constexpr std::array curve_types{CurveType{crypto::Curve::p256, card::KeyType::p256},
                                 CurveType{crypto::Curve::p384, card::KeyType::p384},
                                 CurveType{crypto::Curve::p521, card::KeyType::p521}};

void require_writing(const Session& session) {
    require(session.is_read_write(), CKR_SESSION_READ_ONLY, "the card is written in a read-write session");
    require(session.token().login().has_value(), CKR_USER_NOT_LOGGED_IN, "writing to the card needs a login");
}

card::KeyType rsa_type(const card::Applet& applet, const Template& given) {
    const CK_ULONG bits = required_number(given, CKA_MODULUS_BITS);
    const auto exponent = given.find(CKA_PUBLIC_EXPONENT);
    require(!exponent || equal(without_leading_zeros(*exponent), exponent_65537), CKR_ATTRIBUTE_VALUE_INVALID,
            "cards make RSA keys with the public exponent 65537");
    const auto row = std::ranges::find(rsa_sizes, bits, &RsaSize::bits);
    require(row != rsa_sizes.end() && applet.offers(card::Primitive::rsa_raw, row->type), CKR_KEY_SIZE_RANGE,
            "the card makes no RSA keys of this size");
    return row->type;
}

card::KeyType ec_type(const card::Applet& applet, const Template& given) {
    const auto curve = crypto::curve_of_params(required(given, CKA_EC_PARAMS));
    require(curve.has_value(), CKR_CURVE_NOT_SUPPORTED, "an unknown curve");
    const auto row = std::ranges::find(curve_types, *curve, &CurveType::curve);
    require(applet.offers(card::Primitive::ecdsa, row->type), CKR_CURVE_NOT_SUPPORTED,
            "the card does not know this curve");
    return row->type;
}

void require_type(const card::KeySlot& slot, card::KeyType type) {
    const bool fits = slot.types.empty() || std::ranges::find(slot.types, type) != slot.types.end();
    require(fits, CKR_ATTRIBUTE_VALUE_INVALID, "the slot of this CKA_ID does not take such keys");
}

/// choose_key_slot follows CKA_ID, or finds the first slot without a key.
std::size_t choose_key_slot(card::Burst& burst, const card::Profile& profile, std::optional<View> id,
                            bool overwrite) {
    if (!id || id->empty()) {
        for (std::size_t i = 0; i < profile.keys.size(); ++i) {
            if (profile.keys[i].visible && burst.key(i) == nullptr) {
                return i;
            }
        }
        throw Error(CKR_DEVICE_MEMORY, "every key slot of the card is taken");
    }
    const auto index = profile.key_index(*id);
    require(index.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_ID names no key slot of this card");
    if (!overwrite && burst.key(*index) != nullptr) {
        log::warn(
            "slot {} (CKA_ID {}) holds a key: this card cannot delete it; set \"overwrite\": true in "
            "jeton.json "
            "to let a new key replace it",
            profile.keys[*index].id, to_hex(*id));
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "the key slot is occupied");
    }
    return *index;
}

/// certificate_slot_of_key finds the certificate slot beside the key that the certificate is for.
std::optional<std::size_t> certificate_slot_of_key(card::Burst& burst, const card::Profile& profile,
                                                   const crypto::Certificate& certificate) {
    for (std::size_t i = 0; i < profile.keys.size(); ++i) {
        if (!profile.keys[i].certificate || !burst.key_listed(i)) {
            continue;
        }
        const auto key = burst.key(i);
        if (key != nullptr && certificate.key == key->public_key) {
            return profile.keys[i].certificate;
        }
    }
    return std::nullopt;
}

bool is_certificate_slot(const card::ObjectSlot& slot) {
    return slot.visible && slot.object_class == card::ObjectSlot::Class::certificate;
}

std::size_t choose_certificate_slot(card::Burst& burst, const card::Profile& profile, std::optional<View> id,
                                    const crypto::Certificate& certificate) {
    if (id && !id->empty()) {
        const auto found = std::ranges::find_if(profile.objects, [&](const card::ObjectSlot& slot) {
            return is_certificate_slot(slot) && equal(slot.pkcs11_id, *id);
        });
        require(found != profile.objects.end(), CKR_ATTRIBUTE_VALUE_INVALID,
                "CKA_ID names no certificate of this card");
        return static_cast<std::size_t>(found - profile.objects.begin());
    }
    if (const auto beside = certificate_slot_of_key(burst, profile, certificate)) {
        return *beside;
    }
    for (std::size_t i = 0; i < profile.objects.size(); ++i) {
        if (is_certificate_slot(profile.objects[i]) && burst.object(i) == nullptr) {
            return i;
        }
    }
    throw Error(CKR_DEVICE_MEMORY, "every certificate slot of the card is taken");
}

}  // namespace

KeyPairHandles generate_pair(Module& module, Session& session, const MechanismRow& row,
                             const Template& public_given, const Template& private_given) {
    require_writing(session);
    Token& token = session.token();
    require(token.profile().allow_keygen, CKR_TOKEN_WRITE_PROTECTED,
            "the profile does not allow key generation");
    const bool on_card =
        public_given.flag(CKA_TOKEN).value_or(true) && private_given.flag(CKA_TOKEN).value_or(true);
    require(on_card, CKR_TEMPLATE_INCONSISTENT, "key pairs are made on the card: CKA_TOKEN must be true");
    require(!private_given.flag(CKA_EXTRACTABLE).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "a key on the card is never extractable");
    const card::Applet& applet = token.applet();
    const bool is_rsa = row.scheme == Scheme::rsa_pair;
    const card::KeyType type = is_rsa ? rsa_type(applet, public_given) : ec_type(applet, public_given);
    const auto private_id = private_given.find(CKA_ID);

    card::Burst burst = token.card().begin();
    const std::size_t index =
        choose_key_slot(burst, token.profile(), private_id ? private_id : public_given.find(CKA_ID),
                        module.config().overwrite);
    require_type(token.profile().keys[index], type);
    burst.generate(index, type);
    return {token.refresh_key(index, CKO_PUBLIC_KEY), token.refresh_key(index, CKO_PRIVATE_KEY)};
}

CK_OBJECT_HANDLE write_certificate(Module& module, Session& session, const Template& given) {
    require(given.flag(CKA_TOKEN).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "certificates are written to the card: CKA_TOKEN must be true");
    require_writing(session);
    Token& token = session.token();
    require(token.profile().allow_write, CKR_TOKEN_WRITE_PROTECTED, "the profile does not allow writing");
    require(given.number(CKA_CERTIFICATE_TYPE).value_or(CKC_X_509) == CKC_X_509, CKR_ATTRIBUTE_VALUE_INVALID,
            "certificates are X.509 certificates");
    const View value = required(given, CKA_VALUE);
    const auto certificate = crypto::parse_certificate(value);
    require(certificate.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE is no X.509 certificate");

    card::Burst burst = token.card().begin();
    const std::size_t index =
        choose_certificate_slot(burst, token.profile(), given.find(CKA_ID), *certificate);
    const card::ObjectSlot& slot = token.profile().objects[index];
    require(slot.writable, CKR_TOKEN_WRITE_PROTECTED, "the profile does not let this object be written");
    if (!module.config().overwrite && burst.object(index) != nullptr) {
        log::warn("{} holds a certificate: destroy it first, or set \"overwrite\": true in jeton.json",
                  slot.id);
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "the certificate slot is occupied");
    }
    burst.write_object(index, certificate->der);
    const CK_OBJECT_HANDLE handle = token.refresh_object(index);
    require(handle != CK_INVALID_HANDLE, CKR_DEVICE_ERROR, "the card did not keep the certificate");
    return handle;
}

void erase_certificate(Session& session, const Object& object) {
    require(object.card_object && object.attributes.is_true(CKA_DESTROYABLE), CKR_ACTION_PROHIBITED,
            "the card cannot delete this object");
    require_writing(session);
    Token& token = session.token();
    const card::ObjectSlot& slot = token.profile().objects[*object.card_object];
    require(slot.writable && token.profile().allow_write, CKR_ACTION_PROHIBITED,
            "the profile does not allow this");
    token.card().begin().erase_object(*object.card_object);
    token.refresh_object(*object.card_object);
}

}  // namespace jeton::pkcs11
