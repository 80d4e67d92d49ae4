// A CardLink that replays a recorded exchange: lines `> ` with a command APDU and `< ` with its response, in
// hex; `#` begins a remark, `# ATR hex` names the card's ATR. Header only, for the tests of any layer.
#pragma once

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reader/card_link.hpp"
#include "reader/error.hpp"

namespace jeton::support {

/// Exchange is one command APDU and the response that was recorded for it.
struct Exchange {
    Bytes command;
    Bytes response;
};

/// Transcript is a recorded exchange with one card.
struct Transcript {
    Bytes atr{0x3B, 0x80, 0x80, 0x01, 0x01};
    std::vector<Exchange> exchanges;

    /// parse reads the text of an .apdu file. Throws std::runtime_error naming the line that it does not
    /// understand.
    static Transcript parse(std::string_view text) {
        Transcript transcript;
        std::istringstream stream{std::string(text)};
        std::string line;
        for (int number = 1; std::getline(stream, line); ++number) {
            if (!transcript.take_line(line)) {
                throw std::runtime_error("transcript line " + std::to_string(number) + ": " + line);
            }
        }
        return transcript;
    }

    static Transcript load(const std::string& path) {
        std::ifstream stream(path);
        if (!stream) {
            throw std::runtime_error("cannot open " + path);
        }
        std::ostringstream text;
        text << stream.rdbuf();
        return parse(text.str());
    }

  private:
    static std::optional<Bytes> hex_after(std::string_view line, std::size_t prefix) {
        line.remove_prefix(prefix);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) {
            line.remove_suffix(1);
        }
        return from_hex(line);
    }

    bool take_line(std::string_view line) {
        if (line.starts_with("# ATR ")) {
            atr = hex_after(line, 6).value_or(atr);
            return true;
        }
        if (line.starts_with("#") || line.find_first_not_of(" \r") == std::string_view::npos) {
            return true;
        }
        const auto bytes = line.size() > 2 ? hex_after(line, 2) : std::nullopt;
        if (!bytes) {
            return false;
        }
        if (line.starts_with("> ")) {
            exchanges.push_back({*bytes, {}});
            return true;
        }
        if (line.starts_with("< ") && !exchanges.empty() && exchanges.back().response.empty()) {
            exchanges.back().response = *bytes;
            return true;
        }
        return false;
    }
};

/// ReplayLink answers from a Transcript and keeps what it was sent.
class ReplayLink final : public reader::CardLink {
  public:
    enum class Matching {
        in_order,    ///< stern: the next command must be the next recorded one
        by_command,  ///< mild: the recorded response of this command, the ones not used yet first, then the
                     ///< last again
    };

    explicit ReplayLink(Transcript transcript, Matching matching = Matching::in_order)
        : m_transcript(std::move(transcript)), m_used(m_transcript.exchanges.size()), m_matching(matching) {}

    // What a test sets.
    reader::LinkLimits link_limits{.extended_apdu = true};
    reader::Continuity continuity =
        reader::Continuity::kept;  ///< of each Lease but the first, which is `reset`
    bool others_wrote = false;     ///< of the next Lease; then false again
    bool card_present = true;
    std::uint64_t insertions = 1;
    Bytes unknown_command_answer;  ///< when not empty: the answer to what the transcript does not have

    // What a test looks at.
    std::size_t apdus = 0;            ///< commands sent, refused ones included
    std::size_t leases = 0;           ///< Leases given
    std::size_t resets = 0;           ///< calls of reset()
    std::size_t writes = 0;           ///< calls of mark_written()
    bool leased = false;              ///< a Lease exists now
    std::vector<Bytes> sent;          ///< the commands, in order
    std::vector<Milliseconds> waits;  ///< the limit given with each command

    /// finished tells whether each recorded exchange was used.
    bool finished() const { return std::find(m_used.begin(), m_used.end(), false) == m_used.end(); }

    std::string name() const override { return "replayed card"; }
    reader::LinkLimits limits() const override { return link_limits; }
    bool present() override { return card_present; }
    std::uint64_t insertion() const override { return insertions; }
    View atr() const override { return m_transcript.atr; }

    std::unique_ptr<reader::Lease> acquire(Deadline) override {
        if (leased) {
            throw reader::Error(reader::Error::Kind::busy, "the replayed card is leased already");
        }
        if (!card_present) {
            throw reader::Error(reader::Error::Kind::no_card, "no replayed card");
        }
        const auto state = leases++ == 0 ? reader::Continuity::reset : continuity;
        return std::make_unique<ReplayLease>(*this, state, std::exchange(others_wrote, false));
    }

    SecretBytes transmit(View command, Milliseconds limit) override {
        if (!leased) {
            throw std::logic_error("transmit without a Lease");
        }
        ++apdus;
        sent.push_back(to_bytes(command));
        waits.push_back(limit);
        return to_secret(answer(command));
    }

    void reset() override {
        if (!leased) {
            throw std::logic_error("reset without a Lease");
        }
        ++resets;
    }

  private:
    class ReplayLease final : public reader::Lease {
      public:
        ReplayLease(ReplayLink& link, reader::Continuity state, bool wrote)
            : m_link(link), m_state(state), m_wrote(wrote) {
            m_link.leased = true;
        }
        ~ReplayLease() override { m_link.leased = false; }
        ReplayLease(const ReplayLease&) = delete;
        ReplayLease& operator=(const ReplayLease&) = delete;

        reader::Continuity continuity() const override { return m_state; }
        bool others_wrote() const override { return m_wrote; }
        void mark_written() override { ++m_link.writes; }

      private:
        ReplayLink& m_link;
        reader::Continuity m_state;
        bool m_wrote;
    };

    View answer(View command) {
        const auto& list = m_transcript.exchanges;
        if (m_matching == Matching::in_order) {
            if (m_next < list.size() && equal(list[m_next].command, command)) {
                m_used[m_next] = true;
                return list[m_next++].response;
            }
            return unknown(command);
        }
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (equal(list[i].command, command)) {
                found = i;
                if (!m_used[i]) {
                    break;
                }
            }
        }
        if (!found) {
            return unknown(command);
        }
        m_used[*found] = true;
        return list[*found].response;
    }

    View unknown(View command) const {
        if (!unknown_command_answer.empty()) {
            return unknown_command_answer;
        }
        std::string expected = "nothing";
        if (m_matching == Matching::in_order && m_next < m_transcript.exchanges.size()) {
            expected = to_hex(m_transcript.exchanges[m_next].command);
        }
        throw reader::Error(reader::Error::Kind::protocol,
                            "replay: sent " + to_hex(command) + ", the transcript has " + expected);
    }

    Transcript m_transcript;
    std::vector<bool> m_used;
    Matching m_matching;
    std::size_t m_next = 0;
};

}  // namespace jeton::support
