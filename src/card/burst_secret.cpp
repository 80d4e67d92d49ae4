// Burst: AES keys on the card: used, made, brought, renamed and erased.
#include <fmt/core.h>

#include "card/card_state.hpp"

namespace jeton::card {

std::shared_ptr<const SecretKeyEntry> Burst::State::secret_key(std::size_t index) {
    if (auto known = card.memory.secret_key(index)) {
        return *known;
    }
    const auto slot = card.secret_key_slot(index);
    const bool is_probed = slot->presence == SecretKeySlot::Presence::probe;
    const auto read = [&] { return card.applet->read_secret_key(card.channel, *slot); };
    const auto told = is_probed && slot->pin ? as_owner(*slot->pin, read) : with_selection(read);
    auto entry = told ? std::make_shared<const SecretKeyEntry>(*told) : nullptr;
    card.memory.set_secret_key(index, entry);
    return entry;
}

void Burst::State::require_secret_key(std::size_t index, Verb verb) {
    if (secret_key(index) == nullptr) {
        throw Error(verb, sw::reference_not_found,
                    fmt::format("there is no key {} on the card", card.secret_key_slot(index)->id));
    }
}

/// new_secret_key runs |place|, which brings a key into the slot and says what it is, and remembers that.
template <typename Place>
std::shared_ptr<const SecretKeyEntry> Burst::State::new_secret_key(std::size_t index, Place&& place) {
    const auto slot = card.secret_key_slot(index);
    card.memory.set_secret_key(index, std::nullopt);
    card.vault.drop_hash_keys();
    const SecretKeyEntry made = as_writer(std::nullopt, [&] {
        const SecretKeyEntry entry = place(*slot);
        if (slot->named_on_card) {
            card.applet->describe_secret_key(card.channel, *slot, entry);
        }
        return entry;
    });
    auto entry = std::make_shared<const SecretKeyEntry>(made);
    card.memory.forget_modes(index);
    card.memory.set_secret_key(index, entry);
    card.memory.changed();
    return entry;
}

std::shared_ptr<const SecretKeyEntry> Burst::secret_key(std::size_t index) {
    return m_state->run([&] { return m_state->secret_key(index); });
}

SecretBytes Burst::compute_aes(std::size_t secret_key, AesPrimitive primitive, const AesInput& input) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        const auto slot = card.secret_key_slot(secret_key);
        const auto compute = [&] { return card.applet->compute_aes(card.channel, *slot, primitive, input); };
        return slot->pin ? m_state->as_owner(*slot->pin, compute) : m_state->with_selection(compute);
    });
}

std::size_t Burst::new_secret_key_slot(const SecretKeyWish& wish) {
    return m_state->run([&] {
        m_state->discover();
        LayoutDraft draft = m_state->card.memory.draft();
        const std::size_t index = m_state->card.applet->new_secret_key_slot(draft, wish);
        m_state->card.memory.set_planned(draft);
        return index;
    });
}

std::shared_ptr<const SecretKeyEntry> Burst::generate_secret_key(std::size_t secret_key, std::size_t bits) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        return m_state->new_secret_key(secret_key, [&](const SecretKeySlot& slot) {
            return card.applet->generate_secret_key(card.channel, slot, bits);
        });
    });
}

std::shared_ptr<const SecretKeyEntry> Burst::import_secret_key(std::size_t secret_key, View value) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        return m_state->new_secret_key(secret_key, [&](const SecretKeySlot& slot) {
            card.applet->import_secret_key(card.channel, slot, value);
            return SecretKeyEntry{.bits = value.size() * 8, .generated_on_card = false};
        });
    });
}

void Burst::erase_secret_key(std::size_t secret_key) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        m_state->require_secret_key(secret_key, Verb::erase);
        card.memory.set_secret_key(secret_key, std::nullopt);
        const auto slot = card.secret_key_slot(secret_key);
        m_state->as_writer(std::nullopt, [&] { card.applet->erase_secret_key(card.channel, *slot); });
        card.vault.drop_hash_keys();
        card.memory.set_secret_key(secret_key, nullptr);
        card.memory.changed();
    });
}

void Burst::rename_secret_key(std::size_t secret_key, const Name& name) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        SecretKeySlot slot = *card.secret_key_slot(secret_key);
        if (!slot.named_on_card) {
            throw Error(Error::Kind::unsupported, Verb::write,
                        fmt::format("{} has its name from the profile", slot.id));
        }
        m_state->require_secret_key(secret_key, Verb::write);
        slot.pkcs11_id = name.id.value_or(slot.pkcs11_id);
        slot.label = name.label.value_or(slot.label);
        const SecretKeyEntry entry = *m_state->secret_key(secret_key);
        m_state->as_writer(std::nullopt,
                           [&] { card.applet->describe_secret_key(card.channel, slot, entry); });
        card.memory.set_secret_key_slot(secret_key, std::move(slot));
        card.memory.changed();
    });
}

}  // namespace jeton::card
