// Reading, computing and writing.
#include <fmt/core.h>

#include "card/card_state.hpp"

namespace jeton::card {

namespace {

/// filled replaces the placeholders of |text|; nullopt when one is unknown or has no value.
template <typename ValueOf>
std::optional<std::string> filled(std::string_view text, const ValueOf& value_of) {
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t close = text.find('}', open);
        if (close == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string value = value_of(text.substr(open + 1, close - open - 1));
        if (value.empty()) {
            return std::nullopt;
        }
        out += value;
        text.remove_prefix(close + 1);
    }
    return out;
}

/// shared makes what the memory keeps of what the applet read.
template <typename Entry>
std::shared_ptr<const Entry> shared(std::optional<Entry> entry) {
    return entry ? std::make_shared<const Entry>(std::move(*entry)) : nullptr;
}

}  // namespace

Burst::Burst(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Burst::Burst(Burst&&) noexcept = default;
Burst::~Burst() = default;

std::shared_ptr<const ObjectEntry> Burst::State::object(std::size_t index) {
    if (auto known = card.memory.object(index)) {
        return *known;
    }
    const auto slot = card.object_slot(index);
    const auto read = [&] { return card.applet->read_object(card.channel, *slot); };
    auto entry = shared(slot->read_pin ? as_owner(*slot->read_pin, read) : with_selection(read));
    card.memory.set_object(index, entry);
    return entry;
}

std::shared_ptr<const KeyEntry> Burst::State::key(std::size_t index) {
    if (auto known = card.memory.key(index)) {
        return *known;
    }
    const auto slot = card.key_slot(index);
    const auto read = [&](bool with_certificate) {
        const auto beside = with_certificate && slot->certificate ? object(*slot->certificate) : nullptr;
        const crypto::Certificate* certificate =
            beside && beside->certificate ? &*beside->certificate : nullptr;
        return shared(
            with_selection([&] { return card.applet->read_key(card.channel, *slot, certificate); }));
    };
    const bool with_certificate = card.applet->wants_certificate(*slot);
    auto entry = read(with_certificate);
    if (!entry && !with_certificate && card.applet->wants_certificate(*slot)) {
        entry = read(true);
    }
    card.memory.set_key(index, entry);
    return entry;
}

std::size_t Burst::State::retired_count() {
    const auto index = card.applet->retired_object();
    const auto history = index ? object(*index) : nullptr;
    return history ? card.applet->retired_count(history->value) : 0;
}

/// has_key_beside tells whether the key slot that the certificate slot |object| belongs to holds a key.
bool Burst::State::has_key_beside(std::size_t object) {
    const auto layout = card.memory.layout();
    const auto& keys = layout->keys;
    const auto slot =
        std::find_if(keys.begin(), keys.end(), [&](const auto& it) { return it->certificate == object; });
    return slot != keys.end() && key(static_cast<std::size_t>(slot - keys.begin())) != nullptr;
}

/// note_retired makes the card list the retired slot |ordinal|.
void Burst::State::note_retired(std::size_t ordinal) {
    card.applet->note_retired(card.channel, ordinal);
    if (const auto index = card.applet->retired_object()) {
        card.memory.set_object(*index, std::nullopt);
    }
}

/// common_name of the first certificate on the card.
std::string Burst::State::common_name() {
    const auto layout = card.memory.layout();
    for (std::size_t i = 0; i < layout->objects.size(); ++i) {
        const ObjectSlot& slot = *layout->objects[i];
        if (slot.object_class != ObjectSlot::Class::certificate || slot.retired || slot.read_pin ||
            !slot.visible || slot.on_demand) {
            continue;
        }
        const auto entry = object(i);
        if (entry && entry->certificate && !entry->certificate->common_name.empty()) {
            return entry->certificate->common_name;
        }
    }
    return {};
}

std::string Burst::label() {
    return m_state->run([&]() -> std::string {
        Card::State& card = m_state->card;
        if (auto known = card.memory.label()) {
            return *known;
        }
        const auto value_of = [&](std::string_view name) -> std::string {
            if (name == "serial") {
                return card.serial;
            }
            if (name == "tokenInfoLabel") {
                return m_state->with_selection([&] { return card.applet->read_label(card.channel); });
            }
            return name == "certCN" ? m_state->common_name() : std::string();
        };
        std::string label = card.profile().name;
        for (const std::string& alternative : card.profile().token.label) {
            if (auto text = filled(alternative, value_of)) {
                label = std::move(*text);
                break;
            }
        }
        card.memory.set_label(label);
        {
            const std::lock_guard lock(card.held_mutex);
            card.last_label = label;
        }
        return label;
    });
}

std::shared_ptr<const KeyEntry> Burst::key(std::size_t index) {
    return m_state->run([&] { return m_state->key(index); });
}

std::shared_ptr<const ObjectEntry> Burst::object(std::size_t index) {
    return m_state->run([&] { return m_state->object(index); });
}

bool Burst::key_listed(std::size_t index) {
    return m_state->run([&] {
        const Profile& profile = m_state->card.profile();
        const auto layout = m_state->card.memory.layout();
        const std::size_t ordinal = retired_ordinal(layout->keys, index);
        return layout->keys[index]->visible &&
               (ordinal == 0 || profile.quirks.probe_retired_slots || ordinal <= m_state->retired_count());
    });
}

bool Burst::object_listed(std::size_t index) {
    return m_state->run([&] {
        const Profile& profile = m_state->card.profile();
        const auto layout = m_state->card.memory.layout();
        const std::size_t ordinal = retired_ordinal(layout->objects, index);
        const bool listed = layout->objects[index]->visible && !layout->objects[index]->on_demand;
        if (!listed || ordinal == 0) {
            return listed;
        }
        return profile.quirks.probe_retired_slots ? m_state->has_key_beside(index)
                                                  : ordinal <= m_state->retired_count();
    });
}

SecretBytes Burst::compute(std::size_t key, Primitive primitive, Verb verb, View input) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        const auto held = card.key_slot(key);
        const KeySlot& slot = *held;
        const auto entry = m_state->key(key);
        if (!entry) {
            throw Error(verb, sw::reference_not_found,
                        fmt::format("there is no key {} on the card", slot.id));
        }
        const auto type = key_type_of(entry->public_key);
        if (!type || !card.applet->offers(primitive, *type)) {
            throw Error(Error::Kind::unsupported, verb, fmt::format("key {} does not compute this", slot.id));
        }
        if (slot.pin && entry->always_authenticate) {
            return m_state->compute_always(key, *entry, primitive, verb, input);
        }
        const auto compute = [&] {
            return card.applet->compute(card.channel, slot, entry->public_key, primitive, verb, input);
        };
        return slot.pin ? m_state->as_owner(*slot.pin, compute) : m_state->with_selection(compute);
    });
}

