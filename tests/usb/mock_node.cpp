#include "usb/mock_node.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>
#include <utility>

#include "usb/mock_ioctl.hpp"

namespace jeton::test {

namespace {

constexpr Milliseconds reap_wait{3};  ///< the node looks ready to poll() all the time: here the client waits

}  // namespace

struct MockNode::Row {
    unsigned long request;
    int (MockNode::*handle)(UMockdevIoctlClient*);
};

const std::vector<MockNode::Row>& MockNode::rows() {
    static const std::vector<Row> table{
        {USBDEVFS_GET_CAPABILITIES, &MockNode::capabilities},
        {USBDEVFS_CONNECTINFO, &MockNode::connect_info},
        {USBDEVFS_GET_SPEED, &MockNode::speed},
        {USBDEVFS_CLAIMINTERFACE, &MockNode::claim},
        {USBDEVFS_RELEASEINTERFACE, &MockNode::release},
        {USBDEVFS_SETCONFIGURATION, &MockNode::set_configuration},
        {USBDEVFS_CLEAR_HALT, &MockNode::clear_halt},
        {USBDEVFS_GETDRIVER, &MockNode::get_driver},
        {USBDEVFS_IOCTL, &MockNode::driver_ioctl},
        {USBDEVFS_CONTROL, &MockNode::control},
        {USBDEVFS_SUBMITURB, &MockNode::submit},
        {USBDEVFS_DISCARDURB, &MockNode::discard},
        {USBDEVFS_REAPURBNDELAY, &MockNode::reap},
        {USBDEVFS_RESET, &MockNode::nothing},
        {USBDEVFS_RESETEP, &MockNode::nothing},
        {USBDEVFS_SETINTERFACE, &MockNode::nothing},
    };
    return table;
}

usbdevfs_urb* MockNode::Urb::fields() const {
    return reinterpret_cast<usbdevfs_urb*>(data->data);
}

MockNode::MockNode(Options options, std::map<unsigned, std::unique_ptr<reader::Device>> devices,
                   std::function<void()> unplug)
    : m_options(std::move(options)), m_handler(umockdev_ioctl_base_new()), m_unplug(std::move(unplug)) {
    const auto parsed = reader::parse_usb_descriptors(all_descriptors(m_options.layout));
    for (const reader::CcidInterface& interface : parsed.value().configurations.at(0).interfaces) {
        const std::size_t packet = std::max<std::size_t>(interface.bulk_in.packet, 8);
        Interface& mine = m_functions[interface.number];
        mine.pipes = interface;
        mine.held = m_options.kernel_drivers.contains(interface.number);
        mine.function = std::make_unique<MockFunction>(
            std::move(devices.at(interface.number)), packet, [this] { pump(); }, m_unplug);
    }
    g_signal_connect(m_handler.get(), "handle-ioctl", G_CALLBACK(&MockNode::on_ioctl), this);
    g_signal_connect(m_handler.get(), "client-connected", G_CALLBACK(&MockNode::on_connected), this);
    g_signal_connect(m_handler.get(), "client-vanished", G_CALLBACK(&MockNode::on_vanished), this);
}

MockNode::~MockNode() {
    g_signal_handlers_disconnect_by_data(m_handler.get(), this);
    m_functions.clear();
}

MockCounts MockNode::counts() {
    const std::lock_guard lock(m_mutex);
    return m_counts;
}

/// bury_the_dead ends the claims of processes that were killed, as the kernel does. umockdev tells nothing of
/// a client that dies during an ioctl; but there are more clients then than files open. Those that were
/// silent the longest are the dead ones, and |alive| is none.
void MockNode::bury_the_dead(const UMockdevIoctlClient* alive) {
    while (true) {
        std::size_t open_files = 0;
        std::error_code error;
        for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
            for (const auto& file : std::filesystem::directory_iterator(process.path() / "fd", error)) {
                open_files += std::filesystem::read_symlink(file.path(), error) == m_options.file ? 1 : 0;
            }
        }
        const auto older = [&](const auto& a, const auto& b) {
            return std::pair(a.first == alive, a.second.seen) < std::pair(b.first == alive, b.second.seen);
        };
        const auto oldest = std::ranges::min_element(m_clients, older);
        if (open_files >= m_clients.size() || oldest == m_clients.end() || oldest->first == alive) {
            return;
        }
        m_clients.erase(oldest);
    }
}

