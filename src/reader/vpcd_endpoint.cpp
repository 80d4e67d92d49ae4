#include "reader/vpcd_endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/core.h>

namespace jeton::reader {

namespace {

constexpr std::size_t longest_host = 255;

bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= longest_host &&
           std::ranges::all_of(host, [](char c) { return c > ' ' && c <= '~' && c != '[' && c != ']'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, port);
    return result.ec == std::errc() && result.ptr == end && port != 0 ? std::optional(port) : std::nullopt;
}

constexpr std::string_view loopback = "127.0.0.1";

bool is_address(const std::string& host) {
    in6_addr address{};  // large enough for both
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// take_word cuts |word| and the blank behind it off the beginning of |text|; false when it is not there.
bool take_word(std::string_view& text, std::string_view word) {
    const bool there = text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
    if (there) {
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return there;
}

}  // namespace

std::string Endpoint::text() const {
    const bool brackets = host.find(':') != std::string::npos;
    return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t standard) {
    std::string_view host = text;
    std::string_view rest;  // from the colon before the port on
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else if (std::ranges::count(text, ':') == 1) {
        host = text.substr(0, text.find(':'));
        rest = text.substr(host.size());
    }
    const auto port = rest.empty() ? std::optional(standard) : parse_port(rest.substr(1));
    if (!is_host(host) || !port || (!rest.empty() && rest[0] != ':')) {
        return std::nullopt;
    }
    return Endpoint{std::string(host), *port};
}

std::string VpcdPlace::text() const {
    return (direction == Direction::listen ? "listen " : "connect ") + endpoint.text();
}

std::optional<VpcdPlace> parse_vpcd_place(std::string_view text) {
    VpcdPlace place;
    if (take_word(text, "connect")) {
        place.direction = VpcdPlace::Direction::connect;
    } else if (!take_word(text, "listen")) {
        return std::nullopt;
    }
    if (const auto port = parse_port(text); port || text.empty()) {
        place.endpoint = {std::string(loopback), port.value_or(vpcd_port)};
        return place;
    }
    const auto endpoint = parse_endpoint(text, vpcd_port);
    if (!endpoint) {
        return std::nullopt;
    }
    place.endpoint = *endpoint;
    if (place.endpoint.host == "localhost") {
        place.endpoint.host = loopback;
    }
    return is_address(place.endpoint.host) ? std::optional(place) : std::nullopt;
}

}  // namespace jeton::reader
