// Slot: a PKCS#11 slot, which is one card opening of one reader, and the Token that is in it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "card/profile_set.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/token.hpp"
#include "reader/reader.hpp"

namespace jeton::pkcs11 {

/// stable_slot_id gives the number of the reader at |key|; it stays the same as long as the process lives,
/// over C_Finalize and C_Initialize too.
CK_SLOT_ID stable_slot_id(const std::string& key);

class Slot {
  public:
    Slot(CK_SLOT_ID id, reader::ReaderPlace place);

    CK_SLOT_ID id() const { return m_id; }
    const std::string& key() const { return m_reader.place().key; }
    const std::string& name() const { return m_reader.place().name; }

    /// present tells whether a card is in the slot now; false too when the reader is gone. Sends nothing to
    /// the card.
    bool present();

    /// token looks whether the card that it knows is still in the slot, and gives its token; a card that is
    /// new it recognises. TOKEN_NOT_PRESENT, TOKEN_NOT_RECOGNIZED.
    std::shared_ptr<Token> token(const card::ProfileSet& profiles);

    /// known_token is token() that does not look where nothing says that the card is gone.
    std::shared_ptr<Token> known_token(const card::ProfileSet& profiles);

  private:
    std::shared_ptr<Token> alive_token();
    std::shared_ptr<Token> recognise(const card::ProfileSet& profiles);

    const CK_SLOT_ID m_id;
    reader::Reader m_reader;
    std::mutex m_mutex;  ///< held while a card is recognised, so that it happens once
    std::shared_ptr<Token> m_token;
};

}  // namespace jeton::pkcs11
