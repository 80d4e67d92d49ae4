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

std::unique_ptr<Card> Card::recognise(reader::CardLink& link, const ProfileSet& profiles) {
    const auto lease = link.acquire(Deadline::after(lease_wait));
    Selector selector(link);
    std::uint64_t spent = 0;
    for (const auto& profile : profiles.profiles()) {
        auto applet = profile->enabled ? make_applet(profile) : nullptr;
        if (!applet) {
            continue;
        }
        auto state = std::make_unique<State>(link, std::move(applet));
        try {
            if (selector.fits(*profile) && selector.select(*state->applet, state->channel)) {
                state->serial = state->applet->read_serial(state->channel);
                state->insertion = link.insertion();
                state->other_exchanges = spent + selector.exchanges();
                state->standing.selected = true;
                log::info("{}: profile {}, serial number {}", link.name(), profile->id, state->serial);
                return std::unique_ptr<Card>(new Card(std::move(state)));
            }
        } catch (const Error& error) {
            log::info("{}: not a card of profile {}: {}", link.name(), profile->id, error.what());
        }
        spent += state->channel.exchanges();
    }
    log::info("{}: no profile fits the card with ATR {}", link.name(), to_hex(link.atr()));
    return nullptr;
}

}  // namespace jeton::card
