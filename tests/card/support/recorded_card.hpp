// A Card on the recorded answers of a real card (tests/transcripts), in short APDUs.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/replay_link.hpp"

#include "card/card.hpp"
#include "card/support/error_of.hpp"
#include "card/support/profiles.hpp"
#include "card/support/unrecorded.hpp"
#include "crypto/block_cipher.hpp"

namespace jeton::card {

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

    /// know_management_key makes the card answer mutual authentication with 9B (SP 800-73-4 part 2, A.1.1):
    /// the challenges are new each time, so that no record holds the answers. The key is 3DES.
    void know_management_key() {
        m_link->computed = [](View command) -> std::optional<Bytes> {
            const Bytes key = bytes(management_key);
            const Bytes witness = bytes("0123456789ABCDEF");
            const auto answer = [&](std::string_view head, View block) {
                Bytes out = bytes(head);
                append(out, crypto::crypt_block(crypto::BlockCipher::tdes, crypto::Direction::encrypt, key,
                                                block));
                append(out, bytes("9000"));
                return out;
            };
            const std::string text = to_hex(command);
            if (text == "0087039B047C02800000") {
                return answer("7C0A8008", witness);
            }
            if (text.starts_with("0087039B167C148008") && command.size() == 28) {
                const bool right = equal(command.subspan(9, 8), witness);
                return right ? answer("7C0A8208", command.subspan(19, 8)) : bytes("6982");
            }
            return std::nullopt;
        };
    }

    static constexpr std::string_view management_key = "010203040506070801020304050607080102030405060708";

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

    /// recorded_inputs gives the data of each recorded command |ins|, the links of a chain joined.
    std::vector<Bytes> recorded_inputs(Byte ins) const {
        std::vector<Bytes> out;
        bool chained = false;
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            const View command = exchange.command;
            if (command[1] != ins) {
                continue;
            }
            if (!std::exchange(chained, (command[0] & 0x10) != 0)) {
                out.emplace_back();
            }
            append(out.back(), command.subspan(5, command[4]));
        }
        return out;
    }

    /// recorded_commands and sent_commands give all commands |ins|, links of chains included, in hex.
    std::vector<std::string> recorded_commands(Byte ins) const {
        std::vector<std::string> out;
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            if (exchange.command[1] == ins) {
                out.push_back(to_hex(exchange.command));
            }
        }
        return out;
    }
    std::vector<std::string> sent_commands(Byte ins) const {
        std::vector<std::string> out;
        for (const Bytes& command : m_link->sent) {
            if (command[1] == ins) {
                out.push_back(to_hex(command));
            }
        }
        return out;
    }

    std::size_t key(std::string_view id) const { return key_index(m_card->profile(), id); }
    std::size_t object(std::string_view id) const { return object_index(m_card->profile(), id); }
    PinStatus pin() const { return m_card->known_pin_status(PinRole::user).value_or(PinStatus{}); }

    support::Transcript m_transcript;
    std::optional<support::ReplayLink> m_link;
    std::unique_ptr<Card> m_card;
};

}  // namespace jeton::card
