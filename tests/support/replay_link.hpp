// A CardLink that replays a recorded exchange. Header only, for the tests of any layer.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/transcript.hpp"

#include "reader/card_link.hpp"
#include "reader/error.hpp"

namespace jeton::support {

/// StandIn answers, by command, what a transcript does not have: as another command of it, or in its own
/// words.
struct StandIn {
    Bytes command;
    Bytes recorded;  ///< the command of the transcript that is answered instead; empty: |answer| counts
    Bytes answer;
    bool used = false;
};

/// ReplayLink answers from a Transcript and keeps what it was sent.
class ReplayLink final : public reader::CardLink {
  public:
    enum class Matching {
        in_order,    ///< stern: the next command must be the next recorded one
        by_command,  ///< mild: the recorded response of this command, the ones not used yet first, then the
                     ///< last again; GET RESPONSE as recorded behind the command before it
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
    Bytes unknown_command_answer;    ///< when not empty: the answer to what the transcript does not have
    std::vector<StandIn> stand_ins;  ///< by_command
    std::function<std::optional<Bytes>(View)>
        computed;  ///< by_command: answers that no record can hold, first

    // What a test looks at.
    std::size_t apdus = 0;            ///< commands sent, refused ones included
    std::size_t leases = 0;           ///< Leases given
    std::size_t resets = 0;           ///< calls of reset()
    std::size_t writes = 0;           ///< calls of mark_written()
    bool leased = false;              ///< a Lease exists now
    std::vector<Bytes> sent;          ///< the commands, in order
    std::vector<Bytes> unrecorded;    ///< those of them that had no answer
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

    static bool is_get_response(View command) { return command.size() > 1 && command[1] == 0xC0; }

    /// is_next tells whether |command| is the one that was recorded behind the last one used.
    bool is_next(View command) const {
        return m_next < m_transcript.exchanges.size() &&
               equal(m_transcript.exchanges[m_next].command, command);
    }

    Bytes use(std::size_t index) {
        m_used[index] = true;
        m_next = index + 1;
        return m_transcript.exchanges[index].response;
    }

    Bytes answer(View command) {
        if (m_matching == Matching::in_order) {
            return is_next(command) ? use(m_next) : unknown(command);
        }
        if (computed) {
            if (auto made = computed(command)) {
                return std::move(*made);
            }
        }
        const auto stand_in = std::find_if(stand_ins.begin(), stand_ins.end(),
                                           [&](const StandIn& it) { return equal(it.command, command); });
        if (stand_in == stand_ins.end()) {
            return recorded_answer(command);
        }
        stand_in->used = true;
        return stand_in->recorded.empty() ? stand_in->answer : recorded_answer(stand_in->recorded);
    }

    Bytes recorded_answer(View command) {
        if (is_get_response(command)) {
            return is_next(command) ? use(m_next) : unknown(command);
        }
        const auto& list = m_transcript.exchanges;
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
        return use(*found);
    }

    Bytes unknown(View command) {
        unrecorded.push_back(to_bytes(command));
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
    std::size_t m_next = 0;  ///< behind the exchange used last
};

}  // namespace jeton::support
