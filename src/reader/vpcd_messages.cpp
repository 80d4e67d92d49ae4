#include "reader/vpcd_messages.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <string>

#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using Kind = VpcdMessage::Kind;

constexpr std::size_t length_bytes = 2;
constexpr std::array controls{Kind::power_off, Kind::power_on, Kind::reset, Kind::get_atr};

[[noreturn]] void refuse(const std::string& what) {
    throw Error(Error::Kind::protocol, "it sent " + what);
}

Kind control_of(Byte number) {
    const auto* const found = std::ranges::find(controls, static_cast<Kind>(number));
    if (found == controls.end()) {
        refuse(fmt::format("the unknown control {:02X}", number));
    }
    return *found;
}

}  // namespace

std::optional<SecretBytes> VpcdFrames::next(std::size_t shortest, std::size_t longest) {
    if (m_pending.size() < length_bytes) {
        return std::nullopt;
    }
    const auto length = static_cast<std::size_t>(load_be(View(m_pending).first(length_bytes)));
    if (length < shortest || length > longest) {
        refuse(length == 0 ? "an empty message" : fmt::format("a message of {} bytes", length));
    }
    const View rest = View(m_pending).subspan(length_bytes);
    if (rest.size() < length) {
        return std::nullopt;
    }
    SecretBytes content = to_secret(rest.first(length));
    m_pending.erase(m_pending.begin(),
                    m_pending.begin() + static_cast<std::ptrdiff_t>(length_bytes + length));
    return content;
}

std::optional<VpcdMessage> VpcdDecoder::next() {
    auto content = m_frames.next();
    if (!content) {
        return std::nullopt;
    }
    VpcdMessage message;
    if (content->size() == 1) {
        message.kind = control_of(content->front());
    } else {
        message = {.kind = Kind::apdu, .apdu = std::move(*content)};
    }
    return message;
}

SecretBytes vpcd_frame(View message) {
    if (message.size() > vpcd_longest) {
        throw Error(Error::Kind::unsupported,
                    fmt::format("a message of {} bytes is longer than vpcd can carry", message.size()));
    }
    SecretBytes frame;
    frame.reserve(length_bytes + message.size());
    frame.push_back(static_cast<Byte>(message.size() >> 8));
    frame.push_back(static_cast<Byte>(message.size() & 0xFF));
    append(frame, message);
    return frame;
}

}  // namespace jeton::reader
