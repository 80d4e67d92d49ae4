#include "reader/hotplug_hints.hpp"

#include <array>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.hpp"

namespace jeton::reader {

namespace {

constexpr unsigned kernel_events =
    1;  ///< the group of NETLINK_KOBJECT_UEVENT that the kernel itself sends to
constexpr int most_drained = 256;
constexpr std::size_t longest_event = 8192;

UniqueFd listen_to_kernel() {
    UniqueFd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = kernel_events;
    if (!socket || bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        log::debug("no events of devices from the kernel");
        return {};
    }
    return socket;
}

UniqueFd watch_directories(const std::vector<std::filesystem::path>& directories) {
    UniqueFd files(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    for (const auto& directory : directories) {
        if (files) {
            inotify_add_watch(files.get(), directory.c_str(),
                              IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR);
        }
    }
    return files;
}

}  // namespace

HotplugHints::HotplugHints(const std::vector<std::filesystem::path>& directories)
    : m_kernel(listen_to_kernel()), m_files(watch_directories(directories)) {}

bool HotplugHints::wait(int stop, Milliseconds limit) {
    std::array<pollfd, 3> descriptors{
        {{stop, POLLIN, 0}, {m_kernel.get(), POLLIN, 0}, {m_files.get(), POLLIN, 0}}};
    const int ready = poll(descriptors.data(), descriptors.size(), static_cast<int>(limit.count()));
    drain();
    return ready > 0;
}

/// drain reads what came, bounded: more hints tell nothing more.
void HotplugHints::drain() {
    std::array<char, longest_event> buffer;
    for (const UniqueFd* source : {&m_kernel, &m_files}) {
        for (int i = 0; i < most_drained && *source && read(source->get(), buffer.data(), buffer.size()) > 0;
             ++i) {
        }
    }
}

}  // namespace jeton::reader
