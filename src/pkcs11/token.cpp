#include "pkcs11/token.hpp"

#include <algorithm>

#include "pkcs11/error.hpp"
#include "pkcs11/object_builder.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

Token::Token(CK_SLOT_ID slot_id, std::unique_ptr<card::Card> card)
    : m_slot_id(slot_id), m_card(std::move(card)) {
    follow_layout();
    Object claim;
    claim.attributes = profile_object(CKP_PUBLIC_CERTIFICATES_TOKEN);
    claim.handle = new_handle();
    const Attributes expected = claim.attributes;
    m_items.push_back(
        {CKO_PROFILE, 0, false, nullptr, expected, nullptr, std::make_shared<Object>(std::move(claim))});
}

void Token::log_in(card::PinRole role, std::optional<View> pin) {
    if (const auto present = login()) {
        const bool same = (*present == card::PinRole::user) == (role == card::PinRole::user);
        throw Error(same ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
                    "somebody is logged in");
    }
    card::Burst burst = m_card->begin();
    if (pin) {
        burst.login(role, *pin);
    } else {
        burst.login_on_pad();
    }
}

void Token::log_out() {
    require(login().has_value(), CKR_USER_NOT_LOGGED_IN, "nobody is logged in");
    forget_private();
    try {
        m_card->log_out(card::Card::Ending::command);
    } catch (...) {
        m_card->forget_login();
        throw;
    }
}

void Token::end_login() noexcept {
    try {
        forget_private();
        if (login() && alive()) {
            m_card->log_out(card::Card::Ending::reset);
        }
    } catch (const std::exception& error) {
        m_card->forget_login();
        log::info("the card could not be told that the last session ended: {}", error.what());
    }
}

void Token::forget_private() {
    const std::lock_guard lock(m_mutex);
    for (Item& item : m_items) {
        if (item.object != nullptr && item.object->is_private()) {
            item.object.reset();
            item.source.reset();
        }
    }
    std::erase_if(m_session_objects, [](const auto& entry) { return entry.second->is_private(); });
}

bool Token::may_show(const Item& item) const {
    return !item.expected.is_true(CKA_PRIVATE) || login() == card::PinRole::user;
}

bool Token::may_match(const Item& item, const Template& wanted) const {
    if (item.on_demand && !wanted.find(CKA_LABEL)) {
        return false;
    }
    return std::ranges::all_of(wanted.items(), [&](const CK_ATTRIBUTE& attribute) {
        const auto expected = item.expected.find(attribute.type);
        return !expected || equal(*expected, Template::value_of(attribute));
    });
}

std::vector<Token::Item*> Token::candidates(const Template& wanted) {
    std::vector<Item*> out;
    const std::lock_guard lock(m_mutex);
    follow_layout();
    for (Item& item : m_items) {
        if (may_show(item) && may_match(item, wanted)) {
            out.push_back(&item);
        }
    }
    return out;
}

std::vector<CK_OBJECT_HANDLE> Token::search(const Template& wanted) {
    look_around();
    const std::vector<Item*> expected = candidates(wanted);
    const bool names_one = wanted.find(CKA_ID) || wanted.find(CKA_LABEL) || wanted.find(CKA_OBJECT_ID);
    load(expected, !names_one);

    std::vector<CK_OBJECT_HANDLE> found;
    const std::lock_guard lock(m_mutex);
    for (Item* item : expected) {
        refresh(*item);
        if (item->object != nullptr && item->object->matches(wanted)) {
            found.push_back(item->object->handle);
        }
    }
    for (const auto& [handle, object] : m_session_objects) {
        const bool visible = !object->is_private() || login() == card::PinRole::user;
        if (visible && object->matches(wanted)) {
            found.push_back(handle);
        }
    }
    return found;
}

/// known is what the card layer remembers of the item's slot; nullopt: it was not read yet.
std::optional<std::shared_ptr<const void>> Token::known(const Item& item) const {
    if (item.is_key()) {
        return m_card->known_key(item.index);
    }
    if (item.is_secret_key()) {
        return m_card->known_secret_key(item.index);
    }
    return m_card->known_object(item.index);
}

