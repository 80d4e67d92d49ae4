#include "card/layout.hpp"

#include <algorithm>

namespace jeton::card {

namespace {

/// place_of finds the slot with the reference |ref|; the number of slots when there is none.
template <typename Slot, typename Reference>
std::size_t place_of(const std::vector<std::shared_ptr<const Slot>>& slots, const Reference& ref) {
    const auto found =
        std::find_if(slots.begin(), slots.end(), [&](const auto& slot) { return slot->ref == ref; });
    return static_cast<std::size_t>(found - slots.begin());
}

/// put_into replaces the slot of the same reference, unless nothing changes, or appends |slot|.
template <typename Slot>
std::size_t put_into(std::vector<std::shared_ptr<const Slot>>& slots, Slot slot) {
    const std::size_t index = place_of(slots, slot.ref);
    if (index == slots.size()) {
        slots.push_back(std::make_shared<const Slot>(std::move(slot)));
    } else if (*slots[index] != slot) {
        slots[index] = std::make_shared<const Slot>(std::move(slot));
    }
    return index;
}

template <typename Slot>
std::vector<std::shared_ptr<const Slot>> shared(const std::vector<Slot>& slots) {
    std::vector<std::shared_ptr<const Slot>> out;
    for (const Slot& slot : slots) {
        out.push_back(std::make_shared<const Slot>(slot));
    }
    return out;
}

}  // namespace

std::shared_ptr<const Layout> Layout::of(const Profile& profile) {
    return std::make_shared<const Layout>(
        Layout{shared(profile.keys), shared(profile.objects), shared(profile.secret_keys)});
}

std::size_t LayoutDraft::put(KeySlot slot) {
    const std::size_t index = put_into(m_layout.keys, std::move(slot));
    m_keys.insert(index);
    return index;
}

std::size_t LayoutDraft::put(ObjectSlot slot) {
    const std::size_t index = put_into(m_layout.objects, std::move(slot));
    m_objects.insert(index);
    return index;
}

std::size_t LayoutDraft::put(SecretKeySlot slot) {
    const std::size_t index = put_into(m_layout.secret_keys, std::move(slot));
    m_secret_keys.insert(index);
    return index;
}

bool LayoutDraft::key_is_free(Byte ref) const {
    const std::size_t pair = place_of(m_layout.keys, ref);
    const std::size_t secret = place_of(m_layout.secret_keys, ref);
    return (pair == m_layout.keys.size() || m_empty.keys.contains(pair)) &&
           (secret == m_layout.secret_keys.size() || m_empty.secret_keys.contains(secret));
}

bool LayoutDraft::object_is_free(View ref) const {
    const std::size_t index = place_of(m_layout.objects, to_bytes(ref));
    return index == m_layout.objects.size() || m_empty.objects.contains(index);
}

}  // namespace jeton::card