/// compute_always verifies directly before the operation, unless the VERIFY of login_for_key was the last
/// command that the card saw (SP 800-73-4 part 1, table 4: "PIN always").
SecretBytes Burst::State::compute_always(std::size_t index, const KeyEntry& entry, Primitive primitive,
                                         Verb verb, View input) {
    auto pin = card.vault.permission(index);
    const bool permitted = pin.has_value();
    const std::size_t pin_index = pin_of_key(index);
    if (!pin && card.profile().pins[pin_index].cache.for_always_auth) {
        pin = card.vault.take_pin();
    }
    struct UseUp {
        Card::State& card;
        std::size_t index;
        bool permitted;
        ~UseUp() {
            if (permitted) {
                card.vault.use_up(index);
            }
        }
    } const use_up{card, index, permitted};
    const auto slot = card.key_slot(index);
    const bool adjacent = card.profile().quirks.verify_adjacent_to_sign;
    const auto compute = [&] {
        return card.applet->compute(card.channel, *slot, entry.public_key, primitive, verb, input);
    };
    return with_selection([&] {
        const bool still_verified =
            adjacent ? just_verified(pin_index) : card.standing.verified.contains(pin_index);
        const bool trusted = pin ? still_verified : just_logged_in(pin_index);
        if (!trusted) {
            verify_for_key(pin_index, pin, verb);
        }
        try {
            return compute();
        } catch (const Error& error) {
            if (!trusted || error.status() != sw::security_status) {
                throw;
            }
        }
        verify_for_key(pin_index, pin, verb);
        return compute();
    });
}

void Burst::State::verify_for_key(std::size_t index, const std::optional<SecretBytes>& pin, Verb verb) {
    if (!pin || pin->empty()) {  // empty: it was typed on a pad
        throw Error(Error::Kind::not_logged_in, verb, "this key wants the PIN for each operation");
    }
    repeat_verify(index, *pin);
}

}  // namespace jeton::card
