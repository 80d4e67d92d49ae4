#include "pkcs11/card_places.hpp"

#include <algorithm>

#include "card/key_type.hpp"
#include "pkcs11/error.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

using Class = card::ObjectSlot::Class;

std::string text_of(View value) {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

/// key_where finds a key that is on the card and whose slot fulfils |condition|.
template <typename Condition>
std::optional<std::size_t> key_where(card::Burst& burst, const card::Card& card, Condition condition) {
    const auto layout = card.layout();
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        if (layout->keys[i]->visible && condition(*layout->keys[i]) && burst.key(i) != nullptr) {
            return i;
        }
    }
    return std::nullopt;
}

/// object_where finds an object of one class that is on the card.
template <typename Condition>
std::optional<std::size_t> object_where(card::Burst& burst, const card::Card& card, Class object_class,
                                        Condition condition) {
    const auto layout = card.layout();
    for (std::size_t i = 0; i < layout->objects.size(); ++i) {
        const card::ObjectSlot& slot = *layout->objects[i];
        if (slot.visible && slot.object_class == object_class && condition(slot) &&
            burst.object(i) != nullptr) {
            return i;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> key_of_id(card::Burst& burst, const card::Card& card, View id) {
    return key_where(burst, card, [&](const card::KeySlot& slot) { return equal(slot.pkcs11_id, id); });
}

/// key_of_certificate finds the key that the certificate is for.
std::optional<std::size_t> key_of_certificate(card::Burst& burst, const card::Card& card,
                                              const crypto::Certificate& certificate) {
    const auto layout = card.layout();
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        const auto key = layout->keys[i]->visible ? burst.key(i) : nullptr;
        if (key != nullptr && certificate.key == key->public_key) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace

card::Name name_in(const Template& given) {
    card::Name name;
    if (const auto id = given.find(CKA_ID)) {
        name.id = to_bytes(*id);
    }
    if (const auto label = given.find(CKA_LABEL)) {
        name.label = text_of(*label);
    }
    if (const auto application = given.find(CKA_APPLICATION)) {
        name.application = text_of(*application);
    }
    if (const auto oid = given.find(CKA_OBJECT_ID)) {
        name.oid = to_bytes(*oid);
    }
    return name;
}

std::size_t new_key_place(card::Burst& burst, const card::Card& card, const card::KeyWish& wish,
                          bool overwrite) {
    burst.discover();
    const Bytes id = wish.name.id.value_or(Bytes{});
    const auto taken = id.empty() ? std::nullopt : key_of_id(burst, card, id);
    if (taken && !overwrite) {
        log::warn("there is a key with CKA_ID {}: destroy it first, or set \"overwrite\": true in jeton.json",
                  to_hex(id));
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "a private key has this CKA_ID already");
    }
    if (taken) {
        burst.erase_key(*taken);
    }
    return burst.new_key_slot(wish);
}

std::size_t new_certificate_place(card::Burst& burst, const card::Card& card, const Template& given,
                                  const crypto::Certificate& certificate) {
    burst.discover();
    card::ObjectWish wish{Class::certificate, name_in(given), false};
    const bool named = wish.name.id && !wish.name.id->empty();
    const auto key =
        named ? key_of_id(burst, card, *wish.name.id) : key_of_certificate(burst, card, certificate);
    if (key) {
        require(certificate.key == burst.key(*key)->public_key, CKR_ATTRIBUTE_VALUE_INVALID,
                "the key with this CKA_ID is not the one that the certificate is for");
        return card.layout()->keys[*key]->certificate.value();
    }
    const auto present = object_where(burst, card, Class::certificate, [&](const card::ObjectSlot& slot) {
        return named && equal(slot.pkcs11_id, *wish.name.id);
    });
    if (present) {
        return *present;
    }
    if (!named && certificate.key) {
        wish.name.id = card::key_identifier(*certificate.key);
    }
    return burst.new_object_slot(wish);
}

std::size_t new_data_place(card::Burst& burst, const card::Card& card, const Template& given) {
    burst.discover();
    const card::ObjectWish wish{Class::data, name_in(given), given.flag(CKA_PRIVATE).value_or(false)};
    const auto present = object_where(burst, card, Class::data, [&](const card::ObjectSlot& slot) {
        return slot.label == wish.name.label.value_or("") &&
               slot.application == wish.name.application.value_or("") &&
               slot.oid == wish.name.oid.value_or(Bytes{});
    });
    return present ? *present : burst.new_object_slot(wish);
}

}  // namespace jeton::pkcs11
