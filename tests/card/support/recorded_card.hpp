// A Card on the recorded answers of a real card (tests/transcripts), in short APDUs.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/replay_link.hpp"

#include "card/card.hpp"
#include "card/support/profiles.hpp"

namespace jeton::card {

/// Unrecorded is a command of ours that a record does not have, with its answer.
struct Unrecorded {
    std::vector<std::string_view> files;
    std::string_view command;
    std::string_view
        recorded;  ///< the command of the same file that is answered instead; empty: |answer| counts
    std::string_view answer;
    const char* why;
};

class RecordedCardTest : public testing::Test {
  protected:
    /// insert puts the card of |file| into the reader. What it answers where the record does not, |rows|
    /// tell.
    void insert(const std::string& file, const std::vector<Unrecorded>& rows) {
        m_transcript = support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
        m_transcript.atr = atr();
        m_link.emplace(m_transcript, support::ReplayLink::Matching::by_command);
        m_link->link_limits.extended_apdu = false;
        for (const Unrecorded& row : rows) {
            if (std::find(row.files.begin(), row.files.end(), file) != row.files.end()) {
                m_link->stand_ins.push_back({bytes(row.command), bytes(row.recorded), bytes(row.answer)});
            }
        }
    }

    void recognise() {
        m_card = Card::recognise(*m_link, built_in_profiles());
        ASSERT_TRUE(m_card);
    }

    void TearDown() override { check_record(); }

    /// check_record fails the test for each command that had no answer, and each row that was not needed.
    void check_record() {
        for (const Bytes& command : m_link->unrecorded) {
            ADD_FAILURE() << "not in the record: " << to_hex(command);
        }
        for (const support::StandIn& row : m_link->stand_ins) {
            EXPECT_TRUE(row.used) << "needed no more: " << to_hex(row.command);
        }
    }

    static Bytes bytes(std::string_view digits) { return from_hex(digits).value(); }

    /// atr is the one that this firmware sends, from a record of the reader's messages.
    static Bytes atr() { return bytes("3BF71100008131FE6543616E6F6B657999"); }

    /// recorded_data joins the parts of the last answer to |command|, without status words.
    Bytes recorded_data(std::string_view command) const {
        const auto& all = m_transcript.exchanges;
        const auto found = std::find_if(all.rbegin(), all.rend(), [&](const support::Exchange& exchange) {
            return exchange.command == bytes(command);
        });
        Bytes out;
        for (auto it = found.base() - 1; it != all.end(); ++it) {
            if (it != found.base() - 1 && it->command[1] != 0xC0) {
                break;
            }
            append(out, View(it->response).first(it->response.size() - 2));
        }
        return out;
    }

    /// recorded_input joins the data of the last command chain with |header| (four bytes, the last link's).
    Bytes recorded_input(std::string_view header) const {
        Bytes out;
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            const View command = exchange.command;
            if (equal(command.subspan(1, 3), View(bytes(header)).subspan(1))) {
                append(out, command.subspan(5, command[4]));
            }
        }
        return out;
    }

    std::size_t key(std::string_view id) const { return key_index(m_card->profile(), id); }
    std::size_t object(std::string_view id) const { return object_index(m_card->profile(), id); }
    PinStatus pin() const { return m_card->known_pin_status(PinRole::user).value_or(PinStatus{}); }

    /// error_of runs |function|, which must throw an Error.
    template <typename Function>
    static Error error_of(Function&& function) {
        try {
            function();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {Error::Kind::status, Verb::select, ""};
    }

    support::Transcript m_transcript;
    std::optional<support::ReplayLink> m_link;
    std::unique_ptr<Card> m_card;
};

}  // namespace jeton::card
