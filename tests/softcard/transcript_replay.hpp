// Sends the commands of a recorded exchange with another card to a software card, and compares the answers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/transcript.hpp"

#include "softcard/card_under_test.hpp"

namespace jeton::softcard {

/// structure writes tags and lengths of the data objects in |data|, "61:17[4F:6 79:7[4F:5]]", or only its
/// length when it holds none. |cut| tells that |data| is the beginning of something longer.
std::string structure(View data, bool cut);

/// How much of an answer must be equal when its value is the card's own.
enum class Likeness {
    objects,  ///< tags and lengths
    tags,     ///< tags; a length is the card's choice
    length,   ///< the length: there are no tags in it
};

/// OwnValue is a row of the commands whose answers no two cards have in common.
struct OwnValue {
    std::string_view command;  ///< begins with this
    Likeness likeness;
    std::string_view why;
};

/// Mismatch is one answer that differs in more than it may.
struct Mismatch {
    std::string command;  ///< in hex, as recorded
    std::string expected;
    std::string got;
    bool operator==(const Mismatch&) const = default;
};

void PrintTo(const Mismatch& mismatch, std::ostream* out);

/// TranscriptReplay plays the host of a recorded exchange. What the host computed for the recorded card it
/// computes anew: the second step of mutual authentication, with the well-known management key.
class TranscriptReplay {
  public:
    /// |card| must live longer; |keys| are the public keys of those that it has.
    explicit TranscriptReplay(CardUnderTest& card, std::map<Byte, crypto::PublicKey> keys = {})
        : m_card(card), m_keys(std::move(keys)) {}

    /// run sends all commands and gives the answers that differ. Results of private keys are checked with
    /// the public key on the way (EXPECT).
    std::vector<Mismatch> run(const support::Transcript& transcript);

    /// keys are the public keys: those given and those generated.
    const std::map<Byte, crypto::PublicKey>& keys() const { return m_keys; }

    /// results counts the answers that were checked with a public key.
    int results() const { return m_results; }

  private:
    /// Step is one command with all its GET RESPONSEs.
    struct Step {
        Bytes command;
        Bytes recorded, got;                      ///< data, joined
        std::string recorded_status, got_status;  ///< status words, in order
        bool cut = false;                         ///< not fetched to the end
    };

    Bytes adapted(View command) const;
    static void add(Step& step, View recorded, View got);
    void finish(const Step& step);
    void compare(const Step& step);
    void take_note(const Step& step);
    void check_result(Byte reference, Byte algorithm, View input, View result);

    CardUnderTest& m_card;
    std::map<Byte, crypto::PublicKey> m_keys;
    std::vector<Mismatch> m_mismatches;
    Bytes m_chained;  ///< data of the links so far
    Bytes m_witness;  ///< the card's, as it came, between the two steps
    int m_results = 0;
};

}  // namespace jeton::softcard
