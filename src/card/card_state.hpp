// What stands behind Card and Burst.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <vector>

#include "card/card.hpp"
#include "card/memory.hpp"
#include "reader/error.hpp"

namespace jeton::card {

/// lease_wait is how long we queue for a card that others use.
inline constexpr Milliseconds lease_wait{30000};

/// Standing is what the card grants us at this moment, as far as we know. Only the holder of the Lease looks
/// at it.
struct Standing {
    bool shared = false;  ///< other processes of this user were here: nothing is selected by us, but the PIN
                          ///< may be verified
    bool elsewhere = false;  ///< another Card of this process was here: its application is selected, and our
                             ///< PIN is verified only if the card keeps that for each application
    bool selected = false;
    std::set<std::size_t> verified{};  ///< PINs, by their index in the profile
    bool counter_told =
        false;  ///< the PIN's counter is known from this power on: nobody else can have used up tries
    bool admin = false;                          ///< the management key
    std::optional<std::uint64_t> verified_at{};  ///< Channel::exchanges() directly after the last VERIFY
    std::size_t verified_last = 0;               ///< the PIN of that VERIFY
    std::optional<std::uint64_t> login_at{};     ///< as verified_at, after the VERIFY of a login
};

/// CardUse is what the Cards on the applications of one inserted card share.
class CardUse {
  public:
    /// join and part: |vault| says who is logged in to one of the applications.
    void join(const Vault& vault);
    void part(const Vault& vault);

    /// others_logged_in tells whether somebody is logged in to an application other than that of |own|.
    bool others_logged_in(const Vault& own) const;

    /// others_irreplaceable is the same for logins that cannot be proved again; irreplaceable counts |own|
    /// too.
    bool others_irreplaceable(const Vault& own) const;
    bool irreplaceable() const;

    std::atomic<bool> over = false;         ///< the card was pulled or swapped
    std::atomic<std::uint64_t> writes = 0;  ///< how often other processes were seen to have changed the card

  private:
    template <typename Fits>
    bool any(Fits&& fits) const;

    mutable std::mutex m_mutex;
    std::vector<const Vault*> m_vaults;
};

struct Card::State {
    /// |shared_use| is that of another Card on the same inserted card, if there is one.
    State(reader::CardLink& card_link, std::unique_ptr<Applet> card_applet,
          std::shared_ptr<CardUse> shared_use = nullptr);
    ~State() { use->part(vault); }
    State(const State&) = delete;  // CardUse points to its vault
    State& operator=(const State&) = delete;

    const Profile& profile() const { return applet->profile(); }
    std::shared_ptr<const KeySlot> key_slot(std::size_t index) const {
        return memory.layout()->keys.at(index);
    }
    std::shared_ptr<const ObjectSlot> object_slot(std::size_t index) const {
        return memory.layout()->objects.at(index);
    }
    std::shared_ptr<const SecretKeySlot> secret_key_slot(std::size_t index) const {
        return memory.layout()->secret_keys.at(index);
    }

    /// forget_content forgets all that another process may have changed.
    void forget_content() {
        memory.drop();
        vault.drop_hash_keys();
    }

    /// die ends the use of this object and of all others on the card, which was pulled or swapped.
    void die() {
        use->over.store(true);
        retire();
    }

    /// retire ends the use of this object: its application is not the same any more.
    void retire() {
        dead.store(true);
        vault.close();
    }

    /// forget_login drops the login and what only the logged-in user may see.
    void forget_login() {
        vault.close();
        link.hold(use->irreplaceable());
        const auto layout = memory.layout();
        for (std::size_t i = 0; i < layout->objects.size(); ++i) {
            if (layout->objects[i]->read_pin) {
                memory.set_object(i, std::nullopt);
            }
        }
    }

    /// note_others makes of a new |lease| what this process no longer knows about the card.
    void note_others(const reader::Lease& lease);

    const std::uint64_t id;  ///< of this Card in the process, for CardLink::user()
    reader::CardLink& link;
    std::shared_ptr<CardUse> use;
    std::atomic<std::uint64_t> seen_writes;  ///< CardUse::writes when memory was last up to date
    std::unique_ptr<Applet> applet;
    Channel channel;
    std::string serial;
    std::uint64_t insertion = 0;
    std::uint64_t other_exchanges = 0;  ///< while the card was compared with other profiles
    std::atomic<bool> dead = false;
    Memory memory;
    Vault vault;
    Standing standing;
    bool final_try_told = false;
    std::string last_label;  ///< guarded by held_mutex; survives what drops the memory

