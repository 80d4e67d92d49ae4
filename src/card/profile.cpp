#include "card/profile.hpp"

#include <algorithm>

namespace jeton::card {

namespace {

template <typename List, typename Predicate>
std::optional<std::size_t> index_if(const List& list, Predicate&& predicate) {
    const auto found = std::find_if(list.begin(), list.end(), predicate);
    return found == list.end() ? std::nullopt : std::optional<std::size_t>(found - list.begin());
}

}  // namespace

std::optional<std::size_t> Profile::pin_index(PinRole role) const {
    return index_if(pins, [role](const PinRule& pin) { return pin.role == role; });
}

bool KeySlot::takes(KeyType type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

bool MaskedBytes::fits(View bytes) const {
    if (bytes.size() != value.size()) {
        return false;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const Byte counts = i < mask.size() ? mask[i] : 0xFF;
        if (((bytes[i] ^ value[i]) & counts) != 0) {
            return false;
        }
    }
    return true;
}

const CommandTemplate* MechanismRule::command(Purpose purpose) const {
    const auto found = commands.find(purpose);
    return found == commands.end() ? nullptr : found->second.get();
}

const PinRule* Profile::pin(PinRole role) const {
    const auto index = pin_index(role);
    return index ? &pins[*index] : nullptr;
}

std::optional<std::size_t> Profile::key_index(View pkcs11_id) const {
    const auto fits = [pkcs11_id](const KeySlot& key) {
        return key.visible && equal(key.pkcs11_id, pkcs11_id);
    };
    return pkcs11_id.empty() ? std::nullopt : index_if(keys, fits);
}

const StatusRule* Profile::status_rule(const Error& error) const {
    const auto fits = [&error](const StatusRule& rule) {
        return (error.status().value & rule.mask) == rule.value && (!rule.on || *rule.on == error.verb());
    };
    const auto rule =
        error.kind() == Error::Kind::status ? std::find_if(status.begin(), status.end(), fits) : status.end();
    return rule == status.end() ? nullptr : &*rule;
}

std::optional<std::size_t> Profile::object_index(std::string_view object_id) const {
    return index_if(objects, [object_id](const ObjectSlot& object) { return object.id == object_id; });
}

}  // namespace jeton::card
