#include "pkcs11/card_keys.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/card_places.hpp"
#include "pkcs11/key_material.hpp"
#include "pkcs11/key_policy.hpp"
#include "pkcs11/mechanisms.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

using card::Primitive;

constexpr std::array primitives{Primitive::rsa_raw, Primitive::rsa_pkcs1, Primitive::ecdsa, Primitive::ecdh,
                                Primitive::eddsa};

bool takes(const card::Applet& applet, card::KeyType type) {
    return std::ranges::any_of(primitives, [&](Primitive it) { return applet.offers(it, type); });
}

/// is_useful tells whether a key of |type| could do anything in |slot|.
bool is_useful(const card::KeySlot& slot, card::KeyType type) {
    const auto okp = card::okp_of(type);
    const bool signs = !okp || crypto::okp_facts(*okp).signature_bytes != 0;
    const bool agrees = okp ? crypto::okp_facts(*okp).shared_bytes != 0 : !card::rsa_bits(type);
    return (slot.sign && signs) || (slot.decrypt && card::rsa_bits(type)) || (slot.derive && agrees);
}

std::size_t first_free_slot(card::Burst& burst, const card::Profile& profile, card::KeyType type) {
    for (std::size_t i = 0; i < profile.keys.size(); ++i) {
        const card::KeySlot& slot = profile.keys[i];
        if (slot.visible && slot.takes(type) && is_useful(slot, type) && burst.key(i) == nullptr) {
            return i;
        }
    }
    throw Error(CKR_DEVICE_MEMORY, "every key slot of the card that takes such a key is taken");
}

std::size_t slot_of_id(const card::Profile& profile, View id) {
    const auto index = profile.key_index(id);
    require(index.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_ID names no key slot of this card");
    return *index;
}

/// choose_key_slot follows CKA_ID, or finds the first slot without a key.
std::size_t choose_profile_slot(card::Burst& burst, const card::Profile& profile, std::optional<View> id,
                                card::KeyType type, bool overwrite) {
    if (!id || id->empty()) {
        return first_free_slot(burst, profile, type);
    }
    const std::size_t index = slot_of_id(profile, *id);
    require(profile.keys[index].takes(type), CKR_ATTRIBUTE_VALUE_INVALID,
            "the slot of this CKA_ID does not take such keys");
    if (!overwrite && burst.key(index) != nullptr) {
        log::warn(
            "slot {} (CKA_ID {}) holds a key: destroy it first or, on a card that cannot delete keys, set "
            "\"overwrite\": true in jeton.json to let a new key replace it",
            profile.keys[index].id, to_hex(*id));
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "the key slot is occupied");
    }
    return index;
}

/// choose_key_slot finds the place of a new key: one of the profile or, on a card that keeps any number of
/// keys, a new one.
std::size_t choose_key_slot(card::Burst& burst, Token& token, const card::KeyWish& wish, bool overwrite) {
    if (token.applet().discovers()) {
        return new_key_place(burst, token.card(), wish, overwrite);
    }
    return choose_profile_slot(burst, token.profile(), wish.name.id, wish.type, overwrite);
}

/// What holds for every private key on a card.
void require_card_key(const Template& given) {
    require(!given.flag(CKA_EXTRACTABLE).value_or(false) && given.flag(CKA_SENSITIVE).value_or(true),
            CKR_TEMPLATE_INCONSISTENT, "a private key on the card is sensitive and never extractable");
}

}  // namespace

void require_writing(const Session& session, bool allowed) {
    require(allowed, CKR_TOKEN_WRITE_PROTECTED, "the profile does not allow this");
    require(session.is_read_write(), CKR_SESSION_READ_ONLY, "the card is written in a read-write session");
    require(session.token().login().has_value(), CKR_USER_NOT_LOGGED_IN, "writing to the card needs a login");
}

