// Token: which objects there may be, by the layout of the card.
#include <algorithm>

#include "pkcs11/object_builder.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// erases_by_public_key: where the security officer is who erases keys, the public half stands for the pair,
/// for the private one is not shown to that officer.
bool Token::erases_by_public_key() const {
    return profile().allow_write && applet().writer() == card::Writer::so_pin;
}

/// look_around makes the layout what is on the card, where only the card can tell that.
void Token::look_around() {
    if (!applet().discovers() || (m_card->discovered() && !m_card->stale())) {
        return;
    }
    m_card->begin().discover();
}

/// follow_layout brings the items up to date with the slots of the card; the caller holds m_mutex.
void Token::follow_layout() {
    auto layout = m_card->layout();
    if (layout == m_layout) {
        return;
    }
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        follow_key(i, layout->keys[i]);
    }
    for (std::size_t i = 0; i < layout->objects.size(); ++i) {
        follow_object(i, layout->objects[i]);
    }
    for (std::size_t i = 0; i < layout->secret_keys.size(); ++i) {
        follow_secret_key(i, layout->secret_keys[i]);
    }
    m_layout = std::move(layout);
}

void Token::follow_key(std::size_t index, const std::shared_ptr<const card::KeySlot>& slot) {
    const bool is_same =
        m_layout != nullptr && index < m_layout->keys.size() && m_layout->keys[index] == slot;
    if (slot->visible && !is_same) {
        put_item(CKO_PRIVATE_KEY, index, slot, expected_private_key(profile(), *slot), false);
        put_item(CKO_PUBLIC_KEY, index, slot, expected_public_key(*slot, erases_by_public_key()), false);
    }
}

void Token::follow_object(std::size_t index, const std::shared_ptr<const card::ObjectSlot>& slot) {
    const bool is_same =
        m_layout != nullptr && index < m_layout->objects.size() && m_layout->objects[index] == slot;
    const bool is_certificate = slot->object_class == card::ObjectSlot::Class::certificate;
    if (slot->visible && !is_same && (is_certificate || profile().expose_data)) {
        put_item(is_certificate ? CKO_CERTIFICATE : CKO_DATA, index, slot, expected_object(profile(), *slot),
                 slot->on_demand);
    }
}

void Token::follow_secret_key(std::size_t index, const std::shared_ptr<const card::SecretKeySlot>& slot) {
    const bool is_same =
        m_layout != nullptr && index < m_layout->secret_keys.size() && m_layout->secret_keys[index] == slot;
    if (!is_same) {
        put_item(CKO_SECRET_KEY, index, slot, expected_secret_key(profile(), *slot), false);
    }
}

/// put_item adds an item, or gives the one that is there another description: its object is made anew then.
void Token::put_item(CK_OBJECT_CLASS object_class, std::size_t index, const std::shared_ptr<const void>& slot,
                     Attributes expected, bool on_demand) {
    const auto found = std::ranges::find_if(
        m_items, [&](const Item& item) { return item.object_class == object_class && item.index == index; });
    if (found == m_items.end()) {
        m_items.push_back({object_class, index, on_demand, slot, std::move(expected), nullptr, nullptr});
        return;
    }
    found->on_demand = on_demand;
    found->slot = slot;
    found->expected = std::move(expected);
    found->source.reset();
}

}  // namespace jeton::pkcs11
