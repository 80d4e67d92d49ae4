// Slot: a PKCS#11 slot, which is a pair: a card opening of one reader, and an ordinal among the tokens of the
// card that is in it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "pkcs11/card_opening.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

class Slot {
  public:
    /// |is_new| tells that what is in the slot came while the application was running, which is an event.
    Slot(std::shared_ptr<CardOpening> opening, std::size_t ordinal, bool is_new);

    CK_SLOT_ID id() const { return m_id; }
    CardOpening& opening() const { return *m_opening; }
    const std::shared_ptr<CardOpening>& shared_opening() const { return m_opening; }
    bool is_first() const { return m_ordinal == 0; }
    std::string name() const { return m_opening->name(); }

    /// present tells whether there is a token in the slot now: for the first slot of an opening whether there
    /// is a card, and nothing is sent to it; a further one recognises a card that is new. False too when the
    /// reader is gone.
    bool present();

    /// take_event looks at the slot, and tells whether something came or went since the last event that was
    /// taken. What the first look finds, here or in present(), is no event, unless the slot is new.
    bool take_event();

    /// token looks whether the card that it knows is still in the slot, and gives its token; a card that is
    /// new it recognises. TOKEN_NOT_PRESENT, TOKEN_NOT_RECOGNIZED.
    std::shared_ptr<Token> token() { return m_opening->token(m_ordinal, true); }

    /// known_token is token() that does not look where nothing says that the card is gone.
    std::shared_ptr<Token> known_token() { return m_opening->token(m_ordinal, false); }

  private:
    using Seen = CardOpening::Seen;

    Seen look();

    const std::shared_ptr<CardOpening> m_opening;
    const std::size_t m_ordinal;
    const CK_SLOT_ID m_id;
    std::mutex m_seen_mutex;
    std::optional<Seen> m_seen;  ///< what the application was told: by events, and before the first one by
                                 ///< present()
};

}  // namespace jeton::pkcs11