void Token::load(const std::vector<Item*>& items, bool listing) {
    std::optional<card::Burst> burst;
    if (m_card->stale()) {
        burst.emplace(m_card->begin());
    }
    for (const Item* item : items) {
        if (item->object_class == CKO_PROFILE) {
            continue;
        }
        if (known(*item)) {
            continue;
        }
        if (!burst) {
            burst.emplace(m_card->begin());
        }
        try {
            look_at(*burst, *item, listing);
        } catch (const card::Error& error) {
            if (error.status() != card::sw::security_status) {
                throw;
            }
            log::info("not visible now: {}", error.what());  // and looked at again at the next search
        }
    }
}

/// look_at makes the card layer know the object; for a listing only where the card lists it.
void Token::look_at(card::Burst& burst, const Item& item, bool listing) {
    if (item.is_secret_key()) {
        burst.secret_key(item.index);
    } else if (item.is_key() && (!listing || burst.key_listed(item.index))) {
        burst.key(item.index);
    } else if (item.is_object() && (!listing || burst.object_listed(item.index))) {
        burst.object(item.index);
    }
}

/// refresh brings |item| up to date. What was replaced gets a new handle, unless |kept_handle| is given.
void Token::refresh(Item& item, CK_OBJECT_HANDLE kept_handle) {
    if (item.object_class == CKO_PROFILE) {
        return;
    }
    std::shared_ptr<const void> source = known(item).value_or(nullptr);
    if (source == nullptr) {
        item.object.reset();
    } else if (source != item.source || item.object == nullptr) {
        const auto fresh = build(item);
        const bool changed = item.object == nullptr || item.object->attributes != fresh->attributes;
        if (changed) {
            fresh->handle = kept_handle != CK_INVALID_HANDLE ? kept_handle : new_handle();
            item.object = fresh;
        }
    }
    item.source = std::move(source);
}

std::shared_ptr<Object> Token::build(const Item& item) {
    const auto layout = m_card->layout();
    auto object = std::make_shared<Object>();
    object->attributes = item.expected;
    std::string id;
    if (item.is_key()) {
        const card::KeySlot& slot = *layout->keys[item.index];
        id = slot.named_on_card ? slot.id : std::to_string(item.index);
        build_key(*object, item, slot);
    } else if (item.is_secret_key()) {
        id = layout->secret_keys[item.index]->id;
        add_secret_key(object->attributes, *m_card, item.index, **m_card->known_secret_key(item.index));
        object->key = CardSecretKey{item.index};
    } else {
        const card::ObjectSlot& slot = *layout->objects[item.index];
        id = slot.named_on_card ? slot.id : std::to_string(item.index);
        add_object(object->attributes, **m_card->known_object(item.index));
        object->card_object = item.index;
    }
    object->attributes.set(CKA_UNIQUE_ID, view_of(unique_id(m_card->serial(), item.object_class, id)));
    return object;
}

void Token::build_key(Object& object, const Item& item, const card::KeySlot& slot) {
    const auto entry = *m_card->known_key(item.index);
    std::shared_ptr<const card::ObjectEntry> certificate;
    if (slot.certificate) {
        certificate = m_card->known_object(*slot.certificate).value_or(nullptr);
    }
    if (item.object_class == CKO_PRIVATE_KEY) {
        add_private_key(object.attributes, m_card->applet(), slot, *entry);
        object.key = CardKey{item.index, entry->public_key, entry->always_authenticate};
    } else {
        add_public_key(object.attributes, m_card->applet(), slot, *entry);
        object.key = entry->public_key;
        object.key_pair = item.index;
    }
    if (certificate != nullptr && certificate->certificate) {
        object.attributes.set(CKA_SUBJECT, certificate->certificate->subject);
    }
}

