#include "reader/vpcd_stream.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr std::size_t piece_bytes = 4096;
constexpr int backlog = 4;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// look_up asks nobody: the host is an address.
Addresses look_up(const Endpoint& endpoint) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found) != 0) {
        found = nullptr;
    }
    return {found, &freeaddrinfo};
}

void set_option(int fd, int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof value);
}

std::string text_of(int error) {
    return std::generic_category().message(error);
}

std::string peer_name(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return "somebody";
    }
    return fmt::format("{} port {}", host.data(), port.data());
}

bool poll_until(int fd, short events, Deadline deadline) {
    while (true) {
        pollfd waiting{.fd = fd, .events = events, .revents = 0};
        const int count = poll(&waiting, 1, static_cast<int>(deadline.remaining().count()) + 1);
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            throw Error(Kind::gone, "poll: " + text_of(errno));
        }
        if (deadline.passed()) {
            return false;
        }
    }
}

}  // namespace

VpcdStream::VpcdStream(UniqueFd socket, std::string peer)
    : m_socket(std::move(socket)), m_peer(std::move(peer)) {
    set_option(m_socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
}

std::optional<VpcdStream> VpcdStream::open(const Endpoint& endpoint, Deadline deadline) {
    const Addresses addresses = look_up(endpoint);
    if (addresses == nullptr) {
        return std::nullopt;
    }
    UniqueFd fd(socket(addresses->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        return std::nullopt;
    }
    if (connect(fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0) {
        int error = errno;
        socklen_t size = sizeof error;
        if (error != EINPROGRESS || !poll_until(fd.get(), POLLOUT, deadline) ||
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
            return std::nullopt;
        }
    }
    return VpcdStream(std::move(fd), endpoint.text());
}

void VpcdStream::wait_for(short events, Deadline deadline) {
    if (!poll_until(m_socket.get(), events, deadline)) {
        throw Error(Kind::timeout, m_peer + ": no answer in time");
    }
}

void VpcdStream::send(View message, Deadline deadline) {
    const SecretBytes frame = vpcd_frame(message);
    View rest = frame;
    while (!rest.empty()) {
        const ssize_t sent = ::send(m_socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            wait_for(POLLOUT, deadline);
        } else if (errno != EINTR) {
            throw Error(Kind::gone, fmt::format("{}: {}", m_peer, text_of(errno)));
        }
    }
}

SecretBytes VpcdStream::receive(std::size_t shortest, std::size_t longest, Deadline deadline) {
    SecretBytes piece(piece_bytes);
    while (true) {
        if (auto content = m_frames.next(shortest, longest)) {
            return std::move(*content);
        }
        // Peers that send length and content apart wait for the acknowledgement of the first.
        set_option(m_socket.get(), IPPROTO_TCP, TCP_QUICKACK, 1);
        wait_for(POLLIN, deadline);
        const ssize_t got = recv(m_socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) {
            m_frames.feed(View(piece).first(static_cast<std::size_t>(got)));
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            throw Error(Kind::gone, m_peer + ": the connection ended");
        }
        if (deadline.passed()) {
            throw Error(Kind::timeout, m_peer + ": no whole answer in time");  // bytes come, but slowly
        }
    }
}

bool VpcdStream::quiet() {
    Byte byte = 0;
    const ssize_t got = recv(m_socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EINTR) && !m_frames.in_frame();
}

VpcdListener::VpcdListener(const Endpoint& endpoint) {
    const Addresses addresses = look_up(endpoint);
    if (addresses == nullptr) {
        throw Error(Kind::busy, endpoint.text() + ": no address");
    }
    UniqueFd fd(socket(addresses->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd) {
        set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    }
    if (!fd || bind(fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
        listen(fd.get(), backlog) != 0) {
        throw Error(Kind::busy, fmt::format("{}: {}", endpoint.text(), text_of(errno)));
    }
    m_socket = std::move(fd);
}

std::optional<VpcdStream> VpcdListener::accept() {
    UniqueFd fd(accept4(m_socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
        return std::nullopt;
    }
    const std::string peer = peer_name(fd.get());
    return VpcdStream(std::move(fd), peer);
}

std::uint16_t VpcdListener::port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(m_socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::system_error(errno, std::generic_category(), "getsockname");
    }
    const bool six = address.ss_family == AF_INET6;
    return ntohs(six ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                     : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace jeton::reader