    /// hold keeps a lease for the next burst, take_held gives it to that.
    void hold(std::unique_ptr<reader::Lease> lease) {
        const std::lock_guard lock(held_mutex);
        held = std::move(lease);
    }
    std::unique_ptr<reader::Lease> take_held() {
        const std::lock_guard lock(held_mutex);
        return std::move(held);
    }

    std::mutex held_mutex;
    std::unique_ptr<reader::Lease> held;
};

struct Burst::State {
    State(Card::State& owner, std::unique_ptr<reader::Lease> held) : card(owner), lease(std::move(held)) {}
    ~State() {
        if (keeps_lease) {
            card.hold(std::move(lease));
        }
    }
    State(const State&) = delete;  // one lease, one end
    State& operator=(const State&) = delete;

    /// run is around every public function: an error of the link costs what we believed about the card.
    template <typename Function>
    auto run(Function&& function) {
        try {
            if (!card.standing.selected) {
                resume();
            }
            return function();
        } catch (Error& error) {
            explain(error);
            throw;
        } catch (const reader::Error& error) {
            note(error);
            throw;
        }
    }

    /// explain gives |error| the meaning that the profile has for it.
    void explain(Error& error) const {
        const StatusRule* const rule = card.profile().status_rule(error);
        if (rule != nullptr && rule->return_value) {
            error.set_meaning(*rule->return_value);
        }
    }

    /// wants tells whether the profile has |action| follow |error|. Nothing follows a PIN that was refused:
    /// it is never sent twice.
    bool wants(const Error& error, StatusRule::Action action) const {
        const StatusRule* const rule = card.profile().status_rule(error);
        return rule != nullptr && rule->action == action && !is_about_pin(error.verb());
    }

    /// with_selection repeats |function| once when the card answers as if its application were not selected
    /// any more, and where the profile says so.
    template <typename Function>
    auto with_selection(Function&& function) {
        bool again = false;
        try {
            return function();
        } catch (const Error& error) {
            again = !retried && wants(error, StatusRule::Action::retry_once);
            if (!again && (reselected || !lost_selection(error))) {
                throw;
            }
        }
        (again ? retried : reselected) = true;
        if (!again) {
            resume();
        }
        return function();
    }

    /// as_owner runs |function| with the PIN |pin| of the profile verified, and repeats it once when the card
    /// has forgotten the PIN.
    template <typename Function>
    auto as_owner(std::size_t pin, Function&& function) {
        return with_selection([&] {
            const bool trusted = card.standing.verified.contains(pin);
            ensure_login(pin);
            try {
                return function();
            } catch (const Error& error) {
                if (!trusted ||
                    !(error.status() == sw::security_status || wants(error, StatusRule::Action::relogin))) {
                    throw;
                }
            }
            card.standing.verified.erase(pin);
            ensure_login(pin);
            return function();
        });
    }

    /// as_writer is as_owner for the PIN of the object, if it has one, else for what the applet's writer()
    /// proves. It tells the other processes that the card changes.
    template <typename Function>
    auto as_writer(std::optional<std::size_t> pin_of_object, Function&& function) {
        if (const auto pin = pin_of_object ? pin_of_object : writing_pin()) {
            return as_owner(*pin, [&] { return writing(function); });
        }
        return with_selection([&] {
            const bool trusted = card.standing.admin;
            ensure_admin();
            try {
                return writing(function);
            } catch (const Error& error) {
                if (!trusted || error.status() != sw::security_status) {
                    throw;
                }
            }
            card.standing.admin = false;
            ensure_admin();
            return writing(function);
        });
    }

    /// writing runs |function|, which changes the card. When it fails, nobody knows how far it came: what is
    /// on a card that discovers is looked for anew.
    template <typename Function>
    auto writing(Function&& function) {
        lease->mark_written();
        try {
            return function();
        } catch (...) {
            if (card.applet->discovers()) {
                card.forget_content();
            }
            throw;
        }
    }

