#include "tool/vpcd_messages.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <string_view>

#include "tool/failure.hpp"

namespace jeton::tool {

namespace {

using Kind = VpcdMessage::Kind;

constexpr std::size_t length_bytes = 2;
constexpr std::array controls{Kind::power_off, Kind::power_on, Kind::reset, Kind::get_atr};

[[noreturn]] void refuse(std::string_view what) {
    throw Failure(fmt::format(
        "The other side is no virtual reader: it sent {}. Does another program listen there?", what));
}

Kind control_of(Byte number) {
    const auto* const found = std::ranges::find(controls, static_cast<Kind>(number));
    if (found == controls.end()) {
        refuse(fmt::format("the unknown control {:02X}", number));
    }
    return *found;
}

}  // namespace

std::optional<VpcdMessage> VpcdDecoder::next() {
    if (m_pending.size() < length_bytes) {
        return std::nullopt;
    }
    const auto length = static_cast<std::size_t>(load_be(View(m_pending).first(length_bytes)));
    if (length == 0) {
        refuse("an empty message");
    }
    const View rest = View(m_pending).subspan(length_bytes);
    if (rest.size() < length) {
        return std::nullopt;
    }
    const View content = rest.first(length);
    VpcdMessage message;
    if (length == 1) {
        message.kind = control_of(content[0]);
    } else {
        message = {.kind = Kind::apdu, .apdu = to_secret(content)};
    }
    m_pending.erase(m_pending.begin(),
                    m_pending.begin() + static_cast<std::ptrdiff_t>(length_bytes + length));
    return message;
}

SecretBytes vpcd_frame(View message) {
    if (message.size() > vpcd_longest) {
        throw Failure(fmt::format("An answer of {} bytes is longer than vpcd can carry.", message.size()));
    }
    SecretBytes frame;
    frame.reserve(length_bytes + message.size());
    frame.push_back(static_cast<Byte>(message.size() >> 8));
    frame.push_back(static_cast<Byte>(message.size() & 0xFF));
    append(frame, message);
    return frame;
}

}  // namespace jeton::tool
