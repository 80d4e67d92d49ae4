#include "pkcs11/object_changes.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/card_keys.hpp"
#include "pkcs11/card_objects.hpp"
#include "pkcs11/card_places.hpp"
#include "pkcs11/card_secret_keys.hpp"
#include "pkcs11/session_objects.hpp"

namespace jeton::pkcs11 {

namespace {

bool is_so(const Session& session) {
    return session.token().login() == card::PinRole::so;
}

[[noreturn]] void refuse_change(CK_ATTRIBUTE_TYPE type) {
    throw Error(CKR_ATTRIBUTE_READ_ONLY,
                fmt::format("the card cannot change attribute {:#x} of such an object; of a private key it "
                            "changes CKA_ID, of a data object CKA_VALUE",
                            type));
}

using Types = std::initializer_list<CK_ATTRIBUTE_TYPE>;

void require_changeable(const Template& given, Types types) {
    for (const CK_ATTRIBUTE& item : given.items()) {
        if (std::find(types.begin(), types.end(), item.type) == types.end()) {
            refuse_change(item.type);
        }
    }
}

/// set_names changes an object of a card that keeps the names that applications choose.
void set_names(Session& session, const Object& object, const Template& given) {
    if (const auto* key = std::get_if<CardKey>(&object.key)) {
        require_changeable(given, {CKA_ID, CKA_LABEL});
        rename_key(session, *key, name_in(given));
        return;
    }
    if (const auto* secret = std::get_if<CardSecretKey>(&object.key)) {
        require_changeable(given, {CKA_ID, CKA_LABEL});
        rename_secret_key(session, secret->index, name_in(given));
        return;
    }
    const std::size_t index = object.card_object.value();
    if (object.object_class() == CKO_CERTIFICATE) {
        require_changeable(given, {CKA_ID, CKA_LABEL});
        rename_object(session, index, name_in(given));
        return;
    }
    require_changeable(given, {CKA_LABEL, CKA_APPLICATION, CKA_OBJECT_ID, CKA_VALUE});
    const auto content = given.find(CKA_VALUE);
    if (content) {
        replace_data(session, index, *content);
    }
    if (given.items().size() > (content ? 1U : 0U)) {
        rename_object(session, index, name_in(given));
    }
}

/// set_on_card changes an object on a card with the names of its profile: at most one attribute changes.
void set_on_card(Session& session, const Object& object, const Template& given) {
    const auto* key = std::get_if<CardKey>(&object.key);
    const CK_ATTRIBUTE_TYPE changeable = key != nullptr ? CKA_ID : CKA_VALUE;
    for (const CK_ATTRIBUTE& item : given.items()) {
        if (item.type != changeable) {
            refuse_change(item.type);
        }
    }
    const auto value = given.find(changeable);
    if (!value) {
        return;
    }
    if (key != nullptr) {
        move_key(session, *key, *value);
    } else {
        replace_data(session, object.card_object.value(), *value);
    }
}

/// require_copy_place: copies are session objects.
void require_copy_place(const Session& session, const Object& object, const Template& given) {
    if (!given.flag(CKA_TOKEN).value_or(object.attributes.is_true(CKA_TOKEN))) {
        return;
    }
    require(session.is_read_write(), CKR_SESSION_READ_ONLY, "the card is written in a read-write session");
    throw Error(CKR_TEMPLATE_INCONSISTENT, "copies are session objects: CKA_TOKEN must be given as false");
}

}  // namespace

CK_OBJECT_HANDLE copy_object(Session& session, const Object& object, const Template& given) {
    require(object.attributes.is_true(CKA_COPYABLE), CKR_ACTION_PROHIBITED,
            "CKA_COPYABLE is false: private keys never leave the card");
    check_changes(given, object.attributes, Change::copy, is_so(session));
    require_copy_place(session, object, given);
    Object copy;
    copy.owner = session.handle();
    copy.attributes = object.attributes;
    copy.key = object.key;
    if (!object.is_session_object()) {
        copy.attributes.set_bool(CKA_MODIFIABLE, true).set_bool(CKA_DESTROYABLE, true);
    }
    apply_changes(copy.attributes, given);
    copy.attributes.set_bool(CKA_TOKEN, false).set(CKA_UNIQUE_ID, view_of(unique_session_id()));
    require(!copy.is_private() || session.token().login() == card::PinRole::user, CKR_USER_NOT_LOGGED_IN,
            "a private object needs a login");
    return session.token().add_session_object(std::move(copy));
}

void set_attributes(Session& session, const Object& object, const Template& given) {
    require(object.is_session_object() || session.is_read_write(), CKR_SESSION_READ_ONLY,
            "objects on the card are changed in a read-write session");
    require(object.attributes.is_true(CKA_MODIFIABLE), CKR_ACTION_PROHIBITED,
            "CKA_MODIFIABLE is false: nothing of this object changes");
    check_changes(given, object.attributes, Change::set, is_so(session));
    if (!object.is_session_object()) {
        session.token().applet().discovers() ? set_names(session, object, given)
                                             : set_on_card(session, object, given);
        return;
    }
    Object changed = object;
    apply_changes(changed.attributes, given);
    session.token().replace_session_object(std::move(changed));
}

void destroy_object(Session& session, const Object& object) {
    if (object.is_session_object()) {
        require(object.attributes.is_true(CKA_DESTROYABLE), CKR_ACTION_PROHIBITED,
                "CKA_DESTROYABLE is false");
        session.token().drop_session_object(object.handle);
        return;
    }
    require(session.is_read_write(), CKR_SESSION_READ_ONLY,
            "objects on the card are destroyed in a read-write session");
    const bool destroyable = object.attributes.is_true(CKA_DESTROYABLE);
    require(destroyable || !object.key_pair, CKR_ACTION_PROHIBITED,
            "a public key goes with its private key: destroy that");
    require(destroyable, CKR_ACTION_PROHIBITED, "the profile does not allow this object to be deleted");
    if (const auto* key = std::get_if<CardKey>(&object.key)) {
        erase_key(session, key->index);
    } else if (const auto* secret = std::get_if<CardSecretKey>(&object.key)) {
        erase_secret_key(session, secret->index);
    } else if (object.key_pair) {
        erase_key(session, *object.key_pair);
    } else {
        erase_object(session, object.card_object.value());
    }
}

CK_ULONG object_size(const Object& object) {
    const auto* secret = std::get_if<SecretKey>(&object.key);
    return object.attributes.size() + (secret != nullptr ? secret->value.size() : 0);
}

}  // namespace jeton::pkcs11