    bool lost_selection(const Error& error) const {
        return error.kind() == Error::Kind::status &&
               (error.status() == sw::ins_not_supported || error.status() == sw::cla_not_supported ||
                error.status() == sw::no_current_file || wants(error, StatusRule::Action::reselect));
    }

    void resume();
    bool answers_as_ours();
    void take_over_login();
    void keep_login();
    void note(const reader::Error& error);

    /// just_verified: VERIFY was the last command that the card saw, and nobody reset it since.
    /// just_logged_in: that VERIFY was a login's.
    bool just_verified(std::size_t pin) const {
        return card.standing.verified.contains(pin) && card.standing.verified_last == pin &&
               card.standing.verified_at == card.channel.exchanges();
    }
    bool just_logged_in(std::size_t pin) const {
        return just_verified(pin) && card.standing.login_at == card.standing.verified_at;
    }

    std::size_t user_pin() const;
    std::size_t pin_of(PinRole role, Verb verb) const;
    const PinRule& rule(std::size_t pin) const;
    PinRole owner_of(std::size_t pin) const;
    std::size_t pin_of_key(std::size_t key) const;
    std::optional<std::size_t> writing_pin() const;
    void verify(std::size_t index, std::optional<View> pin);
    void repeat_verify(std::size_t index, View pin);
    void ensure_login(std::size_t index);
    void ensure_admin();
    void authenticate_unasked(View key);
    void note_refusal(PinRole role, const Error& error);
    void note_success(PinRole role, const PinRule& rule);
    void note_counter(PinRole role, const PinStatus& status);
    [[noreturn]] void lose_login(const std::string& why);
    void login_user(std::optional<View> pin);
    void login_for_key(std::size_t key, std::optional<View> pin);
    void change_stored_pin(PinRole which, const std::function<void(const PinRule&)>& change);
    void change_officer_secret(View old_value, View new_value);
    void unblock_with_puk(View puk, View new_value);
    void login_so(View secret);
    void login_manager(View secret);
    void login_officer(std::size_t index, View pin);
    void clear_card();

    void discover();
    void note_name(const KeySlot& slot);
    void describe_key(std::size_t index, const KeySlot& slot, const crypto::PublicKey& public_key);
    std::shared_ptr<const KeyEntry> key(std::size_t index);
    std::shared_ptr<const ObjectEntry> object(std::size_t index);
    std::shared_ptr<const SecretKeyEntry> secret_key(std::size_t index);
    void require_secret_key(std::size_t index, Verb verb);
    template <typename Place>
    std::shared_ptr<const SecretKeyEntry> new_secret_key(std::size_t index, Place&& place);
    std::size_t retired_count();
    void note_retired(std::size_t ordinal);
    bool has_key_beside(std::size_t object);
    void verify_for_key(std::size_t index, const std::optional<SecretBytes>& pin, Verb verb);
    std::string common_name();
    SecretBytes compute_always(std::size_t index, const KeyEntry& entry, Primitive primitive, Verb verb,
                               View input);
    void note_written(std::size_t object, std::shared_ptr<const ObjectEntry> entry);
    template <typename Place>
    std::shared_ptr<const KeyEntry> new_key(std::size_t index, bool generated, Place&& place);
    void note_key(std::size_t index, Memory::Known<KeyEntry> known);
    void require_removable(std::size_t index, Verb verb);
    void change_management_key(View old_value, View new_value);
    void check_identity();

    Card::State& card;
    std::unique_ptr<reader::Lease> lease;
    bool reselected = false;
    bool retried = false;      ///< as a rule of the profile said
    bool keeps_lease = false;  ///< for the next burst
};

/// retired_ordinal is the place of |slots[index]| among the retired slots, from 1; 0 for a slot that is not
/// retired.
template <typename Slot>
std::size_t retired_ordinal(const std::vector<std::shared_ptr<const Slot>>& slots, std::size_t index) {
    if (!slots.at(index)->retired) {
        return 0;
    }
    const auto end = slots.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    return static_cast<std::size_t>(
        std::count_if(slots.begin(), end, [](const auto& slot) { return slot->retired; }));
}

}  // namespace jeton::card
