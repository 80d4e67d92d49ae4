#include "card/tokens.hpp"

#include <algorithm>

#include "card/error.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// look_over tells whether the application of |card| is worth a token, and has its label and the PIN's
/// counter remembered if it is or |needed| says so. What an application does not tell makes it none.
bool look_over(Card& card, bool settled, bool needed) {
    try {
        Burst burst = card.begin();
        const bool filled = settled || burst.holds_key_or_certificate();
        if (filled || needed) {
            burst.label();
            burst.pin_status(PinRole::user);
        }
        return filled;
    } catch (const Error& error) {
        log::info("profile {}: {}", card.profile().id, error.what());
        return settled;
    }
}

/// tell lets the next processes expect |count| tokens.
void tell(reader::CardLink& link, std::size_t count, Milliseconds patience) {
    if (count != std::max<std::size_t>(link.told_tokens(), 1)) {
        const auto lease = link.acquire(Deadline::after(patience));
        link.tell_tokens(count);
    }
}

}  // namespace

std::vector<std::unique_ptr<Card>> recognise_tokens(reader::CardLink& link, const ProfileSet& profiles,
                                                    const TokenChoice& choice, Milliseconds patience) {
    auto [cards, settled] = Card::recognise_all(link, profiles, choice, patience);
    if (cards.size() < 2) {
        tell(link, std::max<std::size_t>(cards.size(), 1), patience);
        return std::move(cards);
    }
    std::vector<std::unique_ptr<Card>> offered;
    for (std::size_t i = cards.size(); i-- > 0;) {  // the last one is selected
        if (look_over(*cards[i], settled, i == 0) || (i == 0 && offered.empty())) {
            offered.insert(offered.begin(), std::move(cards[i]));
        }
    }
    tell(link, offered.size(), patience);
    return offered;
}

std::unique_ptr<Card> recognise_again(const Card& ended, const ProfileSet& profiles) {
    auto card = ended.again(profiles);
    if (card) {
        look_over(*card, true, true);
    }
    return card;
}

}  // namespace jeton::card
