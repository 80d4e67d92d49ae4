#include "qemu/usbip_device.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/socket.h>

namespace jeton::test {

namespace {

constexpr Byte direction_in = 0x80;
constexpr Byte type_mask = 0x60;  ///< of bmRequestType: 0 for a request of the standard
constexpr Byte recipient_mask = 0x1F;
constexpr Byte to_endpoint = 2;
constexpr Byte get_status = 0;
constexpr Byte clear_feature = 1;
constexpr Byte get_descriptor = 6;
constexpr Byte get_configuration = 8;
constexpr Byte set_configuration = 9;
constexpr Byte set_interface = 11;

/// receive fills |buffer|; false when the host hung up.
bool receive(int socket, std::span<Byte> buffer) {
    while (!buffer.empty()) {
        const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        buffer = buffer.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

}  // namespace

UsbipDevice::UsbipDevice(int socket, UsbLayout layout, std::unique_ptr<reader::Device> device)
    : m_socket(socket),
      m_layout(std::move(layout)),
      m_function(
          std::move(device), m_layout.interfaces.at(0).endpoints.at(0).packet, [this] { pump(); }, [] {}) {}

void UsbipDevice::run() {
    std::array<Byte, usbip_header_size> header{};
    while (receive(m_socket, header)) {
        const auto command = parse_usbip_command(header);
        if (!command) {
            throw std::runtime_error("no message of USB/IP: " + to_hex(header));
        }
        if (command->kind == UsbipCommand::Kind::unlink) {
            unlink(*command);
            continue;
        }
        Bytes data(command->in ? 0 : command->length);
        if (!receive(m_socket, data)) {
            return;
        }
        submit(*command, data);
    }
}

void UsbipDevice::submit(const UsbipCommand& command, const Bytes& data) {
    if (command.endpoint == 0) {
        const auto answer = setup(command, data);
        const View given = answer ? View(*answer) : View();
        const View taken = given.first(std::min<std::size_t>(given.size(), command.length));
        const std::size_t actual = command.in ? taken.size() : data.size();
        const std::lock_guard lock(m_mutex);
        send(usbip_submit_reply(command.seqnum, answer ? 0 : -EPIPE, answer ? actual : 0,
                                command.in ? taken : View()));
    } else if (command.in) {
        {
            const std::lock_guard lock(m_mutex);
            m_waiting[command.endpoint].push_back({command.seqnum, command.length, {}});
        }
        pump();
    } else {
        const bool taken = m_function.write(data);
        const std::lock_guard lock(m_mutex);
        send(usbip_submit_reply(command.seqnum, taken ? 0 : -EPIPE, taken ? data.size() : 0));
    }
}

/// unlink: what has packets already ends with them, as on a wire, and cannot be taken back any more.
void UsbipDevice::unlink(const UsbipCommand& command) {
    const std::lock_guard lock(m_mutex);
    int status = 0;
    for (auto& [endpoint, waiting] : m_waiting) {
        const auto it = std::ranges::find(waiting, command.unlink_seqnum, &Pending::seqnum);
        if (it == waiting.end()) {
            continue;
        }
        if (it->data.empty()) {
            status = -ECONNRESET;
        } else {
            send(usbip_submit_reply(it->seqnum, 0, it->data.size(), it->data));
        }
        waiting.erase(it);
        break;
    }
    send(usbip_unlink_reply(command.seqnum, status));
}

std::optional<Bytes> UsbipDevice::setup(const UsbipCommand& command, const Bytes& data) {
    const std::array<Byte, 8>& it = command.setup;
    const Byte request = it[1];
    const auto value = static_cast<std::uint16_t>(load_le(View(it).subspan(2, 2)));
    if ((it[0] & type_mask) != 0) {
        return m_function.request(request, value, data);
    }
    if ((it[0] & direction_in) != 0) {
        switch (request) {
            case get_status:
                return Bytes{0, 0};
            case get_configuration:
                return Bytes{m_configuration};
            case get_descriptor:
                return descriptor(it[3], it[2]);
            default:
                return std::nullopt;
        }
    }
    if (request == set_configuration) {
        m_configuration = it[2];
        return Bytes();
    }
    const bool halt = request == clear_feature && (it[0] & recipient_mask) == to_endpoint;
    return halt || request == set_interface ? std::optional(Bytes()) : std::nullopt;
}

std::optional<Bytes> UsbipDevice::descriptor(Byte type, Byte index) const {
    switch (type) {
        case 1:
            return device_descriptor(m_layout);
        case 2:
            return configuration_descriptor(m_layout);
        case 3:
            return string_descriptor(m_layout, index);
        default:
            return std::nullopt;
    }
}

void UsbipDevice::pump() {
    const std::lock_guard lock(m_mutex);
    for (auto& [endpoint, waiting] : m_waiting) {
        while (!waiting.empty() && feed(endpoint, waiting)) {
        }
    }
}

/// feed gives one packet to the transfer that waits longest, which ends when it is full or the packet is
/// short; false when there is none.
bool UsbipDevice::feed(Byte endpoint, std::deque<Pending>& waiting) {
    const auto& endpoints = m_layout.interfaces.at(0).endpoints;
    const auto row = std::ranges::find(endpoints, endpoint | direction_in, &EndpointLayout::address);
    if (row == endpoints.end()) {
        return false;
    }
    const bool bulk = row->attributes == 2;
    const auto packet = bulk ? m_function.next_bulk() : m_function.next_interrupt();
    if (!packet) {
        return false;
    }
    Pending& transfer = waiting.front();
    const std::size_t room = transfer.length - transfer.data.size();
    append(transfer.data, View(packet->data).first(std::min(room, packet->data.size())));
    const bool babble = packet->data.size() > room;
    if (packet->stall || babble || packet->data.size() < row->packet ||
        transfer.data.size() == transfer.length) {
        const int status = packet->stall ? -EPIPE : babble ? -EOVERFLOW : 0;
        send(usbip_submit_reply(transfer.seqnum, status, transfer.data.size(), transfer.data));
        waiting.pop_front();
    }
    return true;
}

/// send: the lock must be held. A host that hung up is noticed by run.
void UsbipDevice::send(View message) const {
    while (!message.empty()) {
        const ssize_t sent = ::send(m_socket, message.data(), message.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return;
        }
        message = message.subspan(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
}

}  // namespace jeton::test
