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

/// add_absent adds entries for what is not there, until there are |count|.
template <typename Known>
void add_absent(std::vector<Known>& entries, std::size_t count) {
    while (entries.size() < count) {
        entries.emplace_back(nullptr);
    }
}

/// note_absent makes known that there is nothing where |is_there| says so.
template <typename Known, typename Condition>
void note_absent(std::vector<Known>& entries, Condition is_there) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!is_there(i)) {
            entries[i] = nullptr;
        }
    }
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

Memory::Known<SecretKeyEntry> Memory::secret_key(std::size_t index) const {
    const std::lock_guard lock(m_mutex);
    return m_secret_keys.at(index);
}

void Memory::set_key(std::size_t index, Known<KeyEntry> entry) {
    const std::lock_guard lock(m_mutex);
    std::swap(m_keys.at(index), entry);
}

void Memory::set_object(std::size_t index, Known<ObjectEntry> entry) {
    const std::lock_guard lock(m_mutex);
    std::swap(m_objects.at(index), entry);
}

void Memory::set_secret_key(std::size_t index, Known<SecretKeyEntry> entry) {
    const std::lock_guard lock(m_mutex);
    std::swap(m_secret_keys.at(index), entry);
}

LayoutDraft Memory::draft() const {
    const std::lock_guard lock(m_mutex);
    return {*m_layout, {empty_places(m_keys), empty_places(m_objects), empty_places(m_secret_keys)}};
}

void Memory::set_discovered(const LayoutDraft& draft) {
    auto layout = std::make_shared<const Layout>(draft.layout());
    const std::lock_guard lock(m_mutex);
    m_keys.resize(layout->keys.size());
    m_objects.resize(layout->objects.size());
    m_secret_keys.resize(layout->secret_keys.size());
    note_absent(m_keys, [&](std::size_t index) { return draft.has_key(index); });
    note_absent(m_objects, [&](std::size_t index) { return draft.has_object(index); });
    note_absent(m_secret_keys, [&](std::size_t index) { return draft.has_secret_key(index); });
    m_layout = std::move(layout);
    m_discovered = true;
}

void Memory::set_planned(const LayoutDraft& draft) {
    auto layout = std::make_shared<const Layout>(draft.layout());
    const std::lock_guard lock(m_mutex);
    add_absent(m_keys, layout->keys.size());
    add_absent(m_objects, layout->objects.size());
    add_absent(m_secret_keys, layout->secret_keys.size());
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

void Memory::set_secret_key_slot(std::size_t index, SecretKeySlot slot) {
    const std::lock_guard lock(m_mutex);
    replace(m_layout, &Layout::secret_keys, index, std::move(slot));
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

bool Memory::claim_modes(std::size_t secret_key, bool for_gcm) {
    const std::lock_guard lock(m_mutex);
    return m_for_gcm.try_emplace(secret_key, for_gcm).first->second == for_gcm;
}

void Memory::forget_modes(std::size_t secret_key) {
    const std::lock_guard lock(m_mutex);
    m_for_gcm.erase(secret_key);
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
    for (auto& secret_key : m_secret_keys) {
        secret_key.reset();
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
    m_hash_keys.clear();
}

SecretBytes Vault::hash_key(std::size_t secret_key) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_hash_keys.find(secret_key);
    return found == m_hash_keys.end() ? SecretBytes{} : found->second;
}

void Vault::keep_hash_key(std::size_t secret_key, View hash_key) {
    const std::lock_guard lock(m_mutex);
    if (m_role) {
        m_hash_keys[secret_key] = to_secret(hash_key);
    }
}

void Vault::drop_hash_keys() {
    const std::lock_guard lock(m_mutex);
    m_hash_keys.clear();
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
