// Recorded exchanges with a card: lines `> ` with a command APDU and `< ` with its response, in hex; `#`
// begins a remark.
// `# ATR hex` names the card's ATR, `# power on` and `# reset` tell that the card was powered there. Header
// only, for the tests of any layer.
#pragma once

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::support {

/// Exchange is one command APDU and the response that was recorded for it.
struct Exchange {
    Bytes command;
    Bytes response;
    bool after_power_on = false;  ///< the card was powered directly before
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
        bool powered = false;
        for (int number = 1; std::getline(stream, line); ++number) {
            if (!transcript.take_line(line, powered)) {
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

    /// take_line reads one line; |powered| waits for the next command.
    bool take_line(std::string_view line, bool& powered) {
        if (line.starts_with("# ATR ")) {
            atr = hex_after(line, 6).value_or(atr);
            return true;
        }
        if (line.starts_with("#") || line.find_first_not_of(" \r") == std::string_view::npos) {
            powered = powered || line.starts_with("# power on") || line.starts_with("# reset");
            return true;
        }
        const auto bytes = line.size() > 2 ? hex_after(line, 2) : std::nullopt;
        if (!bytes) {
            return false;
        }
        if (line.starts_with("> ")) {
            exchanges.push_back({*bytes, {}, std::exchange(powered, false)});
            return true;
        }
        if (line.starts_with("< ") && !exchanges.empty() && exchanges.back().response.empty()) {
            exchanges.back().response = *bytes;
            return true;
        }
        return false;
    }
};

}  // namespace jeton::support
