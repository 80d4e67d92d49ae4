// Which profile fits the card in the reader?
#include <algorithm>
#include <functional>
#include <map>

#include "card/card_state.hpp"
#include "reader/atr.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

Byte lower(Byte character) {
    return character >= 'A' && character <= 'Z' ? static_cast<Byte>(character + ('a' - 'A')) : character;
}

bool same_letter(Byte a, Byte b) {
    return lower(a) == lower(b);
}

template <typename Same>
bool contains(View haystack, View needle, Same same) {
    return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end(), same) !=
           haystack.end();
}

bool atr_fits(const MatchRule& rule, View atr) {
    if (rule.atr.empty()) {
        return true;
    }
    if (atr.size() != rule.atr.size()) {
        return false;
    }
    for (std::size_t i = 0; i < atr.size(); ++i) {
        const Byte mask = i < rule.atr_mask.size() ? rule.atr_mask[i] : 0xFF;
        if (((atr[i] ^ rule.atr[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

/// power_on_fits looks at what the card said when it was powered; |rule|'s AID is another matter.
bool power_on_fits(const MatchRule& rule, View atr) {
    const auto parsed = reader::parse_atr(atr);
    const View historical = parsed ? parsed->historical : View{};
    return atr_fits(rule, atr) && contains(historical, view_of(rule.historical_text), same_letter) &&
           contains(historical, rule.historical_hex, std::equal_to<>());
}

/// power_on_names tells whether a rule of |profile| names something that the card said when it was powered: a
/// reason to look for its application beside another one. An AID alone is none, because each question costs
/// an APDU on every card.
bool power_on_names(const Profile& profile, View atr) {
    return std::any_of(profile.match.begin(), profile.match.end(), [&](const MatchRule& rule) {
        const bool names = !rule.atr.empty() || !rule.historical_text.empty() || !rule.historical_hex.empty();
        return names && power_on_fits(rule, atr);
    });
}

/// says_something is false for a rule without any part, which would fit every card.
bool says_something(const MatchRule& rule) {
    return !rule.atr.empty() || !rule.historical_text.empty() || !rule.historical_hex.empty() ||
           !rule.aid.empty();
}

bool begins_with(View text, View start) {
    return text.size() >= start.size() && equal(text.first(start.size()), start);
}

/// Selector selects applications, and asks the card no question twice.
class Selector {
  public:
    explicit Selector(reader::CardLink& link) : m_link(link) {}

    /// fits tells whether one of the rules of |profile| recognises the card, as far as that is known without
    /// the profile's own application, which select() tries.
    bool fits(const Profile& profile) {
        return std::any_of(profile.match.begin(), profile.match.end(), [&](const MatchRule& rule) {
            return says_something(rule) && power_on_fits(rule, m_link.atr()) &&
                   (begins_with(profile.select.aid, rule.aid) || has(profile, rule.aid));
        });
    }

    /// select makes the application of |applet| current; false when the card does not have it.
    bool select(Applet& applet, Channel& channel) {
        const Bytes name = question(applet.profile());
        const auto known = m_applications.find(name);
        if (known != m_applications.end() && (!known->second || m_current == name)) {
            return known->second;
        }
        const bool selected = applet.select(channel);
        m_applications[name] = selected;
        m_current = selected ? name : Bytes{};
        return selected;
    }

    /// exchanges counts the APDUs that did not go through an applet's Channel.
    std::uint64_t exchanges() const { return m_exchanges; }

  private:
    /// question is all that makes one SELECT differ from another.
    static Bytes question(const Profile& profile) {
        Bytes out = to_bytes(view_of(profile.applet));
        out.push_back(profile.select.p2);
        append(out, profile.select.aid);
        for (const Bytes& aid : profile.select.alternates) {
            out.push_back(0x00);
            append(out, aid);
        }
        return out;
    }

    bool has(const Profile& profile, const Bytes& aid) {
        const auto known = m_aids.find(aid);
        if (known != m_aids.end()) {
            return known->second;
        }
        Channel channel(m_link, profile.transport);
        const Response answer =
            channel.transmit({.ins = 0xA4, .p1 = 0x04, .p2 = profile.select.p2, .data = aid, .le = 256});
        m_exchanges += channel.exchanges();
        m_current.clear();
        return m_aids[aid] = answer.status.ok();
    }

    reader::CardLink& m_link;
    std::map<Bytes, bool> m_aids;          ///< asked alone
    std::map<Bytes, bool> m_applications;  ///< asked through an applet
    Bytes m_current;
    std::uint64_t m_exchanges = 0;
};

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
        for (const auto& profile : m_profiles.profiles()) {
            const bool asked = cards.empty() || all || power_on_names(*profile, m_link.atr());
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
            if (m_selector.fits(*profile) && m_selector.select(*state->applet, state->channel)) {
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
    std::unique_ptr<Card> finished(std::unique_ptr<State> state) {
        state->insertion = m_link.insertion();
        state->other_exchanges = m_spent + m_selector.exchanges();
        state->standing.selected = true;
        m_link.set_user(state->id);
        log::info("{}: profile {}, serial number {}", m_link.name(), state->profile().id, state->serial);
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
