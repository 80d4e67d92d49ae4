#include "card/selector.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "reader/atr.hpp"
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

/// question is all that makes one SELECT differ from another.
Bytes question(const Profile& profile) {
    Bytes out = to_bytes(view_of(profile.applet));
    out.push_back(profile.select.p2);
    append(out, profile.select.aid);
    for (const Bytes& aid : profile.select.alternates) {
        out.push_back(0x00);
        append(out, aid);
    }
    return out;
}

}  // namespace

bool Selector::recognises(Applet& applet, Channel& channel) {
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

std::vector<std::size_t> Selector::variants(Applet& applet, Channel& channel) {
    const auto& all = applet.profile().variants;
    std::vector<std::size_t> holds;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (power_on_fits(all[i], m_link) && version_fits(all[i], applet, channel)) {
            holds.push_back(i);
        }
    }
    return holds;
}

/// select makes the application of |applet| current; false when the card does not have it.
bool Selector::select(Applet& applet, Channel& channel) {
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
bool Selector::application_fits(const MatchRule& rule, Applet& applet, Channel& channel) {
    if (rule.select_tlv) {
        const auto value = find_tlv_anywhere(applet.select_answer(), rule.select_tlv->tag);
        if (!value || !rule.select_tlv->value.fits(*value)) {
            return false;
        }
    }
    return data_fits(rule, channel) && version_fits(rule, applet, channel);
}

bool Selector::data_fits(const MatchRule& rule, Channel& channel) {
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

bool Selector::version_fits(const MatchRule& rule, Applet& applet, Channel& channel) {
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

bool Selector::has(const Profile& profile, const Bytes& aid) {
    const auto known = m_aids.find(aid);
    if (known != m_aids.end()) {
        return known->second;
    }
    Channel channel(m_link, profile.transport);
    const Response answer =
        channel.transmit({.ins = ins_select, .p1 = 0x04, .p2 = profile.select.p2, .data = aid, .le = 256});
    m_exchanges += channel.exchanges();
    m_current.clear();
    return m_aids[aid] = answer.status.ok();
}

bool spoken_for(const Profile& profile, const reader::CardLink& link) {
    return std::any_of(profile.match.begin(), profile.match.end(), [&link](const MatchRule& rule) {
        return speaks_of_atr(rule) && power_on_fits(rule, link);
    });
}

std::vector<std::shared_ptr<const Profile>> in_order(const ProfileSet& profiles,
                                                     const reader::CardLink& link) {
    auto ordered = profiles.profiles();
    std::sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) {
        const auto rank = [&](const Profile& profile) {
            return std::tuple(-profile.priority, !spoken_for(profile, link), std::string_view(profile.id));
        };
        return rank(*a) < rank(*b);
    });
    return ordered;
}

}  // namespace jeton::card
