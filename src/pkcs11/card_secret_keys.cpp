#include "pkcs11/card_secret_keys.hpp"

#include <algorithm>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/card_keys.hpp"
#include "pkcs11/card_places.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/session_objects.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

/// What holds for every AES key on a card.
void require_card_secret(const Template& given) {
    require(!given.flag(CKA_EXTRACTABLE).value_or(false) && given.flag(CKA_SENSITIVE).value_or(true),
            CKR_TEMPLATE_INCONSISTENT, "a secret key on the card is sensitive and never extractable");
    require(given.flag(CKA_PRIVATE).value_or(true), CKR_TEMPLATE_INCONSISTENT,
            "the card uses secret keys after a login alone: CKA_PRIVATE must be true");
}

enum class Occupancy { free, taken, unknown };

/// occupancy_of tells whether there is a key in a slot. Where the card has to encrypt something for that, it
/// does so for the user alone.
Occupancy occupancy_of(card::Burst& burst, Token& token, std::size_t index) {
    const auto slot = token.layout()->secret_keys.at(index);
    const bool may_look = slot->presence == card::SecretKeySlot::Presence::declared ||
                          token.login() == card::PinRole::user || token.card().known_secret_key(index);
    if (!may_look) {
        return Occupancy::unknown;
    }
    return burst.secret_key(index) != nullptr ? Occupancy::taken : Occupancy::free;
}

/// with_id finds a slot with |id| that is not free.
std::optional<std::size_t> with_id(card::Burst& burst, Token& token, View id) {
    const auto layout = token.layout();
    for (std::size_t i = 0; i < layout->secret_keys.size(); ++i) {
        if (equal(layout->secret_keys[i]->pkcs11_id, id) &&
            occupancy_of(burst, token, i) != Occupancy::free) {
            return i;
        }
    }
    return std::nullopt;
}

[[noreturn]] void refuse_taken(const card::SecretKeySlot& slot, Occupancy occupancy) {
    const std::string id = to_hex(slot.pkcs11_id);
    if (occupancy == Occupancy::taken) {
        log::warn(
            "there is an AES key with CKA_ID {}: destroy it first, or set \"overwrite\": true in "
            "jeton.json",
            id);
    } else {
        log::warn(
            "the card tells only the user whether it has the AES key with CKA_ID {}: log in as the user "
            "first and look, in this process, or set \"overwrite\": true in jeton.json",
            id);
    }
    throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "there is, or may be, an AES key in this place");
}

/// profile_place is the slot of the profile with |id|, or the first one, that is free or may be overwritten.
std::size_t profile_place(card::Burst& burst, Token& token, View id, bool overwrite) {
    const auto layout = token.layout();
    std::optional<std::size_t> unknown;
    for (std::size_t i = 0; i < layout->secret_keys.size(); ++i) {
        const card::SecretKeySlot& slot = *layout->secret_keys[i];
        if (!id.empty() && !equal(slot.pkcs11_id, id)) {
            continue;
        }
        const Occupancy occupancy = occupancy_of(burst, token, i);
        if (occupancy == Occupancy::free || (overwrite && !id.empty())) {
            return i;
        }
        if (!id.empty()) {
            refuse_taken(slot, occupancy);
        }
        unknown = occupancy == Occupancy::unknown && !unknown ? i : unknown;
    }
    require(unknown.has_value(), id.empty() ? CKR_DEVICE_MEMORY : CKR_ATTRIBUTE_VALUE_INVALID,
            "the card has no free place for an AES key, or none with this CKA_ID");
    if (!overwrite) {
        refuse_taken(*layout->secret_keys[*unknown], Occupancy::unknown);
    }
    return *unknown;
}

std::size_t place_for(card::Burst& burst, Token& token, const card::SecretKeyWish& wish, bool overwrite) {
    burst.discover();
    const Bytes id = wish.name.id.value_or(Bytes{});
    if (!token.applet().discovers()) {
        return profile_place(burst, token, id, overwrite);
    }
    const auto taken = id.empty() ? std::nullopt : with_id(burst, token, id);
    if (taken && !overwrite) {
        refuse_taken(*token.layout()->secret_keys[*taken], Occupancy::taken);
    }
    if (taken) {
        burst.erase_secret_key(*taken);
    }
    return burst.new_secret_key_slot(wish);
}

}  // namespace

CK_OBJECT_HANDLE generate_secret_key(Module& module, Session& session, const Template& given,
                                     std::size_t bytes) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_keygen);
    require_card_secret(given);
    require(token.applet().makes_secret_keys(8 * bytes), CKR_KEY_SIZE_RANGE,
            "the card makes no AES keys of this length");
    card::Burst burst = token.card().begin();
    const std::size_t index = place_for(burst, token, {8 * bytes, name_in(given)}, module.config().overwrite);
    burst.generate_secret_key(index, 8 * bytes);
    return token.refresh_secret_key(index);
}

CK_OBJECT_HANDLE import_secret_key(Module& module, Session& session, const Template& given) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_import);
    require_card_secret(given);
    require(required_number(given, CKA_KEY_TYPE) == CKK_AES, CKR_TEMPLATE_INCONSISTENT,
            "cards keep AES keys alone: leave CKA_TOKEN false for other secrets");
    const SecretBytes value = to_secret(required(given, CKA_VALUE));
    require_value(given, CKA_VALUE_LEN, value.size());
    require(is_secret_length(CKK_AES, value.size()), CKR_ATTRIBUTE_VALUE_INVALID,
            "an AES key has 16, 24 or 32 bytes");
    require(token.applet().takes_secret_keys(8 * value.size()), CKR_TEMPLATE_INCONSISTENT,
            "the card takes no such AES key from outside: generate one on it, or leave CKA_TOKEN false");
    card::Burst burst = token.card().begin();
    const std::size_t index =
        place_for(burst, token, {8 * value.size(), name_in(given)}, module.config().overwrite);
    burst.import_secret_key(index, value);
    return token.refresh_secret_key(index);
}

void erase_secret_key(Session& session, std::size_t index) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    token.card().begin().erase_secret_key(index);
    token.refresh_secret_key(index);
}

void rename_secret_key(Session& session, std::size_t index, const card::Name& name) {
    Token& token = session.token();
    require_writing(session, token.profile().allow_write);
    card::Burst burst = token.card().begin();
    const auto taken = name.id ? with_id(burst, token, *name.id) : std::nullopt;
    require(!taken || *taken == index, CKR_ATTRIBUTE_VALUE_INVALID, "another secret key has this CKA_ID");
    burst.rename_secret_key(index, name);
    token.note_changed_secret_key(index);
}

}  // namespace jeton::pkcs11
