// Burst: what changes objects on the card. All of it needs the management key.
#include <fmt/core.h>

#include "card/card_state.hpp"

namespace jeton::card {

/// check_identity ends this Card when what was written made another card of it (its serial number is an
/// object too).
void Burst::State::check_identity() {
    if (card.applet->read_serial(card.channel) != card.serial) {
        card.die();
    }
}

/// note_written brings the memory up to date after the object was replaced, or erased (nullptr).
void Burst::State::note_written(std::size_t object, std::shared_ptr<const ObjectEntry> entry) {
    Memory& memory = card.memory;
    const auto& keys = card.profile().keys;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].certificate != object) {
            continue;
        }
        const auto known = memory.key(i);
        const bool fits =
            known && *known && entry && entry->certificate && entry->certificate->key == (*known)->public_key;
        if (!fits) {
            memory.set_key(i, std::nullopt);
        }
    }
    memory.set_object(object, std::move(entry));
    memory.set_label(std::nullopt);
    memory.changed();
}

std::shared_ptr<const KeyEntry> Burst::generate(std::size_t key, KeyType type) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        const KeySlot& slot = card.profile().keys.at(key);
        const std::size_t ordinal = retired_ordinal(card.profile().keys, key);
        card.memory.set_key(key, std::nullopt);
        KeyEntry made = m_state->as_admin([&] {
            auto public_key = card.applet->generate(card.channel, slot, type);
            if (ordinal != 0) {
                m_state->note_retired(ordinal);
            }
            return KeyEntry{std::move(public_key), card.applet->always_authenticates(slot), true};
        });
        if (slot.presence != KeySlot::Presence::certificate) {
            const auto told = card.applet->read_key(card.channel, slot, nullptr);
            if (told && told->public_key == made.public_key) {
                made.always_authenticate = told->always_authenticate;
            }
        }
        auto entry = std::make_shared<const KeyEntry>(std::move(made));
        card.memory.set_key(key, entry);
        card.memory.changed();
        return entry;
    });
}

void Burst::write_object(std::size_t object, View content) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const ObjectSlot& slot = card.profile().objects.at(object);
        const std::size_t ordinal = retired_ordinal(card.profile().objects, object);
        ObjectEntry entry{to_bytes(content), std::nullopt};
        if (slot.object_class == ObjectSlot::Class::certificate) {
            entry.certificate = crypto::parse_certificate(content);
            if (!entry.certificate || entry.certificate->der.size() != content.size()) {
                throw Error(Error::Kind::unsupported, Verb::write, "this is not a DER certificate");
            }
        }
        card.memory.set_object(object, std::nullopt);
        m_state->as_admin([&] {
            card.applet->write_object(card.channel, slot, content);
            if (ordinal != 0) {
                m_state->note_retired(ordinal);
            }
        });
        m_state->note_written(object, std::make_shared<const ObjectEntry>(std::move(entry)));
        if (slot.object_class == ObjectSlot::Class::data) {
            m_state->check_identity();
        }
    });
}

void Burst::erase_object(std::size_t object) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const ObjectSlot& slot = card.profile().objects.at(object);
        card.memory.set_object(object, std::nullopt);
        m_state->as_admin([&] { card.applet->erase_object(card.channel, slot); });
        m_state->note_written(object, nullptr);
        if (slot.object_class == ObjectSlot::Class::data) {
            m_state->check_identity();
        }
    });
}

}  // namespace jeton::card
