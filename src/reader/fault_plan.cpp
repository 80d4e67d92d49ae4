#include "reader/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>

namespace jeton::reader {

namespace {

using FaultKind = Fault::Kind;

constexpr std::size_t most_faults = 32;
constexpr std::uint32_t last_message = 1'000'000;
constexpr std::uint32_t longest_delay = 600'000;
constexpr std::uint32_t longest_reply = 65'554;

/// Argument is what stands behind the number of the message.
enum class Argument { none, number, number_or_none, hexadecimal, path };

struct KindRow {
    std::string_view word;
    FaultKind kind;
    Argument argument;
    std::uint32_t most;  ///< of a number
    std::string_view expected;
};

constexpr std::array<KindRow, 10> kinds{{
    {"pull", FaultKind::pull, Argument::none, 0, "nothing behind the message's number"},
    {"swap", FaultKind::swap, Argument::path, 0, "the absolute path of the other card's file"},
    {"unplug", FaultKind::unplug, Argument::none, 0, "nothing behind the message's number"},
    {"corrupt", FaultKind::corrupt, Argument::number_or_none, longest_reply,
     "the offset of a byte, or nothing"},
    {"cut", FaultKind::cut, Argument::number_or_none, longest_reply, "a length in bytes, or nothing"},
    {"double", FaultKind::twice, Argument::none, 0, "nothing behind the message's number"},
    {"delay", FaultKind::delay, Argument::number, longest_delay, "1 to 600000 milliseconds"},
    {"never", FaultKind::never, Argument::none, 0, "nothing behind the message's number"},
    {"error", FaultKind::error, Argument::hexadecimal, 0xFF, "bError, two hexadecimal digits"},
    {"status", FaultKind::status, Argument::hexadecimal, 0xFFFF, "a status word, four hexadecimal digits"},
}};

/// read_number takes the whole of |word|, digits alone.
std::optional<std::uint32_t> read_number(std::string_view word, int base, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    const bool whole = error == std::errc() && end == word.data() + word.size();
    return whole && value <= most ? std::optional(value) : std::nullopt;
}

/// first_word takes the first word off |text|, and the blank behind it.
std::string_view first_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

/// read_argument gives false when |word| is not what |row| wants.
bool read_argument(Fault& fault, const KindRow& row, std::string_view word) {
    const std::size_t digits = row.most > 0xFF ? 4 : 2;
    switch (row.argument) {
        case Argument::none:
            return word.empty();
        case Argument::path:
            fault.card = word;
            return word.starts_with('/');
        case Argument::number_or_none:
            if (word.empty()) {
                return true;
            }
            [[fallthrough]];
        case Argument::number:
            fault.value = read_number(word, 10, row.most);
            return fault.value && (row.kind != FaultKind::delay || *fault.value != 0);
        case Argument::hexadecimal:
            fault.value = word.size() == digits ? read_number(word, 16, row.most) : std::nullopt;
            return fault.value.has_value();
    }
    return false;
}

bool is_printable(char character) {
    return character >= ' ' && character <= '~';
}

/// read_fault gives the fault, or what was expected.
std::variant<Fault, std::string> read_fault(std::string_view line) {
    if (!std::all_of(line.begin(), line.end(), is_printable)) {
        return std::string("printable ASCII characters");
    }
    std::string_view rest = line;
    const std::string_view word = first_word(rest);
    const auto* row =
        std::find_if(kinds.begin(), kinds.end(), [&](const KindRow& it) { return it.word == word; });
    if (row == kinds.end()) {
        return std::string("pull, swap, unplug, corrupt, cut, double, delay, never, error or status");
    }
    const auto message = read_number(first_word(rest), 10, last_message);
    if (!message || *message == 0) {
        return fmt::format("the number of a message, 1 to {}", last_message);
    }
    Fault fault{.kind = row->kind, .message = *message, .text = std::string(line)};
    const bool ends_well = !line.ends_with(' ');
    if (!ends_well || !read_argument(fault, *row, rest)) {
        return std::string(row->expected);
    }
    return fault;
}

}  // namespace

std::variant<FaultPlan, FaultMistake> parse_fault_plan(std::string_view text) {
    if (text.size() > longest_fault_plan) {
        return FaultMistake{1, fmt::format("at most {} bytes", longest_fault_plan)};
    }
    FaultPlan plan;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) {
            continue;
        }
        auto read = read_fault(line);
        if (auto* expected = std::get_if<std::string>(&read)) {
            return FaultMistake{number, std::move(*expected)};
        }
        Fault& fault = std::get<Fault>(read);
        const auto same = [&](const Fault& other) { return other.message == fault.message; };
        if (plan.size() == most_faults || std::any_of(plan.begin(), plan.end(), same)) {
            return FaultMistake{number, fmt::format("at most {} faults, one for a message", most_faults)};
        }
        plan.push_back(std::move(fault));
    }
    return plan;
}

}  // namespace jeton::reader
