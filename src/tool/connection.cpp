#include "tool/connection.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

#include "tool/failure.hpp"

namespace jeton::tool {

namespace {

using Event = Connection::Event;

constexpr std::size_t buffer_bytes = 16384;
constexpr Milliseconds connect_wait{5000};  ///< for each address

struct Option {
    int level;
    int name;
    int value;
};

/// Answers go out at once, and a machine that vanished without a word is noticed within a minute.
constexpr std::array options{Option{IPPROTO_TCP, TCP_NODELAY, 1}, Option{SOL_SOCKET, SO_KEEPALIVE, 1},
                             Option{IPPROTO_TCP, TCP_KEEPIDLE, 20}, Option{IPPROTO_TCP, TCP_KEEPINTVL, 10},
                             Option{IPPROTO_TCP, TCP_KEEPCNT, 3}};

std::string text_of(int error) {
    return std::generic_category().message(error);
}

/// poll_with_signals waits for |events| of |fd|. A signal that came before is not forgotten.
Event poll_with_signals(int fd, short events, StopSignals& signals, std::optional<Deadline> deadline) {
    while (!signals.requested()) {
        std::array<pollfd, 2> waiting{{{.fd = signals.fd(), .events = POLLIN, .revents = 0},
                                       {.fd = fd, .events = events, .revents = 0}}};
        const int timeout = deadline ? static_cast<int>(deadline->remaining().count()) + 1 : -1;
        const int count = poll(waiting.data(), waiting.size(), timeout);
        if (count < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
        if (count > 0 && waiting[1].revents != 0) {
            return Event::bytes;
        }
        if (count == 0 && deadline && deadline->passed()) {
            return Event::nothing;
        }
    }
    return Event::stop;
}

/// connect_to gives 0, or why it failed as an errno; ECANCELED when a signal came.
int connect_to(int fd, const addrinfo& address, StopSignals& signals) {
    if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    switch (poll_with_signals(fd, POLLOUT, signals, Deadline::after(connect_wait))) {
        case Event::stop:
            return ECANCELED;
        case Event::nothing:
            return ETIMEDOUT;
        default:
            break;
    }
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses look_up(const reader::Endpoint& endpoint) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error =
        getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found);
    if (error != 0) {
        throw Failure(fmt::format("There is no host \"{}\": {}.", endpoint.host, gai_strerror(error)));
    }
    return {found, &freeaddrinfo};
}

}  // namespace

Connection::Connection(UniqueFd socket, StopSignals& signals)
    : m_socket(std::move(socket)), m_signals(&signals), m_buffer(buffer_bytes) {}

std::optional<Connection> Connection::open(const reader::Endpoint& endpoint, StopSignals& signals) {
    const Addresses addresses = look_up(endpoint);
    int error = 0;
    for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
        UniqueFd fd(socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        error = fd ? connect_to(fd.get(), *address, signals) : errno;
        if (error == ECANCELED) {
            return std::nullopt;
        }
        if (error == 0) {
            for (const Option& option : options) {
                setsockopt(fd.get(), option.level, option.name, &option.value, sizeof option.value);
            }
            return Connection(std::move(fd), signals);
        }
    }
    throw Failure(fmt::format("No connection to {}: {}.", endpoint.text(), text_of(error)));
}

Event Connection::wait_for(short events, std::optional<Deadline> deadline) {
    return poll_with_signals(m_socket.get(), events, *m_signals, deadline);
}

/// Some peers send length and content apart and then wait, as TCP does by default, for the acknowledgement of
/// the first before the second goes out. The kernel forgets this wish, so it is told before each wait.
void Connection::acknowledge_at_once() {
    const int yes = 1;
    setsockopt(m_socket.get(), IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

Event Connection::receive(std::optional<Deadline> deadline) {
    m_received = 0;
    while (true) {
        acknowledge_at_once();
        const Event event = wait_for(POLLIN, deadline);
        if (event != Event::bytes) {
            return event;
        }
        const ssize_t got = recv(m_socket.get(), m_buffer.data(), m_buffer.size(), MSG_DONTWAIT);
        if (got > 0) {
            m_received = static_cast<std::size_t>(got);
            return Event::bytes;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return Event::end;
        }
    }
}

Event Connection::send(View data, Deadline deadline) {
    while (!data.empty()) {
        const ssize_t sent = ::send(m_socket.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            data = data.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            const Event event = wait_for(POLLOUT, deadline);
            if (event != Event::bytes) {
                return event;
            }
        } else if (errno != EINTR) {
            return Event::end;
        }
    }
    return Event::bytes;
}

}  // namespace jeton::tool
