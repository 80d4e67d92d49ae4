// Which profile fits the card in the reader?
#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "card/card_state.hpp"
#include "card/profile_document.hpp"
#include "card/profile_variants.hpp"
#include "reader/atr.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr Byte ins_select = 0xA4;
constexpr Byte ins_get_data = 0xCA;

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

/// has_name tells whether |name| is as |glob| says, where * stands for any characters and ? for one.
bool has_name(std::string_view glob, std::string_view name) {
    std::size_t at = 0;
    std::size_t in_glob = 0;
    std::size_t star = std::string_view::npos;  // the last one, and the first character that it did not take
    std::size_t behind_star = 0;
    while (at < name.size()) {
        if (in_glob < glob.size() && glob[in_glob] == '*') {
            star = in_glob++;
            behind_star = at;
        } else if (in_glob < glob.size() && (glob[in_glob] == '?' || glob[in_glob] == name[at])) {
            ++in_glob;
            ++at;
        } else if (star != std::string_view::npos) {
            in_glob = star + 1;
            at = ++behind_star;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', in_glob) == std::string_view::npos;
}

/// speaks_of_atr tells rules that look at what the card said when it was powered.
bool speaks_of_atr(const MatchRule& rule) {
    return !rule.atr.value.empty() || !rule.historical_text.empty() || !rule.historical_hex.empty();
}

/// power_on_fits looks at reader and ATR; what |rule| asks the card is another matter.
bool power_on_fits(const MatchRule& rule, const reader::CardLink& link) {
    const View atr = link.atr();
    const auto parsed = reader::parse_atr(atr);
    const View historical = parsed ? parsed->historical : View{};
    return (rule.atr.value.empty() || rule.atr.fits(atr)) &&
           contains(historical, view_of(rule.historical_text), same_letter) &&
           contains(historical, rule.historical_hex, std::equal_to<>()) &&
           (rule.reader.empty() || has_name(rule.reader, link.name()));
}

/// says_something is false for a rule without any part, which would fit every card.
bool says_something(const MatchRule& rule) {
    return !(rule == MatchRule{});
}

bool begins_with(View text, View start) {
    return text.size() >= start.size() && equal(text.first(start.size()), start);
}

/// Selector selects applications, and asks the card no question twice.
class Selector {
  public:
    explicit Selector(reader::CardLink& link) : m_link(link) {}

    /// recognises tells whether one of the rules of |applet|'s profile fits the card, and leaves its
    /// application selected then.
    bool recognises(Applet& applet, Channel& channel) {
        const Profile& profile = applet.profile();
        for (const MatchRule& rule : profile.match) {
            const bool fits = says_something(rule) && power_on_fits(rule, m_link) &&
                              (begins_with(profile.select.aid, rule.aid) || has(profile, rule.aid));
            if (fits && !select(applet, channel)) {
                return false;
            }
            if (fits && application_fits(rule, applet, channel)) {
                return true;
            }
        }
        return false;
    }

    /// variants are those of the profile that hold for the card, whose application is selected.
    std::vector<std::size_t> variants(Applet& applet, Channel& channel) {
        const auto& all = applet.profile().variants;
        std::vector<std::size_t> holds;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (power_on_fits(all[i], m_link) && version_fits(all[i], applet, channel)) {
                holds.push_back(i);
            }
        }
        return holds;
    }

    /// exchanges counts the APDUs that did not go through an applet's Channel.
    std::uint64_t exchanges() const { return m_exchanges; }

  private:
    /// select makes the application of |applet| current; false when the card does not have it.
    bool select(Applet& applet, Channel& channel) {
        const Bytes name = question(applet.profile());
        const auto known = m_applications.find(name);
        if (known != m_applications.end() && (!known->second || m_current == name)) {
            if (known->second) {
                applet.note_select_answer(*known->second);
            }
            return known->second.has_value();
        }
        const bool selected = applet.select(channel);
        m_applications[name] = selected ? std::optional(to_bytes(applet.select_answer())) : std::nullopt;
        m_current = selected ? name : Bytes{};
        return selected;
    }

    /// application_fits looks at what the selected application says.
    bool application_fits(const MatchRule& rule, Applet& applet, Channel& channel) {
        if (rule.select_tlv) {
            const auto value = find_tlv_anywhere(applet.select_answer(), rule.select_tlv->tag);
            if (!value || !rule.select_tlv->value.fits(*value)) {
                return false;
            }
        }
        return data_fits(rule, channel) && version_fits(rule, applet, channel);
    }

    bool data_fits(const MatchRule& rule, Channel& channel) {
        if (!rule.get_data) {
            return true;
        }
        Bytes name = m_current;
        name.push_back(rule.get_data->p1);
        name.push_back(rule.get_data->p2);
        auto known = m_data.find(name);
        if (known == m_data.end()) {
            const Response answer = channel.transmit(
                {.ins = ins_get_data, .p1 = rule.get_data->p1, .p2 = rule.get_data->p2, .le = 256});
            known = m_data.emplace(name, answer.status.ok() ? to_bytes(answer.data) : Bytes{}).first;
        }
        return rule.get_data->value.fits(known->second);
    }

    bool version_fits(const MatchRule& rule, Applet& applet, Channel& channel) {
        if (rule.version.any()) {
            return true;
        }
        const Bytes name = question(applet.profile());
        auto known = m_versions.find(name);
        if (known == m_versions.end()) {
            known = m_versions.emplace(name, applet.read_version(channel)).first;
        }
        return known->second && rule.version.contains(*known->second);
    }

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
        const Response answer = channel.transmit(
            {.ins = ins_select, .p1 = 0x04, .p2 = profile.select.p2, .data = aid, .le = 256});
        m_exchanges += channel.exchanges();
        m_current.clear();
        return m_aids[aid] = answer.status.ok();
    }

    reader::CardLink& m_link;
    std::map<Bytes, bool> m_aids;                          ///< asked alone
    std::map<Bytes, std::optional<Bytes>> m_applications;  ///< asked through an applet: what it answered
    std::map<Bytes, Bytes> m_data;                         ///< by application, P1 and P2
    std::map<Bytes, std::optional<Version>> m_versions;    ///< by application
    Bytes m_current;
    std::uint64_t m_exchanges = 0;
};

