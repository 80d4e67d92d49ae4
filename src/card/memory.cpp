#include "card/memory.hpp"

#include <algorithm>

namespace jeton::card {

namespace {

/// Sessions that were allowed an operation and never made it cannot pile up without end.
constexpr unsigned most_permitted_operations = 64;

}  // namespace

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
