// A PIV applet in conversation with a card that knows its part by heart: any other command than the expected
// one ends the test, and each expected one must come.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "support/replay_link.hpp"

#include "card/applet.hpp"
#include "card/support/error_of.hpp"
#include "card/support/profiles.hpp"

namespace jeton::card {

class PivConversation : public testing::Test {
  protected:
    /// expect adds one exchange, both sides in hex.
    void expect(const std::string& command, const std::string& answer) {
        m_transcript.exchanges.push_back({from_hex(command).value(), from_hex(answer).value()});
    }

    /// expect_object adds the reading of the object |tag|.
    void expect_object(const std::string& tag, const std::string& answer) {
        const std::string length = to_hex(Bytes{static_cast<Byte>(tag.size() / 2)});
        const std::string whole = to_hex(Bytes{static_cast<Byte>(tag.size() / 2 + 2)});
        expect("00CB3FFF 0000" + whole + "5C" + length + tag + "0000", answer);
    }

    /// channel starts the conversation: with the profile and the answers as they are now.
    Channel& channel() {
        if (!m_channel) {
            m_shared = std::make_shared<const Profile>(m_profile);
            m_applet = make_applet(m_shared);
            m_link.emplace(m_transcript);
            m_link->link_limits.extended_apdu = m_extended;
            m_lease = m_link->acquire(Deadline::after(Milliseconds(100)));
            m_channel.emplace(*m_link, m_shared->transport);
        }
        return *m_channel;
    }

    Applet& applet() {
        channel();
        return *m_applet;
    }

    /// changed_user is the user PIN's rule, for a test to change before the conversation starts.
    PinRule& changed_user() {
        return *std::find_if(m_profile.pins.begin(), m_profile.pins.end(),
                             [](const PinRule& pin) { return pin.role == PinRole::user; });
    }

    const PinRule& user() { return *applet().profile().pin(PinRole::user); }
    const KeySlot& key_slot(std::string_view id) { return applet().profile().keys[key_index(m_profile, id)]; }
    const ObjectSlot& object_slot(std::string_view id) {
        return applet().profile().objects[object_index(m_profile, id)];
    }

    void TearDown() override {
        if (m_link) {
            EXPECT_TRUE(m_link->finished()) << "the card was not asked everything that was expected";
        }
    }

    Profile m_profile = piv_profile();
    bool m_extended = true;
    support::Transcript m_transcript;
    std::optional<support::ReplayLink> m_link;

  private:
    std::shared_ptr<const Profile> m_shared;
    std::unique_ptr<reader::Lease> m_lease;
    std::optional<Channel> m_channel;
    std::unique_ptr<Applet> m_applet;
};

}  // namespace jeton::card
