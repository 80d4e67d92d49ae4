// A stream to another program over TCP, with deadlines and interrupts.
#pragma once

#include <optional>

#include "reader/vpcd_endpoint.hpp"
#include "tool/stop_signals.hpp"
#include "util/bytes.hpp"
#include "util/deadline.hpp"
#include "util/files.hpp"
#include "util/secret.hpp"

namespace jeton::tool {

class Connection {
  public:
    enum class Event {
        bytes,    ///< received() has some
        end,      ///< the other side ended the connection
        stop,     ///< a signal came
        nothing,  ///< the deadline came
    };

    /// |socket| is a connected stream; |signals| must outlive the Connection.
    Connection(UniqueFd socket, StopSignals& signals);

    /// open tries each address of |endpoint|. Throws Failure; nullopt when a signal came first.
    static std::optional<Connection> open(const reader::Endpoint& endpoint, StopSignals& signals);

    /// receive waits for the next piece, a signal, or |deadline| if there is one.
    Event receive(std::optional<Deadline> deadline);
    View received() const { return View(m_buffer).first(m_received); }

    /// send sends all of |data| and gives Event::bytes, or what came before that was done.
    Event send(View data, Deadline deadline);

  private:
    void acknowledge_at_once();
    Event wait_for(short events, std::optional<Deadline> deadline);

    UniqueFd m_socket;
    StopSignals* m_signals;
    SecretBytes m_buffer;
    std::size_t m_received = 0;
};

}  // namespace jeton::tool
