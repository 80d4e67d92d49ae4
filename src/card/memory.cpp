#include "card/memory.hpp"

#include <algorithm>

namespace jeton::card {

namespace {

/// Sessions that were allowed an operation and never made it cannot pile up without end.
constexpr unsigned most_permitted_operations = 64;

/// replace makes a layout with another slot at |index|; a slot that is as before stays the same object.
template <typename Slot>
void replace(std::shared_ptr<const Layout>& layout, std::vector<std::shared_ptr<const Slot>> Layout::* slots,
             std::size_t index, Slot slot) {
    if (*((*layout).*slots).at(index) == slot) {
        return;
    }
    auto changed = std::make_shared<Layout>(*layout);
    ((*changed).*slots)[index] = std::make_shared<const Slot>(std::move(slot));
    layout = std::move(changed);
}

template <typename Known>
std::set<std::size_t> empty_places(const std::vector<Known>& entries) {
    std::set<std::size_t> out;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i] && *entries[i] == nullptr) {
            out.insert(i);
        }
    }
    return out;
}

}  // namespace

Memory::Known<KeyEntry> Memory::key(std::size_t index) const {
    const std::lock_guard lock(m_mutex);
    return m_keys.at(index);
}

Memory::Known<ObjectEntry> Memory::object(std::size_t index) const {
    const std::lock_guard lock(m_mutex);
    return m_objects.at(index);
}

void Memory::set_key(std::size_t index, Known<KeyEntry> entry) {
    const std::lock_guard lock(m_mutex);
    std::swap(m_keys.at(index), entry);
}

void Memory::set_object(std::size_t index, Known<ObjectEntry> entry) {
    const std::lock_guard lock(m_mutex);
    std::swap(m_objects.at(index), entry);
}

LayoutDraft Memory::draft() const {
    const std::lock_guard lock(m_mutex);
    return {*m_layout, empty_places(m_keys), empty_places(m_objects)};
}

void Memory::set_discovered(const LayoutDraft& draft) {
    auto layout = std::make_shared<const Layout>(draft.layout());
    const std::lock_guard lock(m_mutex);
    m_keys.resize(layout->keys.size());
    m_objects.resize(layout->objects.size());
    for (std::size_t i = 0; i < m_keys.size(); ++i) {
        if (!draft.has_key(i)) {
            m_keys[i] = nullptr;
        }
    }
    for (std::size_t i = 0; i < m_objects.size(); ++i) {
        if (!draft.has_object(i)) {
            m_objects[i] = nullptr;
        }
    }
    m_layout = std::move(layout);
    m_discovered = true;
}

void Memory::set_planned(const LayoutDraft& draft) {
    auto layout = std::make_shared<const Layout>(draft.layout());
    const std::lock_guard lock(m_mutex);
    while (m_keys.size() < layout->keys.size()) {
        m_keys.emplace_back(nullptr);
    }
    while (m_objects.size() < layout->objects.size()) {
        m_objects.emplace_back(nullptr);
    }
    m_layout = std::move(layout);
}

void Memory::set_key_slot(std::size_t index, KeySlot slot) {
    const std::lock_guard lock(m_mutex);
    replace(m_layout, &Layout::keys, index, std::move(slot));
}

void Memory::set_object_slot(std::size_t index, ObjectSlot slot) {
    const std::lock_guard lock(m_mutex);
    replace(m_layout, &Layout::objects, index, std::move(slot));
}

std::optional<PinStatus> Memory::pin_status(PinRole role) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_pins.find(role);
    return found == m_pins.end() ? std::nullopt : std::optional(found->second);
}

void Memory::set_pin_status(PinRole role, PinStatus status, unsigned before) {
    const std::lock_guard lock(m_mutex);
    unsigned& most = m_most_tries[role];
    most = std::max({most, status.tries_left, before});
    status.most_tries = most;
    m_pins[role] = status;
}

unsigned Memory::most_tries(PinRole role) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_most_tries.find(role);
    return found == m_most_tries.end() ? 0 : found->second;
}

void Memory::changed() {
    const std::lock_guard lock(m_mutex);
    ++m_version;
}

void Memory::drop() {
    const std::lock_guard lock(m_mutex);
    for (auto& key : m_keys) {
        key.reset();
    }
    for (auto& object : m_objects) {
        object.reset();
    }
    m_label.reset();
    m_discovered = false;
    ++m_version;
}

std::optional<PinRole> Vault::role() const {
    const std::lock_guard lock(m_mutex);
    return m_role;
}

void Vault::open_user(const PinRule::Cache& policy, View pin) {
    const std::lock_guard lock(m_mutex);
    m_role = PinRole::user;
    m_kind = Secret::pin;
    m_policy = policy;
    m_repeated = 0;
    m_expiry.reset();
    m_permissions.clear();
    m_secret = policy.policy == PinRule::Cache::Policy::none ? SecretBytes{} : to_secret(pin);
    if (policy.policy == PinRule::Cache::Policy::time) {
        m_expiry = Deadline::after(policy.ttl);
    }
}

void Vault::open_so(Secret kind, SecretBytes secret) {
    const std::lock_guard lock(m_mutex);
    m_role = PinRole::so;
    m_kind = kind;
    m_secret = std::move(secret);
    m_permissions.clear();
}

void Vault::close() {
    const std::lock_guard lock(m_mutex);
    m_role.reset();
    m_secret = SecretBytes{};
    m_permissions.clear();
}

bool Vault::may_repeat() const {
    const std::lock_guard lock(m_mutex);
    return may_repeat_locked();
}

bool Vault::irreplaceable() const {
    const std::lock_guard lock(m_mutex);
    return m_role == PinRole::user && !may_repeat_locked();
}

bool Vault::may_repeat_locked() const {
    if (m_role != PinRole::user) {
        return false;
    }
    switch (m_policy.policy) {
        case PinRule::Cache::Policy::none:
            return false;
        case PinRule::Cache::Policy::session:
            return true;
        case PinRule::Cache::Policy::count:
            return m_repeated < m_policy.count;
        case PinRule::Cache::Policy::time:
            return m_expiry && !m_expiry->passed();
    }
    return false;
}

std::optional<SecretBytes> Vault::take_pin() {
    const std::lock_guard lock(m_mutex);
    if (!may_repeat_locked()) {
        return std::nullopt;
    }
    ++m_repeated;
    return m_secret;
}

std::optional<SecretBytes> Vault::so_secret(Secret kind) const {
    const std::lock_guard lock(m_mutex);
    return m_role == PinRole::so && m_kind == kind ? std::optional(m_secret) : std::nullopt;
}

void Vault::replace_pin(View pin) {
    const std::lock_guard lock(m_mutex);
    if (m_role == PinRole::user && !m_secret.empty()) {
        m_secret = to_secret(pin);
    }
    m_permissions.clear();
}

void Vault::permit(std::size_t key, View pin) {
    const std::lock_guard lock(m_mutex);
    Permission& permission = m_permissions[key];
    permission.pin = to_secret(pin);
    if (permission.operations < most_permitted_operations) {
        ++permission.operations;
    }
}

std::optional<SecretBytes> Vault::permission(std::size_t key) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_permissions.find(key);
    return found == m_permissions.end() ? std::nullopt : std::optional(found->second.pin);
}

void Vault::use_up(std::size_t key) {
    const std::lock_guard lock(m_mutex);
    const auto found = m_permissions.find(key);
    if (found != m_permissions.end() && --found->second.operations == 0) {
        m_permissions.erase(found);
    }
}

}  // namespace jeton::card
