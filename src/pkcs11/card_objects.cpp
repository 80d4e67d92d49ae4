#include "pkcs11/card_objects.hpp"

#include <algorithm>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/card_keys.hpp"
#include "pkcs11/card_places.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::pkcs11 {

namespace {

using Class = card::ObjectSlot::Class;

constexpr std::uint32_t der_object_identifier = 0x06;

/// index_where finds the first object slot of a class that fulfils |condition|.
template <typename Condition>
std::optional<std::size_t> index_where(const card::Profile& profile, Class object_class,
                                       Condition condition) {
    const auto found = std::ranges::find_if(profile.objects, [&](const card::ObjectSlot& slot) {
        return slot.visible && slot.object_class == object_class && condition(slot);
    });
    return found == profile.objects.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - profile.objects.begin()));
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

std::size_t choose_certificate_slot(card::Burst& burst, const card::Profile& profile, std::optional<View> id,
                                    const crypto::Certificate& certificate) {
    if (id && !id->empty()) {
        const auto named = index_where(profile, Class::certificate, [&](const card::ObjectSlot& slot) {
            return !slot.on_demand && equal(slot.pkcs11_id, *id);
        });
        require(named.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_ID names no certificate of this card");
        return *named;
    }
    if (const auto beside = certificate_slot_of_key(burst, profile, certificate)) {
        return *beside;
    }
    for (std::size_t i = 0; i < profile.objects.size(); ++i) {
        const card::ObjectSlot& slot = profile.objects[i];
        if (slot.visible && slot.writable && !slot.on_demand && slot.object_class == Class::certificate &&
            burst.object(i) == nullptr) {
            return i;
        }
    }
    throw Error(CKR_DEVICE_MEMORY, "every certificate slot of the card is taken");
}

/// is_named tells whether |given| is the object identifier |der|, whole or, as some tools write it, without
/// its header.
bool is_named(View der, View given) {
    const auto bare = find_tlv(der, der_object_identifier);
    return equal(der, given) || (bare && equal(*bare, given));
}

std::size_t choose_data_slot(const card::Profile& profile, const Template& given) {
    const auto oid = given.find(CKA_OBJECT_ID).value_or(View{});
    const auto label = given.find(CKA_LABEL).value_or(View{});
    const auto application = given.find(CKA_APPLICATION).value_or(View{});
    require(!oid.empty() || !label.empty() || !application.empty(), CKR_TEMPLATE_INCOMPLETE,
            "CKA_OBJECT_ID, CKA_LABEL or CKA_APPLICATION says which data object of the card is meant");
    const auto index = index_where(profile, Class::data, [&](const card::ObjectSlot& slot) {
        if (!oid.empty()) {
            return is_named(slot.oid, oid);
        }
        return label.empty() ? equal(view_of(slot.application), application)
                             : equal(view_of(slot.label), label);
    });
    require(index.has_value() && profile.expose_data, CKR_ATTRIBUTE_VALUE_INVALID,
            "the card has no such data object; docs/piv.md has the list");
    return *index;
}

/// write checks that the object may be written and, unless it is meant to be replaced, is not there yet.
CK_OBJECT_HANDLE write(Module& module, Token& token, card::Burst& burst, std::size_t index, View content) {
    const auto held = token.layout();
    const card::ObjectSlot& slot = *held->objects[index];
    require(slot.writable, CKR_TOKEN_WRITE_PROTECTED, "the profile does not let this object be written");
    if (!module.config().overwrite && burst.object(index) != nullptr) {
        log::warn("{} is occupied: destroy it first, or set \"overwrite\": true in jeton.json", slot.id);
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "there is such an object on the card already");
    }
    burst.write_object(index, content);
    const CK_OBJECT_HANDLE handle = token.refresh_object(index);
    require(handle != CK_INVALID_HANDLE, CKR_DEVICE_ERROR, "the card did not keep the object");
    return handle;
}

void require_content(View content) {
    require(!content.empty(), CKR_ATTRIBUTE_VALUE_INVALID,
            "the card keeps no empty objects: destroy the object instead");
}

}  // namespace

CK_OBJECT_HANDLE write_certificate(Module& module, Session& session, const Template& given) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    require(given.number(CKA_CERTIFICATE_TYPE).value_or(CKC_X_509) == CKC_X_509, CKR_ATTRIBUTE_VALUE_INVALID,
            "certificates are X.509 certificates");
    const auto certificate = crypto::parse_certificate(required(given, CKA_VALUE));
    require(certificate.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE is no X.509 certificate");
    card::Burst burst = token.card().begin();
    const std::size_t index =
        token.applet().discovers()
            ? new_certificate_place(burst, token.card(), given, *certificate)
            : choose_certificate_slot(burst, token.profile(), given.find(CKA_ID), *certificate);
    return write(module, token, burst, index, certificate->der);
}

CK_OBJECT_HANDLE write_data(Module& module, Session& session, const Template& given) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    const View content = required(given, CKA_VALUE);
    require_content(content);
    if (token.applet().discovers()) {
        card::Burst burst = token.card().begin();
        return write(module, token, burst, new_data_place(burst, token.card(), given), content);
    }
    const std::size_t index = choose_data_slot(token.profile(), given);
    const bool guarded = token.layout()->objects[index]->read_pin.has_value();
    require(guarded || !given.flag(CKA_PRIVATE).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "the card shows this object to everybody: CKA_PRIVATE cannot be true");
    card::Burst burst = token.card().begin();
    return write(module, token, burst, index, content);
}

void replace_data(Session& session, std::size_t index, View content) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    require_content(content);
    token.card().begin().write_object(index, content);
    token.note_changed_object(index);
}

void rename_object(Session& session, std::size_t index, const card::Name& name) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    token.card().begin().rename_object(index, name);
    token.note_changed_object(index);
}

void erase_object(Session& session, std::size_t index) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    token.card().begin().erase_object(index);
    token.refresh_object(index);
}

}  // namespace jeton::pkcs11
