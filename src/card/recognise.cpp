// Which profile fits the card in the reader, and which applications on it are tokens?
#include <algorithm>

#include "card/card_state.hpp"
#include "card/profile_document.hpp"
#include "card/profile_variants.hpp"
#include "card/selector.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

void tell(const std::string& reader, const Profile& profile, const std::string& serial) {
    if (log::enabled(log::Level::info)) {  // the digest takes time
        log::info("{}: profile {} (SHA-256 {}), serial number {}", reader, profile.id,
                  profile.document ? profile.document->sha256() : "unknown", serial);
    }
}

}  // namespace

/// Recogniser compares the card with one profile after the other, under one Lease.
class Card::Recogniser {
  public:
    using Cards = std::vector<std::unique_ptr<Card>>;

    Recogniser(reader::CardLink& link, const ProfileSet& profiles, std::shared_ptr<CardUse> use)
        : m_link(link), m_profiles(profiles), m_selector(link), m_use(std::move(use)) {
        link.set_user(0);
    }

    Found all(const TokenChoice& choice) {
        if (choice.rule == TokenChoice::Rule::listed) {
            Cards cards = listed(choice.profiles, nullptr);
            if (!cards.empty()) {
                return {std::move(cards), true};
            }
        }
        const bool all = choice.rule == TokenChoice::Rule::all;
        Cards cards;
        for (const auto& profile : in_order(m_profiles, m_link)) {
            // An AID alone is no reason to look for another application beside the first: each question costs
            // an APDU on every card.
            const bool asked = cards.empty() || all || spoken_for(*profile, m_link);
            auto card = asked && !has_application(cards, *profile) ? compare(profile) : nullptr;
            if (!card) {
                continue;
            }
            if (choice.rule == TokenChoice::Rule::first) {
                return one(std::move(card));
            }
            if (profile->tokens && !all) {
                return {listed(*profile->tokens, std::move(card)), true};
            }
            cards.push_back(std::move(card));
        }
        return {std::move(cards), all};
    }

    /// compare gives a Card when |profile| knows the card and its application can be selected.
    std::unique_ptr<Card> compare(const std::shared_ptr<const Profile>& profile) {
        auto applet = profile->enabled ? make_applet(profile) : nullptr;
        if (!applet) {
            return nullptr;
        }
        auto state = std::make_unique<State>(m_link, std::move(applet), m_use);
        try {
            if (m_selector.recognises(*state->applet, state->channel)) {
                state = varied(std::move(state), profile);
                state->serial = state->applet->read_serial(state->channel);
                return finished(std::move(state));
            }
        } catch (const Error& error) {
            log::info("{}: not a card of profile {}: {}", m_link.name(), profile->id, error.what());
        }
        m_spent += state->channel.exchanges();
        if (state->channel.exchanges() != 0) {
            m_link.set_user(0);  // a card may leave an application for one that it does not have
        }
        return nullptr;
    }

  private:
    /// varied is |state| with the variants of |profile| that hold for the card, where there are any.
    std::unique_ptr<State> varied(std::unique_ptr<State> state,
                                  const std::shared_ptr<const Profile>& profile) {
        const auto holds = m_selector.variants(*state->applet, state->channel);
        if (holds.empty()) {
            return state;
        }
        auto changed = make_applet(with_variants(profile, holds));
        changed->note_select_answer(state->applet->select_answer());
        m_spent += state->channel.exchanges();
        return std::make_unique<State>(m_link, std::move(changed), m_use);
    }

    std::unique_ptr<Card> finished(std::unique_ptr<State> state) {
        state->insertion = m_link.insertion();
        state->other_exchanges = m_spent + m_selector.exchanges();
        state->standing.selected = true;
        m_link.set_user(state->id);
        tell(m_link.name(), state->profile(), state->serial);
        return std::unique_ptr<Card>(new Card(std::move(state)));
    }

    static Found one(std::unique_ptr<Card> card) {
        Found found{{}, true};
        found.cards.push_back(std::move(card));
        return found;
    }

    /// listed compares the card with the profiles |ids|, in that order. |known| is what one of them has found
    /// already; when none of them fits, it is all that there is.
    Cards listed(const std::vector<std::string>& ids, std::unique_ptr<Card> known) {
        Cards cards;
        for (const std::string& id : ids) {
            const auto profile = m_profiles.find(id);
            if (!profile) {
                log::warn("tokens: there is no profile \"{}\"", id);
            } else if (known && known->profile().id == id) {
                cards.push_back(std::move(known));
            } else if (!has_application(cards, *profile)) {
                if (auto card = compare(profile)) {
                    cards.push_back(std::move(card));
                }
            }
        }
        if (cards.empty() && known) {
            cards.push_back(std::move(known));
        }
        return cards;
    }

    static bool has_application(const Cards& cards, const Profile& profile) {
        return std::ranges::any_of(cards, [&](const auto& card) {
            return card->profile().applet == profile.applet &&
                   card->profile().select.aid == profile.select.aid;
        });
    }

    reader::CardLink& m_link;
    const ProfileSet& m_profiles;
    Selector m_selector;
    std::shared_ptr<CardUse> m_use;
    std::uint64_t m_spent = 0;
};

std::unique_ptr<Card> Card::recognise(reader::CardLink& link, const ProfileSet& profiles) {
    auto found = recognise_all(link, profiles, {.rule = TokenChoice::Rule::first}, lease_wait);
    return found.cards.empty() ? nullptr : std::move(found.cards.front());
}

Card::Found Card::recognise_all(reader::CardLink& link, const ProfileSet& profiles, const TokenChoice& choice,
                                Milliseconds patience) {
    const auto lease = link.acquire(Deadline::after(patience));
    Found found = Recogniser(link, profiles, std::make_shared<CardUse>()).all(choice);
    if (found.cards.empty()) {
        log::info("{}: no profile fits the card with ATR {}", link.name(), to_hex(link.atr()));
    }
    return found;
}

std::unique_ptr<Card> Card::again(const ProfileSet& profiles) const {
    const auto lease = m_state->link.acquire(Deadline::after(lease_wait));
    const auto profile = profiles.find(this->profile().id);
    return profile ? Recogniser(m_state->link, profiles, m_state->use).compare(profile) : nullptr;
}

}  // namespace jeton::card
