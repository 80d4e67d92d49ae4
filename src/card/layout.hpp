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

/// SecretKeySlot is a secret key that the applet found on the card.
struct SecretKeySlot {
    std::string id{};
    Byte ref = 0;
    Bytes pkcs11_id{};
    std::string label{};
    std::size_t bits = 0;              ///< 0: the card does not tell
    std::optional<std::size_t> pin{};  ///< index into Profile::pins
    bool operator==(const SecretKeySlot&) const = default;
};

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
    std::optional<Bytes> id;                 ///< CKA_ID
    std::optional<std::string> label;        ///< CKA_LABEL
    std::optional<std::string> application;  ///< CKA_APPLICATION of a data object
    std::optional<Bytes> oid;                ///< CKA_OBJECT_ID of a data object
};

/// KeyWish and ObjectWish are what an application wants to bring onto a card that has no slot for it yet.
struct KeyWish {
    KeyType type = KeyType::p256;
    Name name;
};

struct ObjectWish {
    ObjectSlot::Class object_class = ObjectSlot::Class::data;
    Name name;
    bool is_private = false;  ///< CKA_PRIVATE of a data object
};

/// LayoutDraft is the next Layout of a card in the making.
class LayoutDraft {
  public:
    /// |empty_keys| and |empty_objects| are the indices of slots that are known to be empty.
    LayoutDraft(const Layout& present, std::set<std::size_t> empty_keys, std::set<std::size_t> empty_objects)
        : m_layout(present), m_empty_keys(std::move(empty_keys)), m_empty_objects(std::move(empty_objects)) {}

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

  private:
    Layout m_layout;
    std::set<std::size_t> m_empty_keys, m_empty_objects;
    std::set<std::size_t> m_keys, m_objects;  ///< those that were put
};

}  // namespace jeton::card
