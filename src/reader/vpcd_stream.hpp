// The connection between a virtual reader and its card: TCP, with deadlines. The peer may be anybody.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reader/vpcd_endpoint.hpp"
#include "reader/vpcd_messages.hpp"
#include "util/deadline.hpp"
#include "util/files.hpp"

namespace jeton::reader {

class VpcdStream {
  public:
    /// |socket| is a connected stream that does not block; |peer| names the other side to people.
    VpcdStream(UniqueFd socket, std::string peer);

    /// open connects to a numeric address; nullopt where nobody answers until |deadline|.
    static std::optional<VpcdStream> open(const Endpoint& endpoint, Deadline deadline);

    /// send sends one message. Throws Error: gone, timeout.
    void send(View message, Deadline deadline);

    /// receive gives the next message, which has to have come in full until |deadline| and to be of a length
    /// from |shortest| to |longest|. Throws Error: gone, timeout, protocol. After an Error the stream is
    /// worth nothing.
    SecretBytes receive(std::size_t shortest, std::size_t longest, Deadline deadline);

    /// quiet tells that the peer is there and has sent nothing that it was not asked for.
    bool quiet();

    const std::string& peer() const { return m_peer; }

  private:
    void wait_for(short events, Deadline deadline);

    UniqueFd m_socket;
    std::string m_peer;
    VpcdFrames m_frames;
};

/// VpcdListener waits for cards at an address of this machine. It belongs to the process that made it.
class VpcdListener {
  public:
    /// Throws Error(busy) where the place is taken or not ours.
    explicit VpcdListener(const Endpoint& endpoint);

    /// accept gives the peer that has waited longest; nullopt at once where nobody waits.
    std::optional<VpcdStream> accept();

    /// port that it listens at.
    std::uint16_t port() const;

  private:
    UniqueFd m_socket;
};

}  // namespace jeton::reader
