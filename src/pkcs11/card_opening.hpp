// CardOpening: one card opening of one reader, and the tokens of the card that is in it. Each of its slots
// shows one of them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "card/card.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/token.hpp"
#include "reader/reader.hpp"

namespace jeton::pkcs11 {

/// CardFinder recognises cards, by the profiles and the configuration of the module.
struct CardFinder {
    using Cards = std::vector<std::unique_ptr<card::Card>>;

    /// all gives the tokens of the card in a link, after waiting for it as long as is said; again one more
    /// Card for the application of a Card that ended.
    std::function<Cards(reader::CardLink&, Milliseconds)> all;
    std::function<std::unique_ptr<card::Card>(const card::Card&)> again;
};

/// stable_slot_id gives the number of the slot |ordinal| of the card opening |index| of the reader at |key|;
/// it stays the same as long as the process lives, over C_Finalize and C_Initialize too.
CK_SLOT_ID stable_slot_id(const std::string& key, std::size_t index, std::size_t ordinal);

class CardOpening {
  public:
    /// |is_new| tells that the reader came while the application was running.
    CardOpening(std::shared_ptr<reader::Reader> reader, std::size_t index, CardFinder finder, bool is_new);

    const std::string& key() const { return m_reader->place().key; }
    std::string name() const { return link().name(); }
    CK_SLOT_ID slot_id(std::size_t ordinal) const { return stable_slot_id(key(), m_index, ordinal); }

    /// Seen is what a look finds: whether a card is there, and which.
    struct Seen {
        bool present = false;
        std::uint64_t insertion = 0;
        bool operator==(const Seen&) const = default;
    };

    /// look sends nothing to the card. No card where the reader is gone.
    Seen look();

    /// meet recognises the card if it is there and new, once: what goes wrong is left to whoever uses it.
    void meet();

    /// offers tells, without the card, whether the one that is known has a token |ordinal|.
    bool offers(std::size_t ordinal);

    /// token gives the token |ordinal| of the card that is known, and recognises one that is new. With
    /// |look| it looks first whether the known card is still there. TOKEN_NOT_PRESENT, TOKEN_NOT_RECOGNIZED.
    std::shared_ptr<Token> token(std::size_t ordinal, bool look);

    /// slots is how many slots there have to be: as many as a card had tokens, in this process or, by what it
    /// told, in the last one that recognised a card here; at least one.
    std::size_t slots() const { return m_slots.load(); }

    /// is_new tells whether the card came after the first look at the opening.
    bool is_new() const;

  private:
    reader::CardLink& link() const { return m_reader->slot(m_index); }
    bool alive() const;
    void recognise(Milliseconds wait);
    void renew(std::size_t ordinal);

    const std::shared_ptr<reader::Reader> m_reader;
    const std::size_t m_index;
    const CardFinder m_finder;
    std::atomic<std::size_t> m_slots{1};
    mutable std::mutex m_first_mutex;
    std::optional<Seen> m_first;  ///< what the first look found
    std::mutex m_mutex;           ///< held while a card is recognised, so that it happens once
    std::vector<std::shared_ptr<Token>> m_tokens;
    bool m_has_met = false;
    std::uint64_t m_met = 0;  ///< the insertion that meet() saw to, if it did
};

}  // namespace jeton::pkcs11
