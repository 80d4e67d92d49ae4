// Burst: what is on a card whose keys and objects are not those of its profile, and how they are called.
#include <fmt/core.h>

#include "card/card_state.hpp"

namespace jeton::card {

namespace {

/// take puts what |name| has into the slot.
void take(KeySlot& slot, const Name& name) {
    slot.pkcs11_id = name.id.value_or(slot.pkcs11_id);
    slot.label = name.label.value_or(slot.label);
    slot.public_label = slot.label;
}

void take(ObjectSlot& slot, const Name& name) {
    slot.pkcs11_id = name.id.value_or(slot.pkcs11_id);
    slot.label = name.label.value_or(slot.label);
    slot.application = name.application.value_or(slot.application);
    slot.oid = name.oid.value_or(slot.oid);
}

void require_named(bool named_on_card, const std::string& id) {
    if (!named_on_card) {
        throw Error(Error::Kind::unsupported, Verb::write,
                    fmt::format("{} has its name from the profile", id));
    }
}

}  // namespace

void Burst::State::discover() {
    if (!card.applet->discovers() || card.memory.discovered()) {
        return;
    }
    card.memory.set_discovered(with_selection([&] {
        LayoutDraft draft = card.memory.draft();
        card.applet->discover(card.channel, draft);
        return draft;
    }));
}

/// note_name brings the certificate slot beside a key up to date: it has the key's id and label.
void Burst::State::note_name(const KeySlot& slot) {
    if (!slot.certificate) {
        return;
    }
    ObjectSlot beside = *card.object_slot(*slot.certificate);
    beside.pkcs11_id = slot.pkcs11_id;
    beside.label = slot.label;
    card.memory.set_object_slot(*slot.certificate, std::move(beside));
}

void Burst::State::describe_key(std::size_t index, const KeySlot& slot, const crypto::PublicKey& public_key) {
    KeySlot described = card.applet->describe_key(card.channel, slot, public_key);
    note_name(described);
    card.memory.set_key_slot(index, std::move(described));
}

void Burst::discover() {
    m_state->run([&] { m_state->discover(); });
}

bool Burst::holds_key_or_certificate() {
    discover();
    const auto layout = m_state->card.memory.layout();
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        if (key_listed(i) && key(i) != nullptr) {
            return true;
        }
    }
    for (std::size_t i = 0; i < layout->objects.size(); ++i) {
        const ObjectSlot& slot = *layout->objects[i];
        const bool counts = slot.object_class == ObjectSlot::Class::certificate && !slot.read_pin;
        if (counts && object_listed(i) && object(i) != nullptr) {
            return true;
        }
    }
    return false;
}

std::size_t Burst::new_key_slot(const KeyWish& wish) {
    return m_state->run([&] {
        m_state->discover();
        LayoutDraft draft = m_state->card.memory.draft();
        const std::size_t index = m_state->card.applet->new_key_slot(draft, wish);
        m_state->card.memory.set_planned(draft);
        return index;
    });
}

std::size_t Burst::new_object_slot(const ObjectWish& wish) {
    return m_state->run([&] {
        m_state->discover();
        LayoutDraft draft = m_state->card.memory.draft();
        const std::size_t index = m_state->card.applet->new_object_slot(draft, wish);
        m_state->card.memory.set_planned(draft);
        return index;
    });
}

void Burst::rename_key(std::size_t key, const Name& name) {
    m_state->run([&] {
        KeySlot slot = *m_state->card.key_slot(key);
        require_named(slot.named_on_card, slot.id);
        const auto entry = m_state->key(key);
        if (!entry) {
            throw Error(Verb::write, sw::reference_not_found,
                        fmt::format("there is no key {} on the card", slot.id));
        }
        take(slot, name);
        m_state->as_writer(std::nullopt, [&] { m_state->describe_key(key, slot, entry->public_key); });
        m_state->card.memory.changed();
    });
}

void Burst::rename_object(std::size_t object, const Name& name) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        ObjectSlot slot = *card.object_slot(object);
        require_named(slot.named_on_card, slot.id);
        take(slot, name);
        m_state->as_writer(std::nullopt, [&] {
            card.memory.set_object_slot(object, card.applet->describe_object(card.channel, slot));
        });
        card.memory.changed();
    });
}

}  // namespace jeton::card
