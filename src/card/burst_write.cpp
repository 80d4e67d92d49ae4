// Burst: what changes objects on the card. All of it needs what the applet's writer() says.
#include <fmt/core.h>

#include "card/card_state.hpp"
#include "card/pin_block.hpp"

namespace jeton::card {

/// check_identity ends this Card when what was written made another card of it (its serial number is an
/// object too).
void Burst::State::check_identity() {
    if (card.applet->read_serial(card.channel) != card.serial) {
        card.retire();
    }
}

/// note_written brings the memory up to date after the object was replaced, or erased (nullptr).
void Burst::State::note_written(std::size_t object, std::shared_ptr<const ObjectEntry> entry) {
    Memory& memory = card.memory;
    const auto layout = card.memory.layout();
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        if (layout->keys[i]->certificate != object) {
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

/// note_key brings the memory up to date after the key in the slot |index| became another one: |known| is
/// what is there now, nullopt when the card has to be asked. What the card attests is of the new key.
void Burst::State::note_key(std::size_t index, Memory::Known<KeyEntry> known) {
    const auto layout = card.memory.layout();
    card.memory.set_key(index, std::move(known));
    for (std::size_t i = 0; i < layout->objects.size(); ++i) {
        const ObjectSlot& slot = *layout->objects[i];
        if (slot.container == ObjectSlot::Container::attestation &&
            slot.ref.front() == layout->keys[index]->ref) {
            card.memory.set_object(i, std::nullopt);
        }
    }
    card.memory.changed();
}

/// new_key runs |place|, which brings a key into the slot |index| and gives its public key, and remembers
/// what is there then. The card's own word on its policy counts where it can be asked without a certificate.
template <typename Place>
std::shared_ptr<const KeyEntry> Burst::State::new_key(std::size_t index, bool generated, Place&& place) {
    const auto layout = card.memory.layout();
    const KeySlot& slot = *layout->keys.at(index);
    const std::size_t ordinal = retired_ordinal(layout->keys, index);
    card.memory.set_key(index, std::nullopt);
    KeyEntry made = as_writer(std::nullopt, [&] {
        if (ordinal != 0) {
            note_retired(ordinal);  // first: a key that is not listed could not be found again
        }
        crypto::PublicKey public_key = place(slot);
        if (slot.named_on_card) {
            describe_key(index, slot, public_key);
        }
        return KeyEntry{std::move(public_key), card.applet->always_authenticates(slot), generated};
    });
    const bool open = slot.always_authenticate == Switch::automatic;
    if (open && slot.presence != KeySlot::Presence::certificate) {
        const auto told = card.applet->read_key(card.channel, slot, nullptr);
        if (told && told->public_key == made.public_key) {
            made.always_authenticate = told->always_authenticate;
        }
    }
    auto entry = std::make_shared<const KeyEntry>(std::move(made));
    note_key(index, entry);
    return entry;
}

std::shared_ptr<const KeyEntry> Burst::generate(std::size_t key, KeyType type, KeyPolicy policy) {
    return m_state->run([&] {
        return m_state->new_key(key, true, [&](const KeySlot& slot) {
            return m_state->card.applet->generate(m_state->card.channel, slot, type, policy);
        });
    });
}

std::shared_ptr<const KeyEntry> Burst::import_key(std::size_t key, const crypto::PrivateParts& parts,
                                                  KeyPolicy policy) {
    const auto private_key = crypto::PrivateKey::from_parts(parts);
    const auto public_key = private_key ? std::optional(private_key->public_key()) : std::nullopt;
    const auto type = public_key ? key_type_of(*public_key) : std::nullopt;
    if (!type) {
        throw Error(Error::Kind::unsupported, Verb::import_key,
                    "this is no private key of a kind that cards hold");
    }
    return m_state->run([&] {
        return m_state->new_key(key, false, [&](const KeySlot& slot) {
            m_state->card.applet->import_key(m_state->card.channel, slot, *type, parts, policy);
            return *public_key;
        });
    });
}

/// require_removable throws when the card would go on to say that the key is in the slot: by its certificate,
/// where the profile takes that for a sign of it.
void Burst::State::require_removable(std::size_t index, Verb verb) {
    const auto held = card.key_slot(index);
    const KeySlot& slot = *held;
    const auto entry = key(index);
    if (!entry) {
        throw Error(verb, sw::reference_not_found, fmt::format("there is no key {} on the card", slot.id));
    }
    if (slot.presence == KeySlot::Presence::metadata || !slot.certificate) {
        return;
    }
    const auto beside = object(*slot.certificate);
    if (beside && beside->certificate && beside->certificate->key == entry->public_key) {
        throw Error(
            Error::Kind::unsupported, verb,
            fmt::format("key {} has a certificate, which says that the key is there: delete that first",
                        slot.id));
    }
}

void Burst::erase_key(std::size_t key) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        m_state->require_removable(key, Verb::erase);
        card.memory.set_key(key, std::nullopt);  // when the answer is lost, the card is asked what it did
        const auto slot = card.key_slot(key);
        m_state->as_writer(std::nullopt, [&] { card.applet->erase_key(card.channel, *slot); });
        m_state->note_key(key, nullptr);
        if (slot->named_on_card && slot->certificate) {
            card.memory.set_object(*slot->certificate, nullptr);  // it goes with its key there
        }
    });
}

