#include "tool/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace jeton::tool {

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

}  // namespace jeton::tool