KeyPairHandles generate_pair(Module& module, Session& session, CK_KEY_TYPE type, const Template& public_given,
                             const Template& private_given) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_keygen);
    const bool on_card =
        public_given.flag(CKA_TOKEN).value_or(true) && private_given.flag(CKA_TOKEN).value_or(true);
    require(on_card, CKR_TEMPLATE_INCONSISTENT, "key pairs are made on the card: CKA_TOKEN must be true");
    require_card_key(private_given);
    const card::KeyType asked = asked_type(public_given, type);
    require(card::may_generate(asked) && takes(token.applet(), asked),
            type == CKK_RSA ? CKR_KEY_SIZE_RANGE : CKR_CURVE_NOT_SUPPORTED,
            "the card makes no keys of this size or curve");
    card::Name name = name_in(private_given);
    const card::Name public_name = name_in(public_given);
    name.id = name.id ? name.id : public_name.id;
    name.label = name.label ? name.label : public_name.label;

    card::Burst burst = token.card().begin();
    const std::size_t index = choose_key_slot(burst, token, {asked, name}, module.config().overwrite);
    burst.generate(index, asked, policy_in(private_given, token.applet(), *token.layout()->keys[index]));
    return {token.refresh_key(index, CKO_PUBLIC_KEY), token.refresh_key(index, CKO_PRIVATE_KEY)};
}

CK_OBJECT_HANDLE import_private_key(Module& module, Session& session, const Template& given) {
    require(given.flag(CKA_TOKEN).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "private keys live on the card alone: CKA_TOKEN must be true");
    Token& token = session.token();
    require_writing(session, token.profile().allow_import);
    require_card_key(given);
    const CK_KEY_TYPE type = required_number(given, CKA_KEY_TYPE);
    const GivenPrivateKey key = private_key_in(given, type);
    require(takes(token.applet(), key.type),
            type == CKK_RSA ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_CURVE_NOT_SUPPORTED,
            "the card takes no keys of this size or curve");

    card::Burst burst = token.card().begin();
    const std::size_t index =
        choose_key_slot(burst, token, {key.type, name_in(given)}, module.config().overwrite);
    burst.import_key(index, key.parts, policy_in(given, token.applet(), *token.layout()->keys[index]));
    return token.refresh_key(index, CKO_PRIVATE_KEY);
}

CK_OBJECT_HANDLE find_public_key(Session& session, const Template& given) {
    Token& token = session.token();
    const card::Profile& profile = token.profile();
    require_writing(session, profile.allow_import || profile.allow_keygen);
    const crypto::PublicKey wanted = public_key_in(given, required_number(given, CKA_KEY_TYPE));
    const View id = given.find(CKA_ID).value_or(View{});
    if (!id.empty() && !token.applet().discovers()) {
        slot_of_id(profile, id);
    }
    card::Burst burst = token.card().begin();
    burst.discover();
    const auto layout = token.layout();
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        const card::KeySlot& slot = *layout->keys[i];
        const bool candidate = id.empty() ? burst.key_listed(i) : slot.visible && equal(slot.pkcs11_id, id);
        const auto key = candidate ? burst.key(i) : nullptr;
        if (key != nullptr && key->public_key == wanted) {
            return token.refresh_key(i, CKO_PUBLIC_KEY);
        }
    }
    throw Error(
        CKR_ATTRIBUTE_VALUE_INVALID,
        "a card keeps a public key with its private key alone, which is not there: generate or import "
        "the pair first, or leave CKA_TOKEN false");
}

void erase_key(Session& session, std::size_t index) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    token.card().begin().erase_key(index);
    token.refresh_key(index, CKO_PRIVATE_KEY);
    if (const auto certificate = token.layout()->keys[index]->certificate) {
        token.refresh_object(*certificate);
    }
}

void rename_key(Session& session, const CardKey& key, const card::Name& name) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    card::Burst burst = token.card().begin();
    const auto layout = token.layout();
    for (std::size_t i = 0; name.id && i < layout->keys.size(); ++i) {
        const bool is_taken = i != key.index && layout->keys[i]->pkcs11_id == *name.id && !name.id->empty() &&
                              burst.key(i) != nullptr;
        require(!is_taken, CKR_ATTRIBUTE_VALUE_INVALID, "another private key has this CKA_ID");
    }
    burst.rename_key(key.index, name);
    token.note_changed_key(key.index);
    if (const auto certificate = layout->keys[key.index]->certificate) {
        token.note_changed_object(*certificate);
    }
}

void move_key(Session& session, const CardKey& key, View id) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    const std::size_t target = slot_of_id(token.profile(), id);
    if (target == key.index) {
        return;
    }
    card::Burst burst = token.card().begin();
    require(burst.key(target) == nullptr, CKR_ATTRIBUTE_VALUE_INVALID, "the slot of this CKA_ID holds a key");
    burst.move_key(key.index, target);
    token.note_moved_key(key.index, target);
}

}  // namespace jeton::pkcs11