std::shared_ptr<const Object> Token::object(CK_OBJECT_HANDLE handle, CK_RV missing) {
    const std::lock_guard lock(m_mutex);
    std::shared_ptr<const Object> found;
    if (const auto at = m_session_objects.find(handle); at != m_session_objects.end()) {
        found = at->second;
    }
    for (const Item& item : m_items) {
        if (item.object != nullptr && item.object->handle == handle) {
            found = item.object;
        }
    }
    const bool visible = found != nullptr && (!found->is_private() || login() == card::PinRole::user);
    require(visible, missing, "no such object");
    return found;
}

CK_OBJECT_HANDLE Token::add_session_object(Object object) {
    object.handle = new_handle();
    const CK_OBJECT_HANDLE handle = object.handle;
    const std::lock_guard lock(m_mutex);
    m_session_objects.emplace(handle, std::make_shared<Object>(std::move(object)));
    return handle;
}

bool Token::drop_session_object(CK_OBJECT_HANDLE handle) {
    const std::lock_guard lock(m_mutex);
    return m_session_objects.erase(handle) != 0;
}

void Token::replace_session_object(Object object) {
    const std::lock_guard lock(m_mutex);
    const auto found = m_session_objects.find(object.handle);
    require(found != m_session_objects.end(), CKR_OBJECT_HANDLE_INVALID, "no such object");
    found->second = std::make_shared<Object>(std::move(object));
}

void Token::drop_session_objects(CK_SESSION_HANDLE owner) {
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_session_objects, [&](const auto& entry) { return entry.second->owner == owner; });
}

CK_OBJECT_HANDLE Token::refresh_key(std::size_t index, CK_OBJECT_CLASS object_class) {
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    const std::lock_guard lock(m_mutex);
    follow_layout();
    for (Item& item : m_items) {
        if (item.is_key() && item.index == index) {
            refresh(item);
            if (item.object_class == object_class && item.object != nullptr) {
                handle = item.object->handle;
            }
        }
    }
    return handle;
}

/// refresh_where refreshes the first item that fulfils |condition|, and gives its handle.
template <typename Condition>
CK_OBJECT_HANDLE Token::refresh_where(Condition&& condition) {
    const std::lock_guard lock(m_mutex);
    follow_layout();
    const auto found = std::ranges::find_if(m_items, condition);
    if (found == m_items.end()) {
        return CK_INVALID_HANDLE;
    }
    refresh(*found);
    return found->object != nullptr ? found->object->handle : CK_INVALID_HANDLE;
}

CK_OBJECT_HANDLE Token::refresh_object(std::size_t index) {
    return refresh_where([&](const Item& item) { return item.is_object() && item.index == index; });
}

CK_OBJECT_HANDLE Token::refresh_secret_key(std::size_t index) {
    return refresh_where([&](const Item& item) { return item.is_secret_key() && item.index == index; });
}

void Token::note_moved_key(std::size_t from, std::size_t to) {
    const std::lock_guard lock(m_mutex);
    follow_layout();
    for (Item& source : m_items) {
        if (!source.is_key() || source.index != from) {
            continue;
        }
        const CK_OBJECT_HANDLE handle = source.object != nullptr ? source.object->handle : CK_INVALID_HANDLE;
        refresh(source);
        for (Item& target : m_items) {
            if (target.object_class == source.object_class && target.index == to) {
                refresh(target, handle);
            }
        }
    }
}

/// note_changed refreshes the items that fulfil |condition|, under the handles that they have.
template <typename Condition>
void Token::note_changed(Condition&& condition) {
    const std::lock_guard lock(m_mutex);
    follow_layout();
    for (Item& item : m_items) {
        if (condition(item)) {
            refresh(item, item.object != nullptr ? item.object->handle : CK_INVALID_HANDLE);
        }
    }
}

void Token::note_changed_key(std::size_t index) {
    note_changed([&](const Item& item) { return item.is_key() && item.index == index; });
}

void Token::note_changed_object(std::size_t index) {
    note_changed([&](const Item& item) { return item.is_object() && item.index == index; });
}

void Token::note_changed_secret_key(std::size_t index) {
    note_changed([&](const Item& item) { return item.is_secret_key() && item.index == index; });
}

}  // namespace jeton::pkcs11
