// A place on the network as people write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jeton::reader {

/// vpcd_port is where vpcd waits for cards unless it is told otherwise.
inline constexpr std::uint16_t vpcd_port = 35963;

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    /// text is HOST:PORT, an IPv6 address in brackets.
    std::string text() const;
};

/// parse_endpoint reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT, or an IPv6 address alone; |standard| is the
/// port where none is given. nullopt for anything else.
std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t standard);

/// VpcdPlace is one virtual reader of the configuration: where it waits for a card, or where its card waits.
struct VpcdPlace {
    enum class Direction { listen, connect };

    Direction direction = Direction::listen;
    Endpoint endpoint;

    /// text is "listen HOST:PORT" or "connect HOST:PORT".
    std::string text() const;
};

/// parse_vpcd_place reads "listen" or "connect", and behind a blank, if anything, PORT or what parse_endpoint
/// reads. The host is 127.0.0.1 unless another address is given; names of hosts are not taken, "localhost"
/// aside, because looking them up takes as long as it likes.
std::optional<VpcdPlace> parse_vpcd_place(std::string_view text);

}  // namespace jeton::reader