void Burst::move_key(std::size_t from, std::size_t to) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const auto layout = card.memory.layout();
        const auto& keys = layout->keys;
        m_state->require_removable(from, Verb::write);
        KeyEntry moved = *m_state->key(from);
        const std::size_t ordinal = retired_ordinal(keys, to);
        card.memory.set_key(from, std::nullopt);
        card.memory.set_key(to, std::nullopt);
        m_state->as_writer(std::nullopt, [&] {
            if (ordinal != 0) {
                m_state->note_retired(ordinal);
            }
            card.applet->move_key(card.channel, *keys[from], *keys[to]);
        });
        if (keys[to]->always_authenticate != Switch::automatic) {
            moved.always_authenticate = card.applet->always_authenticates(*keys[to]);
        }
        m_state->note_key(from, nullptr);
        m_state->note_key(to, std::make_shared<const KeyEntry>(std::move(moved)));
    });
}

/// initialize: the secret must be right before anything is spent or lost.
void Burst::initialize(View so_secret) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        SecretBytes secret = to_secret(so_secret);
        if (card.applet->writer() == Writer::management_key) {
            auto key = secret_from_hex(so_secret);
            if (!key) {
                throw Error(Error::Kind::pin_form, Verb::initialize,
                            "a management key is written in hexadecimal digits");
            }
            secret = std::move(*key);
            m_state->with_selection([&] { card.applet->authenticate_admin(card.channel, secret); });
        }
        m_state->lease->mark_written();
        card.vault.close();
        card.applet->initialize(card.channel, secret);
        card.retire();
    });
}

void Burst::write_object(std::size_t object, View content) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const auto layout = card.memory.layout();
        const ObjectSlot& slot = *layout->objects.at(object);
        const std::size_t ordinal = retired_ordinal(layout->objects, object);
        ObjectEntry entry{to_bytes(content), std::nullopt};
        if (slot.object_class == ObjectSlot::Class::certificate) {
            entry.certificate = crypto::parse_certificate(content);
            if (!entry.certificate || entry.certificate->der.size() != content.size()) {
                throw Error(Error::Kind::unsupported, Verb::write, "this is not a DER certificate");
            }
        }
        card.memory.set_object(object, std::nullopt);
        m_state->as_writer(slot.write_pin, [&] {
            if (ordinal != 0) {
                m_state->note_retired(ordinal);  // as for keys
            }
            card.applet->write_object(card.channel, slot, content);
        });
        m_state->note_written(object, std::make_shared<const ObjectEntry>(std::move(entry)));
        if (slot.object_class == ObjectSlot::Class::data && !slot.named_on_card) {
            m_state->check_identity();
        }
    });
}

void Burst::erase_object(std::size_t object) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const auto held = card.object_slot(object);
        const ObjectSlot& slot = *held;
        card.memory.set_object(object, std::nullopt);
        m_state->as_writer(slot.write_pin, [&] { card.applet->erase_object(card.channel, slot); });
        m_state->note_written(object, nullptr);
        if (slot.object_class == ObjectSlot::Class::data && !slot.named_on_card) {
            m_state->check_identity();
        }
    });
}

}  // namespace jeton::card