void MockNode::on_connected(UMockdevIoctlBase*, UMockdevIoctlClient* client, void* self) {
    auto& node = *static_cast<MockNode*>(self);
    const std::lock_guard lock(node.m_mutex);
    ++node.m_counts.opens;
    node.m_clients[client];
}

/// The claims of a process that was killed end with it.
void MockNode::on_vanished(UMockdevIoctlBase*, UMockdevIoctlClient* client, void* self) {
    auto& node = *static_cast<MockNode*>(self);
    const std::lock_guard lock(node.m_mutex);
    node.m_clients.erase(client);
}

int MockNode::on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, void* self) {
    auto& node = *static_cast<MockNode*>(self);
    const unsigned long request = umockdev_ioctl_client_get_request(client);
    const auto row = std::ranges::find(rows(), request, &Row::request);
    if (row == rows().end()) {
        return FALSE;
    }
    const std::lock_guard lock(node.m_mutex);
    node.m_clients[client].seen = Deadline::Clock::now();
    const bool dead = node.m_gone && request != USBDEVFS_REAPURBNDELAY;
    const int error = dead ? ENODEV : (node.*(row->handle))(client);
    if (error != later) {
        umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
    }
    return TRUE;
}

void MockNode::unplug() {
    const std::lock_guard lock(m_mutex);
    m_gone = true;
    for (auto& [key, client] : m_clients) {
        client.claims.clear();
        while (!client.pending.empty()) {
            Urb urb = std::move(client.pending.front());
            client.pending.pop_front();
            finish(client, std::move(urb), -ESHUTDOWN);
        }
    }
}

void MockNode::tick() {
    const std::lock_guard lock(m_mutex);
    for (auto& [number, interface] : m_functions) {
        if (interface.function->tick()) {
            pump();
        }
    }
    for (auto& [key, client] : m_clients) {
        if (client.reaper && client.reaper->until.passed()) {
            const Reaper reaper = *std::exchange(client.reaper, std::nullopt);
            umockdev_ioctl_client_complete(reaper.client.get(), -1, m_gone ? ENODEV : EAGAIN);
        }
    }
}

int MockNode::claim(UMockdevIoctlClient* from) {
    const unsigned number = *Argument<unsigned>(from);
    if (!m_options.configured || !m_functions.contains(number)) {
        return ENOENT;
    }
    const auto has_it = [&](const auto& it) { return it.first != from && it.second.claims.contains(number); };
    if (std::ranges::any_of(m_clients, has_it)) {
        bury_the_dead(from);
    }
    if (m_functions.at(number).held || std::ranges::any_of(m_clients, has_it)) {
        ++m_counts.refused_claims;
        return EBUSY;
    }
    ++m_counts.claims;
    m_clients[from].claims.insert(number);
    return 0;
}

int MockNode::release(UMockdevIoctlClient* from) {
    const unsigned number = *Argument<unsigned>(from);
    return m_clients[from].claims.erase(number) == 1 ? 0 : EINVAL;
}

int MockNode::set_configuration(UMockdevIoctlClient* from) {
    const unsigned value = *Argument<unsigned>(from);
    ++m_counts.configurations_set;
    m_options.configured = value == m_options.layout.configuration;
    return m_options.configured ? 0 : EINVAL;
}

int MockNode::clear_halt(UMockdevIoctlClient*) {
    ++m_counts.halts_cleared;
    return 0;
}

int MockNode::submit(UMockdevIoctlClient* from) {
    Client& client = m_clients[from];
    Urb urb{resolve(umockdev_ioctl_client_get_arg(from), 0, sizeof(usbdevfs_urb))};
    usbdevfs_urb* fields = urb.fields();
    const auto length = static_cast<std::size_t>(std::max(fields->buffer_length, 0));
    const auto buffer = resolve(urb.data.get(), offsetof(usbdevfs_urb, buffer), length);
    fields->actual_length = 0;
    if (fields->type == USBDEVFS_URB_TYPE_CONTROL && length >= setup_size) {
        const View all(static_cast<const Byte*>(fields->buffer), length);
        const bool in = (all[0] & direction_in) != 0;
        const auto answer = setup(all.first(setup_size), in ? Bytes() : to_bytes(all.subspan(setup_size)));
        std::size_t done = length - setup_size;
        if (answer && in) {
            done = std::min(answer->size(), done);
            std::copy_n(answer->begin(), done, static_cast<Byte*>(fields->buffer) + setup_size);
        }
        fields->actual_length = answer ? static_cast<int>(done) : 0;
        finish(client, std::move(urb), answer ? 0 : -EPIPE);
        return 0;
    }
    Interface* interface = interface_of(fields->endpoint);
    if (interface == nullptr) {
        return ENOENT;
    }
    if (!client.claims.contains(interface->pipes.number)) {
        return EINVAL;
    }
    start(client, std::move(urb));
    return 0;
}

