// Memory: what was read from one card, so that nobody asks it twice. Vault: who is logged in, and the secret
// that proves it again. Any thread may look at both; each has a lock of its own that is never held while the
// card works.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "card/applet.hpp"

namespace jeton::card {

class Memory {
  public:
    template <typename Entry>
    using Known =
        std::optional<std::shared_ptr<const Entry>>;  ///< as in Card: nullopt not read, nullptr absent

    explicit Memory(std::shared_ptr<const Layout> layout)
        : m_layout(std::move(layout)),
          m_keys(m_layout->keys.size()),
          m_objects(m_layout->objects.size()),
          m_secret_keys(m_layout->secret_keys.size()) {}

    Known<KeyEntry> key(std::size_t index) const;
    Known<ObjectEntry> object(std::size_t index) const;
    Known<SecretKeyEntry> secret_key(std::size_t index) const;
    std::optional<std::string> label() const { return get(m_label); }
    std::optional<PinStatus> pin_status(PinRole role) const;
    /// most_tries is the highest counter of the PIN that was seen; 0: none.
    unsigned most_tries(PinRole role) const;
    std::uint64_t version() const { return get(m_version); }

    void set_key(std::size_t index, Known<KeyEntry> entry);
    void set_object(std::size_t index, Known<ObjectEntry> entry);
    void set_secret_key(std::size_t index, Known<SecretKeyEntry> entry);
    void set_label(std::optional<std::string> label) { set(m_label, std::move(label)); }
    /// set_pin_status also learns that the PIN had |before| tries earlier.
    void set_pin_status(PinRole role, PinStatus status, unsigned before = 0);

    std::shared_ptr<const Layout> layout() const { return get(m_layout); }
    /// discovered tells whether the layout is what is on the card, for all that we know.
    bool discovered() const { return get(m_discovered); }
    /// draft begins a layout that goes on from the present one. Only the holder of the Lease makes one.
    LayoutDraft draft() const;
    /// set_discovered takes over what the applet found: slots that it did not see are empty.
    void set_discovered(const LayoutDraft& draft);
    /// set_planned takes over slots that were added for something new: they are empty.
    void set_planned(const LayoutDraft& draft);
    /// set_key_slot and the others replace the description of one slot.
    void set_key_slot(std::size_t index, KeySlot slot);
    void set_object_slot(std::size_t index, ObjectSlot slot);
    void set_secret_key_slot(std::size_t index, SecretKeySlot slot);

    /// claim_modes tells whether an AES key was used with GCM alone so far, or without GCM alone; what came
    /// first counts. forget_modes is for a new key.
    bool claim_modes(std::size_t secret_key, bool for_gcm);
    void forget_modes(std::size_t secret_key);

    /// changed tells that this process changed the card; what is remembered was brought up to date.
    void changed();

    /// drop forgets all that another process may have changed.
    void drop();

  private:
    template <typename Field>
    Field get(const Field& field) const {
        const std::lock_guard lock(m_mutex);
        return field;
    }

    template <typename Field>
    void set(Field& field, Field value) {
        const std::lock_guard lock(m_mutex);
        std::swap(field, value);
    }

    mutable std::mutex m_mutex;
    std::shared_ptr<const Layout> m_layout;  ///< with as many slots as the three below
    bool m_discovered = false;
    std::vector<Known<KeyEntry>> m_keys;
    std::vector<Known<ObjectEntry>> m_objects;
    std::vector<Known<SecretKeyEntry>> m_secret_keys;
    std::map<std::size_t, bool> m_for_gcm;  ///< stays when the rest is dropped
    std::optional<std::string> m_label;
    std::map<PinRole, PinStatus> m_pins;
    std::map<PinRole, unsigned> m_most_tries;  ///< stays when the rest is dropped
    std::uint64_t m_version = 1;
};

class Vault {
  public:
    enum class Secret { pin, management_key, puk, so_pin };

    std::optional<PinRole> role() const;

    /// open_user and open_so replace the login; |pin| is kept as far as |policy| lets it serve again.
    void open_user(const PinRule::Cache& policy, View pin);
    void open_so(Secret kind, SecretBytes secret);
    void close();

    /// may_repeat tells whether the policy lets the login be proved again without its owner.
    bool may_repeat() const;

    /// irreplaceable tells whether a user is logged in whose PIN cannot be verified again.
    bool irreplaceable() const;

    /// take_pin gives the user PIN for one more verification, and counts it; nullopt when the policy does not
    /// allow it.
    std::optional<SecretBytes> take_pin();

    /// so_secret gives what the security officer logged in with, if it was of that |kind|.
    std::optional<SecretBytes> so_secret(Secret kind) const;

    /// replace_pin puts a changed user PIN in the place of the old one.
    void replace_pin(View pin);

    /// permit allows one operation with |key|, and keeps its PIN until then.
    void permit(std::size_t key, View pin);
    std::optional<SecretBytes> permission(std::size_t key) const;
    void use_up(std::size_t key);

    /// hash_key is E(0) of an AES key (SP 800-38D, 6.4), 16 bytes, as long as the login lasts; empty when it
    /// is not known. keep_hash_key keeps one while somebody is logged in, drop_hash_keys forgets all.
    SecretBytes hash_key(std::size_t secret_key) const;
    void keep_hash_key(std::size_t secret_key, View hash_key);
    void drop_hash_keys();

  private:
    struct Permission {
        SecretBytes pin;
        unsigned operations = 0;
    };

    bool may_repeat_locked() const;

    mutable std::mutex m_mutex;
    std::optional<PinRole> m_role;
    Secret m_kind = Secret::pin;
    SecretBytes m_secret;
    PinRule::Cache m_policy;
    unsigned m_repeated = 0;
    std::optional<Deadline> m_expiry;
    std::map<std::size_t, Permission> m_permissions;
    std::map<std::size_t, SecretBytes> m_hash_keys;
};

}  // namespace jeton::card
