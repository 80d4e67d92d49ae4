#include "reader/replay_card.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "reader/apdu_log.hpp"
#include "reader/card_link.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/replay_trace.hpp"
#include "reader/secret_mask_apdu.hpp"
#include "util/files.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr std::size_t largest_short_message = 271;
constexpr Byte get_response = 0xC0;
constexpr std::array<Byte, 4> pcapng_begins{0x0A, 0x0D, 0x0D, 0x0A};

bool is_extended(View command) {
    return command.size() > longest_short_command || (command.size() > 6 && command[4] == 0);
}

bool is_get_response(View command) {
    return command.size() >= command_header && command[1] == get_response;
}

/// data_of is the data field of a command, as far as it is there.
View data_of(View command) {
    const std::size_t begin = is_extended(command) ? 7 : 5;
    if (command.size() <= begin) {
        return {};
    }
    const View rest = command.subspan(begin);
    const auto length = static_cast<std::size_t>(begin == 7 ? load_be(command.subspan(5, 2)) : command[4]);
    return rest.first(std::min(length, rest.size()));
}

bool same_bytes(View recorded, View sent, bool masked) {
    return std::ranges::equal(recorded, sent,
                              [&](Byte a, Byte b) { return a == b || (masked && a == masked_byte); });
}

/// matches compares header and data, not how their lengths are written.
bool matches(const RecordedExchange& recorded, View command) {
    return recorded.command.size() >= command_header &&
           equal(View(recorded.command).first(command_header), command.first(command_header)) &&
           same_bytes(data_of(recorded.command), data_of(command), recorded.masked);
}

class ReplayCard final : public SimulatedCard {
  public:
    explicit ReplayCard(Recording recording)
        : m_recording(std::move(recording)), m_used(m_recording.exchanges.size()) {}

    bool present() override { return true; }
    Bytes power_on() override;
    void power_off() override {}
    SecretBytes transmit(View command) override;

  private:
    std::optional<std::size_t> find(View command) const;
    std::optional<std::size_t> find_unused(View command, std::size_t begin, std::size_t end,
                                           bool exactly) const;

    const Recording m_recording;
    std::vector<bool> m_used;
    std::size_t m_next = 0;  ///< behind the exchange used last
    ApduLog m_log;
};

/// power_on goes on behind the next recorded one, or begins again.
Bytes ReplayCard::power_on() {
    const auto& list = m_recording.exchanges;
    const auto next = std::find_if(list.begin() + static_cast<std::ptrdiff_t>(m_next), list.end(),
                                   [](const RecordedExchange& it) { return it.after_power_on; });
    m_next = static_cast<std::size_t>(next - list.begin());
    if (next == list.end()) {
        m_next = 0;
        m_used.assign(list.size(), false);
    }
    return m_recording.atr;
}

SecretBytes ReplayCard::transmit(View command) {
    const std::string told = m_log.command(command);
    const auto found = command.size() < command_header ? std::nullopt : find(command);
    if (!found) {
        log::warn("replay: not recorded: {}", told);
        return {0x6F, 0x00};
    }
    m_used[*found] = true;
    m_next = *found + 1;
    return to_secret(m_recording.exchanges[*found].response);
}

std::optional<std::size_t> ReplayCard::find(View command) const {
    const auto& list = m_recording.exchanges;
    if (is_get_response(command)) {
        const bool is_next = m_next < list.size() && is_get_response(list[m_next].command);
        return is_next ? std::optional(m_next) : std::nullopt;
    }
    for (const bool exactly : {true, false}) {
        auto found = find_unused(command, m_next, list.size(), exactly);
        found = found ? found : find_unused(command, 0, m_next, exactly);
        if (found) {
            return found;
        }
    }
    for (std::size_t i = list.size(); i-- > 0;) {
        if (!list[i].response.empty() && matches(list[i], command)) {
            return i;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> ReplayCard::find_unused(View command, std::size_t begin, std::size_t end,
                                                   bool exactly) const {
    for (std::size_t i = begin; i < end; ++i) {
        const RecordedExchange& it = m_recording.exchanges[i];
        if (!m_used[i] && !it.response.empty() &&
            (exactly ? same_bytes(it.command, command, it.masked) : matches(it, command))) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace

Recording load_recording(const std::filesystem::path& file) {
    const auto content = read_file(file, largest_file);
    if (!content) {
        throw RecordingError("is not there, not readable, or larger than 64 MiB");
    }
    const View bytes(*content);
    return bytes.size() >= pcapng_begins.size() && equal(bytes.first(pcapng_begins.size()), pcapng_begins)
               ? read_trace(bytes)
               : parse_transcript(bytes);
}

std::shared_ptr<SimulatedCard> make_replay_card(Recording recording) {
    return std::make_shared<ReplayCard>(std::move(recording));
}

std::unique_ptr<Device> open_replay(const std::filesystem::path& file) {
    try {
        Recording recording = load_recording(file);
        EmulationOptions options;
        const auto& list = recording.exchanges;
        if (std::ranges::none_of(list, [](const RecordedExchange& it) { return is_extended(it.command); })) {
            options.level = ExchangeLevel::short_apdu;
            options.max_message = largest_short_message;
        }
        return make_emulated_reader(make_replay_card(std::move(recording)), options);
    } catch (const RecordingError& error) {
        throw Error(Error::Kind::protocol, "replay: " + file.string() + " " + error.what());
    }
}

}  // namespace jeton::reader