void MockNode::start(Client& client, Urb urb) {
    usbdevfs_urb* fields = urb.fields();
    if ((fields->endpoint & direction_in) != 0) {
        client.pending.push_back(std::move(urb));
        pump();
        return;
    }
    const auto* begin = static_cast<const Byte*>(fields->buffer);
    const auto length = static_cast<std::size_t>(fields->buffer_length);
    MockFunction& function = *interface_of(fields->endpoint)->function;
    const bool taken = length == 0 || function.write(Bytes(begin, begin + length));
    fields->actual_length = taken ? fields->buffer_length : 0;
    finish(client, std::move(urb), m_gone ? -ESHUTDOWN : (taken ? 0 : -EPIPE));
}

int MockNode::discard(UMockdevIoctlClient* from) {
    Client& client = m_clients[from];
    const UMockdevIoctlData* argument = umockdev_ioctl_client_get_arg(from);
    gulong address = 0;
    std::memcpy(&address, argument->data, sizeof address);
    const auto at = std::ranges::find_if(client.pending,
                                         [&](const Urb& urb) { return urb.data->client_addr == address; });
    if (at == client.pending.end()) {
        return EINVAL;
    }
    Urb urb = std::move(*at);
    client.pending.erase(at);
    finish(client, std::move(urb), -ENOENT);
    return 0;
}

int MockNode::reap(UMockdevIoctlClient* from) {
    Client& client = m_clients[from];
    if (client.done.empty() && m_gone) {
        return ENODEV;
    }
    client.reaper =
        Reaper{GObjectPointer<UMockdevIoctlClient>::share(from),
               resolve(umockdev_ioctl_client_get_arg(from), 0, sizeof(void*)), Deadline::after(reap_wait)};
    serve(client);
    return later;
}

/// serve gives a finished transfer to a client that waits for one.
void MockNode::serve(Client& client) {
    if (client.reaper && !client.done.empty()) {
        const Reaper reaper = *std::exchange(client.reaper, std::nullopt);
        const Urb urb = std::move(client.done.front());
        client.done.pop_front();
        umockdev_ioctl_data_set_ptr(reaper.pointer.get(), 0, urb.data.get());
        umockdev_ioctl_client_complete(reaper.client.get(), 0, 0);
    }
}

void MockNode::finish(Client& client, Urb urb, int status) {
    urb.fields()->status = status;
    client.done.push_back(std::move(urb));
    serve(client);
}

void MockNode::pump() {
    const std::lock_guard lock(m_mutex);
    for (auto& [key, client] : m_clients) {
        for (auto at = client.pending.begin(); at != client.pending.end();) {
            const Urb urb = *at;
            at = fill(client, urb) ? client.pending.erase(at) : std::next(at);
        }
    }
}

/// fill puts packets into a transfer; true when that ended it.
bool MockNode::fill(Client& client, const Urb& urb) {
    usbdevfs_urb* fields = urb.fields();
    Interface& interface = *interface_of(fields->endpoint);
    const bool interrupt = fields->endpoint == interface.pipes.interrupt_in.address;
    const std::size_t whole = interrupt ? 0 : interface.pipes.bulk_in.packet;
    while (auto packet = interrupt ? interface.function->next_interrupt() : interface.function->next_bulk()) {
        const auto room = static_cast<std::size_t>(fields->buffer_length - fields->actual_length);
        if (packet->stall || packet->data.size() > room) {
            finish(client, urb, packet->stall ? -EPIPE : -EOVERFLOW);
            return true;
        }
        std::copy(packet->data.begin(), packet->data.end(),
                  static_cast<Byte*>(fields->buffer) + fields->actual_length);
        fields->actual_length += static_cast<int>(packet->data.size());
        if (packet->data.size() < whole || interrupt || fields->actual_length == fields->buffer_length) {
            finish(client, urb, 0);
            return true;
        }
    }
    return false;
}

MockNode::Interface* MockNode::interface_of(Byte endpoint) {
    for (auto& [number, it] : m_functions) {
        if (endpoint == it.pipes.bulk_in.address || endpoint == it.pipes.bulk_out.address ||
            endpoint == it.pipes.interrupt_in.address) {
            return &it;
        }
    }
    return nullptr;
}

}  // namespace jeton::test
