// Layout: the slots for keys and objects of one card: those of its profile, and after them those that the
// applet found on the card. An index stays valid as long as the Card: slots are only ever appended.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "card/profile.hpp"

namespace jeton::card {

/// Layout is a snapshot, which nobody changes: any thread may look at it while a burst makes the next one.
struct Layout {
    std::vector<std::shared_ptr<const KeySlot>> keys;
    std::vector<std::shared_ptr<const ObjectSlot>> objects;
    std::vector<std::shared_ptr<const SecretKeySlot>> secret_keys;

    /// of gives the slots of |profile|.
    static std::shared_ptr<const Layout> of(const Profile& profile);
};

/// Name is what an application calls a key or object; what is not given stays.
struct Name {
    std::optional<Bytes> id{};                 ///< CKA_ID
    std::optional<std::string> label{};        ///< CKA_LABEL
    std::optional<std::string> application{};  ///< CKA_APPLICATION of a data object
    std::optional<Bytes> oid{};                ///< CKA_OBJECT_ID of a data object
};

/// KeyWish, SecretKeyWish and ObjectWish are what an application wants to bring onto a card that has no slot
/// for it yet.
struct KeyWish {
    KeyType type = KeyType::p256;
    Name name;
};

struct SecretKeyWish {
    std::size_t bits = 256;
    Name name;
};

struct ObjectWish {
    ObjectSlot::Class object_class = ObjectSlot::Class::data;
    Name name;
    bool is_private = false;  ///< CKA_PRIVATE of a data object
};

/// EmptySlots are the slots of a layout that are known to be empty, by their indices.
struct EmptySlots {
    std::set<std::size_t> keys, objects, secret_keys;
};

/// LayoutDraft is the next Layout of a card in the making.
class LayoutDraft {
  public:
    LayoutDraft(const Layout& present, EmptySlots empty) : m_layout(present), m_empty(std::move(empty)) {}

    /// put takes |slot| over, in the place of the one with the same reference or at the end, and gives its
    /// index.
    std::size_t put(KeySlot slot);
    std::size_t put(ObjectSlot slot);
    std::size_t put(SecretKeySlot slot);

    /// key_is_free and object_is_free tell whether nothing that we know of is at the card's reference.
    bool key_is_free(Byte ref) const;
    bool object_is_free(View ref) const;

    const Layout& layout() const { return m_layout; }
    bool has_key(std::size_t index) const { return m_keys.contains(index); }
    bool has_object(std::size_t index) const { return m_objects.contains(index); }
    bool has_secret_key(std::size_t index) const { return m_secret_keys.contains(index); }

  private:
    Layout m_layout;
    EmptySlots m_empty;
    std::set<std::size_t> m_keys, m_objects, m_secret_keys;  ///< those that were put
};

}  // namespace jeton::card
