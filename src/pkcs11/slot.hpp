// Slot: a PKCS#11 slot, which is one card opening of one reader, and the Token that is in it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "card/profile_set.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/token.hpp"
#include "reader/reader.hpp"

namespace jeton::pkcs11 {

/// stable_slot_id gives the number of the card opening |index| of the reader at |key|; it stays the same as
/// long as the process lives, over C_Finalize and C_Initialize too.
CK_SLOT_ID stable_slot_id(const std::string& key, std::size_t index);

class Slot {
  public:
    /// |is_new| tells that the reader came while the application was running, which is an event.
    Slot(std::shared_ptr<reader::Reader> reader, std::size_t index, bool is_new);

    CK_SLOT_ID id() const { return m_id; }
    const std::string& key() const { return m_reader->place().key; }
    std::string name() const { return link().name(); }

    /// present tells whether a card is in the slot now; false too when the reader is gone. Sends nothing to
    /// the card.
    bool present();

    /// take_event looks at the slot, and tells whether something came or went since the last event that was
    /// taken. What the first look finds, here or in present(), is no event, unless the reader is new.
    bool take_event();

    /// token looks whether the card that it knows is still in the slot, and gives its token; a card that is
    /// new it recognises. TOKEN_NOT_PRESENT, TOKEN_NOT_RECOGNIZED.
    std::shared_ptr<Token> token(const card::ProfileSet& profiles);

    /// known_token is token() that does not look where nothing says that the card is gone.
    std::shared_ptr<Token> known_token(const card::ProfileSet& profiles);

  private:
    /// Seen is what the application was told: by events, and before the first one by present().
    struct Seen {
        bool present;
        std::uint64_t insertion;
        bool operator==(const Seen&) const = default;
    };

    Seen look();
    reader::CardLink& link() const { return m_reader->slot(m_index); }
    std::shared_ptr<Token> alive_token();
    std::shared_ptr<Token> recognise(const card::ProfileSet& profiles);

    const std::shared_ptr<reader::Reader> m_reader;
    const std::size_t m_index;
    const CK_SLOT_ID m_id;
    std::mutex m_seen_mutex;
    std::optional<Seen> m_seen;
    std::mutex m_mutex;  ///< held while a card is recognised, so that it happens once
    std::shared_ptr<Token> m_token;
};

}  // namespace jeton::pkcs11
