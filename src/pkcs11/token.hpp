// Token: one applet on one card as PKCS#11 sees it: who is logged in, and which objects there are.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "card/card.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/object.hpp"

namespace jeton::pkcs11 {

class Token {
  public:
    Token(CK_SLOT_ID slot_id, std::unique_ptr<card::Card> card);

    CK_SLOT_ID slot_id() const { return m_slot_id; }
    bool alive() const { return m_card->alive(); }
    card::Card& card() { return *m_card; }
    const card::Profile& profile() const { return m_card->profile(); }
    const card::Applet& applet() const { return m_card->applet(); }
    std::shared_ptr<const card::Layout> layout() const { return m_card->layout(); }

    std::optional<card::PinRole> login() const { return m_card->login(); }

    /// log_in: USER_ALREADY_LOGGED_IN, USER_ANOTHER_ALREADY_LOGGED_IN, and what the card says.
    /// Without a |pin| the user's is typed on the reader.
    void log_in(card::PinRole role, std::optional<View> pin);

    /// log_out ends the login; handles of private objects are dead from here on. USER_NOT_LOGGED_IN.
    void log_out();

    /// end_login is log_out for the end of the last session: no error is told.
    void end_login() noexcept;

    /// search gives the handles of all objects that match. It reads from the card only what the template
    /// cannot rule out, and nothing twice.
    std::vector<CK_OBJECT_HANDLE> search(const Template& wanted);

    /// object finds a visible object; |missing| is the error when there is none.
    std::shared_ptr<const Object> object(CK_OBJECT_HANDLE handle, CK_RV missing = CKR_OBJECT_HANDLE_INVALID);

    /// add_session_object takes |object| over and gives it a handle.
    CK_OBJECT_HANDLE add_session_object(Object object);
    bool drop_session_object(CK_OBJECT_HANDLE handle);

    /// replace_session_object puts a changed object in the place of the one with its handle, if that is still
    /// there: OBJECT_HANDLE_INVALID.
    void replace_session_object(Object object);
    void drop_session_objects(CK_SESSION_HANDLE owner);

    /// refresh_key and the others bring the objects of one slot of the card's layout up to date with what the
    /// card layer knows now, and give the handle of the one of |object_class|; CK_INVALID_HANDLE without one.
    CK_OBJECT_HANDLE refresh_key(std::size_t index, CK_OBJECT_CLASS object_class);
    CK_OBJECT_HANDLE refresh_object(std::size_t index);
    CK_OBJECT_HANDLE refresh_secret_key(std::size_t index);

    /// note_moved_key and the others are the same after this process moved or renamed a key or changed an
    /// object: the handles stay.
    void note_moved_key(std::size_t from, std::size_t to);
    void note_changed_key(std::size_t index);
    void note_changed_object(std::size_t index);
    void note_changed_secret_key(std::size_t index);

  private:
    /// One object that the card's layout lets us expect. Class and index never change.
    struct Item {
        CK_OBJECT_CLASS object_class;
        std::size_t index;                     ///< into the layout's keys, objects or secret keys
        bool on_demand;                        ///< found only by a search that names its label
        std::shared_ptr<const void> slot;      ///< the layout's slot that |expected| was made from
        Attributes expected;                   ///< the attributes that are known without the card
        std::shared_ptr<const void> source;    ///< the card layer's entry that |object| was made from
        std::shared_ptr<const Object> object;  ///< null: absent, or not looked at yet

        bool is_key() const { return object_class == CKO_PRIVATE_KEY || object_class == CKO_PUBLIC_KEY; }
        bool is_secret_key() const { return object_class == CKO_SECRET_KEY; }
        bool is_object() const { return object_class == CKO_CERTIFICATE || object_class == CKO_DATA; }
    };

    bool erases_by_public_key() const;
    void look_around();
    void follow_layout();
    void follow_key(std::size_t index, const std::shared_ptr<const card::KeySlot>& slot);
    void follow_object(std::size_t index, const std::shared_ptr<const card::ObjectSlot>& slot);
    void follow_secret_key(std::size_t index, const std::shared_ptr<const card::SecretKeySlot>& slot);
    void put_item(CK_OBJECT_CLASS object_class, std::size_t index, const std::shared_ptr<const void>& slot,
                  Attributes expected, bool on_demand);
    std::vector<Item*> candidates(const Template& wanted);
    bool may_show(const Item& item) const;
    bool may_match(const Item& item, const Template& wanted) const;
    std::optional<std::shared_ptr<const void>> known(const Item& item) const;
    void load(const std::vector<Item*>& items, bool listing);
    void refresh(Item& item, CK_OBJECT_HANDLE kept_handle = CK_INVALID_HANDLE);
    std::shared_ptr<Object> build(const Item& item);
    template <typename Condition>
    CK_OBJECT_HANDLE refresh_where(Condition&& condition);
    template <typename Condition>
    void note_changed(Condition&& condition);
    void build_key(Object& object, const Item& item, const card::KeySlot& slot);
    static void look_at(card::Burst& burst, const Item& item, bool listing);
    void forget_private();

    const CK_SLOT_ID m_slot_id;
    const std::unique_ptr<card::Card> m_card;
    std::mutex m_mutex;        ///< of what follows; never held during card I/O
    std::deque<Item> m_items;  ///< an Item stays where it is: pointers to it may be kept without m_mutex
    std::shared_ptr<const card::Layout> m_layout;  ///< the one that m_items follows
    std::map<CK_OBJECT_HANDLE, std::shared_ptr<const Object>> m_session_objects;
};

}  // namespace jeton::pkcs11