void tell(const std::string& reader, const Profile& profile, const std::string& serial) {
    if (log::enabled(log::Level::info)) {  // the digest takes time
        log::info("{}: profile {} (SHA-256 {}), serial number {}", reader, profile.id,
                  profile.document ? profile.document->sha256() : "unknown", serial);
    }
}

/// in_order has the profiles by priority, and among equals first those that the ATR speaks for: they cost no
/// SELECT for nothing.
std::vector<std::shared_ptr<const Profile>> in_order(const ProfileSet& profiles,
                                                     const reader::CardLink& link) {
    auto ordered = profiles.profiles();
    const auto spoken_for = [&link](const Profile& profile) {
        return std::any_of(profile.match.begin(), profile.match.end(), [&link](const MatchRule& rule) {
            return speaks_of_atr(rule) && power_on_fits(rule, link);
        });
    };
    std::sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) {
        const auto rank = [&](const Profile& profile) {
            return std::tuple(-profile.priority, !spoken_for(profile), std::string_view(profile.id));
        };
        return rank(*a) < rank(*b);
    });
    return ordered;
}

}  // namespace

std::unique_ptr<Card> Card::recognise(reader::CardLink& link, const ProfileSet& profiles) {
    const auto lease = link.acquire(Deadline::after(lease_wait));
    Selector selector(link);
    std::uint64_t spent = 0;
    for (const auto& profile : in_order(profiles, link)) {
        auto applet = profile->enabled ? make_applet(profile) : nullptr;
        if (!applet) {
            continue;
        }
        auto state = std::make_unique<State>(link, std::move(applet));
        try {
            if (selector.recognises(*state->applet, state->channel)) {
                const auto holds = selector.variants(*state->applet, state->channel);
                if (!holds.empty()) {
                    auto changed = make_applet(with_variants(profile, holds));
                    changed->note_select_answer(state->applet->select_answer());
                    spent += state->channel.exchanges();
                    state = std::make_unique<State>(link, std::move(changed));
                }
                state->serial = state->applet->read_serial(state->channel);
                state->insertion = link.insertion();
                state->other_exchanges = spent + selector.exchanges();
                state->standing.selected = true;
                tell(link.name(), state->profile(), state->serial);
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
