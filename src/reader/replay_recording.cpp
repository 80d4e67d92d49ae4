#include "reader/replay_recording.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <string_view>
#include <utility>

#include "reader/atr.hpp"
#include "reader/card_link.hpp"

namespace jeton::reader {

namespace {

constexpr std::string_view atr_remark = "# ATR ";

std::optional<Bytes> hex_after(std::string_view line, std::size_t prefix) {
    line.remove_prefix(prefix);
    return from_hex(line);
}

/// take_line reads one line; |powered| waits for the next command.
bool take_line(Recording& out, std::string_view line, bool& powered) {
    if (line.starts_with(atr_remark)) {
        const auto atr = hex_after(line, atr_remark.size());
        if (atr && atr->size() <= longest_atr) {
            out.atr = *atr;
        }
        return true;
    }
    if (line.empty() || line.starts_with("#")) {
        powered = powered || line.starts_with("# power on") || line.starts_with("# reset");
        return true;
    }
    auto bytes = line.size() > 2 ? hex_after(line, 2) : std::nullopt;
    if (!bytes) {
        return false;
    }
    if (line.starts_with("> ") && bytes->size() <= longest_command) {
        out.exchanges.push_back({std::move(*bytes), {}, std::exchange(powered, false)});
        return true;
    }
    if (line.starts_with("< ") && bytes->size() <= longest_response && !out.exchanges.empty() &&
        out.exchanges.back().response.empty()) {
        out.exchanges.back().response = std::move(*bytes);
        return true;
    }
    return false;
}

}  // namespace

Recording parse_transcript(View text) {
    Recording out;
    std::string_view rest(reinterpret_cast<const char*>(text.data()), text.size());
    bool powered = false;
    for (int number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        line = line.substr(0, line.find_last_not_of(" \r") + 1);
        if (!take_line(out, line, powered)) {
            throw RecordingError(fmt::format(
                "has a line {} that is neither a command, nor its response, nor a remark", number));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

}  // namespace jeton::reader
