// A place on the network as people write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jeton::tool {

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    /// text is HOST:PORT, an IPv6 address in brackets.
    std::string text() const;
};

/// parse_endpoint reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, or an IPv6 address alone; |standard| is the
/// port where none is given. nullopt for anything else.
std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t standard);

}  // namespace jeton::tool
