// A plan of faults, as text: what goes wrong with a reader and its card, and at which message. For tests.
//
// One fault a line: what, the message (counted from 1), and for some what exactly, with one blank between.
//
//     pull N            the card is taken out
//     swap N FILE       the card in FILE is put in its place
//     unplug N          the reader is taken away
//     corrupt N [I]     byte I of the reply is inverted; without I all of them are
//     cut N [LENGTH]    the reply ends after LENGTH bytes; without it after half of them
//     double N          the reply comes twice
//     delay N MS        nothing comes for MS milliseconds
//     never N           the reply does not come
//     error N XX        the reader does not carry the message out: it fails with bError XX (hexadecimal)
//     status N XXXX     the card does not carry the command out: it answers SW1 SW2 (hexadecimal)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace jeton::reader {

struct Fault {
    enum class Kind { pull, swap, unplug, corrupt, cut, twice, delay, never, error, status };

    Kind kind = Kind::pull;
    std::uint32_t message = 0;
    std::optional<std::uint32_t> value =
        std::nullopt;       ///< offset, length, milliseconds, bError or status word
    std::string card = {};  ///< file of the other card
    std::string text = {};  ///< the line, for people
};

/// FaultPlan has at most one fault for a message.
using FaultPlan = std::vector<Fault>;

/// FaultMistake says what is wrong with a plan; a mistake spoils all of it.
struct FaultMistake {
    std::size_t line = 0;
    std::string expected;
};

/// longest_fault_plan is the most bytes that a plan has.
inline constexpr std::size_t longest_fault_plan = 16 * 1024;

/// parse_fault_plan reads at most |longest_fault_plan| bytes and 32 faults.
std::variant<FaultPlan, FaultMistake> parse_fault_plan(std::string_view text);

}  // namespace jeton::reader
