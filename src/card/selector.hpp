// Which of a card's applications does a profile speak of? Selection and the questions of `match` and
// `variants`.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "card/applet.hpp"
#include "card/profile_set.hpp"
#include "card/profile_version.hpp"
#include "reader/card_link.hpp"

namespace jeton::card {

/// Selector selects applications, and asks the card no question twice.
class Selector {
  public:
    /// |link| must live longer.
    explicit Selector(reader::CardLink& link) : m_link(link) {}

    /// recognises tells whether one of the rules of |applet|'s profile fits the card, and leaves its
    /// application selected then.
    bool recognises(Applet& applet, Channel& channel);

    /// variants are those of the profile that hold for the card, whose application is selected.
    std::vector<std::size_t> variants(Applet& applet, Channel& channel);

    /// exchanges counts the APDUs that did not go through an applet's Channel.
    std::uint64_t exchanges() const { return m_exchanges; }

  private:
    bool select(Applet& applet, Channel& channel);
    bool application_fits(const MatchRule& rule, Applet& applet, Channel& channel);
    bool data_fits(const MatchRule& rule, Channel& channel);
    bool version_fits(const MatchRule& rule, Applet& applet, Channel& channel);
    bool has(const Profile& profile, const Bytes& aid);

    reader::CardLink& m_link;
    std::map<Bytes, bool> m_aids;                          ///< asked alone
    std::map<Bytes, std::optional<Bytes>> m_applications;  ///< asked through an applet: what it answered
    std::map<Bytes, Bytes> m_data;                         ///< by application, P1 and P2
    std::map<Bytes, std::optional<Version>> m_versions;    ///< by application
    Bytes m_current;
    std::uint64_t m_exchanges = 0;
};

/// spoken_for tells whether the ATR speaks for |profile|: a rule names part of it, and that fits.
bool spoken_for(const Profile& profile, const reader::CardLink& link);

/// in_order has the profiles by priority, and among equals first those that the ATR speaks for: they cost no
/// SELECT for nothing.
std::vector<std::shared_ptr<const Profile>> in_order(const ProfileSet& profiles,
                                                     const reader::CardLink& link);

}  // namespace jeton::card
