#include "pkcs11/slot.hpp"

#include <map>
#include <utility>

#include "pkcs11/error.hpp"
#include "reader/error.hpp"

namespace jeton::pkcs11 {

CK_SLOT_ID stable_slot_id(const std::string& key, std::size_t index) {
    // Never destroyed: see Module.
    static auto* mutex = new std::mutex;
    static auto* ids = new std::map<std::pair<std::string, std::size_t>, CK_SLOT_ID>;
    const std::lock_guard lock(*mutex);
    return ids->try_emplace({key, index}, ids->size()).first->second;
}

Slot::Slot(std::shared_ptr<reader::Reader> reader, std::size_t index, bool is_new)
    : m_reader(std::move(reader)), m_index(index), m_id(stable_slot_id(m_reader->place().key, index)) {
    if (is_new) {
        m_seen = Seen{false, 0};
    }
}

bool Slot::take_event() {
    const Seen now = look();
    const std::lock_guard lock(m_seen_mutex);
    const std::optional<Seen> before = std::exchange(m_seen, now);
    return before && *before != now;
}

bool Slot::present() {
    const Seen now = look();
    const std::lock_guard lock(m_seen_mutex);
    if (!m_seen) {
        m_seen = now;
    }
    return now.present;
}

Slot::Seen Slot::look() {
    try {
        const bool is_present = link().present();
        return {is_present, is_present ? link().insertion() : 0};
    } catch (const reader::Error& error) {
        if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
            return {};
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
        auto card = card::Card::recognise(link(), profiles);
        return card == nullptr ? nullptr : std::make_shared<Token>(m_id, std::move(card));
    } catch (const reader::Error& error) {
        if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
            throw Error(CKR_TOKEN_NOT_PRESENT, error.what());
        }
        throw;
    }
}

}  // namespace jeton::pkcs11
