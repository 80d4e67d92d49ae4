#include "pkcs11/card_opening.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "card/error.hpp"
#include "pkcs11/error.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr Milliseconds meeting_patience{2000};  ///< where nobody asked for the card itself
constexpr Milliseconds patience{30000};
constexpr std::size_t most_expected_slots = 8;  ///< because another process saw as many tokens

bool says_no_card(const reader::Error& error) {
    return error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card;
}

}  // namespace

CK_SLOT_ID stable_slot_id(const std::string& key, std::size_t index, std::size_t ordinal) {
    // Never destroyed: see Module.
    static auto* mutex = new std::mutex;
    static auto* ids = new std::map<std::tuple<std::string, std::size_t, std::size_t>, CK_SLOT_ID>;
    const std::lock_guard lock(*mutex);
    return ids->try_emplace({key, index, ordinal}, ids->size()).first->second;
}

CardOpening::CardOpening(std::shared_ptr<reader::Reader> reader, std::size_t index, CardFinder finder,
                         bool is_new)
    : m_reader(std::move(reader)), m_index(index), m_finder(std::move(finder)) {
    m_slots = std::clamp<std::size_t>(link().told_tokens(), 1, most_expected_slots);
    if (is_new) {
        m_first = Seen{};
    }
}

CardOpening::Seen CardOpening::look() {
    Seen now;
    try {
        now.present = link().present();
        now.insertion = now.present ? link().insertion() : 0;
    } catch (const reader::Error& error) {
        if (!says_no_card(error)) {
            throw;
        }
        now = {};
    }
    const std::lock_guard lock(m_first_mutex);
    if (!m_first) {
        m_first = now;
    }
    return now;
}

bool CardOpening::is_new() const {
    const std::lock_guard lock(m_first_mutex);
    return m_first && *m_first != Seen{true, link().insertion()};
}

bool CardOpening::alive() const {
    return std::ranges::any_of(m_tokens, [](const auto& token) { return token->alive(); });
}

void CardOpening::meet() {
    const std::lock_guard lock(m_mutex);
    const std::uint64_t insertion = link().insertion();
    if (alive() || (m_has_met && m_met == insertion)) {
        return;
    }
    m_has_met = true;
    m_met = insertion;
    try {
        recognise(meeting_patience);
    } catch (const reader::Error& error) {
        log::info("{}: not looked at yet: {}", name(), error.what());
    } catch (const card::Error& error) {
        log::info("{}: not looked at yet: {}", name(), error.what());
    }
}

bool CardOpening::offers(std::size_t ordinal) {
    const std::lock_guard lock(m_mutex);
    return ordinal < m_tokens.size() && alive();
}

std::shared_ptr<Token> CardOpening::token(std::size_t ordinal, bool look_first) {
    const auto known_alive = [&] {
        const std::lock_guard lock(m_mutex);
        return alive();
    };
    if (look_first && known_alive()) {
        look();  // a card that is gone, or another one, is noticed
    }
    const std::lock_guard lock(m_mutex);
    try {
        if (!alive()) {
            m_tokens.clear();
            recognise(patience);
        }
        require(!m_tokens.empty(), CKR_TOKEN_NOT_RECOGNIZED, "no profile knows this card");
        require(ordinal < m_tokens.size(), CKR_TOKEN_NOT_PRESENT, "the card has no further token");
        if (!m_tokens[ordinal]->alive()) {
            renew(ordinal);
        }
    } catch (const reader::Error& error) {
        if (says_no_card(error)) {
            throw Error(CKR_TOKEN_NOT_PRESENT, error.what());
        }
        throw;
    }
    return m_tokens[ordinal];
}

void CardOpening::recognise(Milliseconds wait) {
    m_tokens.clear();
    auto cards = m_finder.all(link(), wait);
    m_has_met = true;
    m_met = link().insertion();
    for (auto& card : cards) {
        m_tokens.push_back(std::make_shared<Token>(slot_id(m_tokens.size()), std::move(card)));
    }
    m_slots = std::max(m_slots.load(), m_tokens.size());
}

/// renew recognises one application again that this process made another, while those beside it go on.
void CardOpening::renew(std::size_t ordinal) {
    auto card = m_finder.again(m_tokens[ordinal]->card());
    require(card != nullptr, CKR_TOKEN_NOT_RECOGNIZED, "the application is not on the card any more");
    m_tokens[ordinal] = std::make_shared<Token>(slot_id(ordinal), std::move(card));
}

}  // namespace jeton::pkcs11
