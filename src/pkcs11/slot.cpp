#include "pkcs11/slot.hpp"

#include <map>

#include "pkcs11/error.hpp"
#include "reader/error.hpp"

namespace jeton::pkcs11 {

CK_SLOT_ID stable_slot_id(const std::string& key) {
    // Never destroyed: see Module.
    static auto* mutex = new std::mutex;
    static auto* ids = new std::map<std::string, CK_SLOT_ID>;
    const std::lock_guard lock(*mutex);
    return ids->try_emplace(key, ids->size()).first->second;
}

Slot::Slot(CK_SLOT_ID id, reader::ReaderPlace place) : m_id(id), m_reader(std::move(place)) {}

bool Slot::present() {
    try {
        return m_reader.slot().present();
    } catch (const reader::Error& error) {
        if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
            return false;
        }
        throw;
    }
}

std::shared_ptr<Token> Slot::token(const card::ProfileSet& profiles) {
    if (alive_token() != nullptr) {
        present();  // a card that is gone, or another one, is noticed
    }
    return known_token(profiles);
}

std::shared_ptr<Token> Slot::alive_token() {
    const std::lock_guard lock(m_mutex);
    return m_token != nullptr && m_token->alive() ? m_token : nullptr;
}

std::shared_ptr<Token> Slot::known_token(const card::ProfileSet& profiles) {
    const std::lock_guard lock(m_mutex);
    if (m_token != nullptr && m_token->alive()) {
        return m_token;
    }
    m_token.reset();
    m_token = recognise(profiles);
    require(m_token != nullptr, CKR_TOKEN_NOT_RECOGNIZED, "no profile knows this card");
    return m_token;
}

std::shared_ptr<Token> Slot::recognise(const card::ProfileSet& profiles) {
    try {
        auto card = card::Card::recognise(m_reader.slot(), profiles);
        return card == nullptr ? nullptr : std::make_shared<Token>(m_id, std::move(card));
    } catch (const reader::Error& error) {
        if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
            throw Error(CKR_TOKEN_NOT_PRESENT, error.what());
        }
        throw;
    }
}

}  // namespace jeton::pkcs11
