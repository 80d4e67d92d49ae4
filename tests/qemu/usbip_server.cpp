// usbip_server --card FILE [OPTION VALUE]...: plugs an emulated reader with a software card into the kernel
// that it runs on, through vhci_hcd. It ends when it is killed: the reader is unplugged then.
//
//   --level as set_exchange of emulated_reader.hpp, --serial TEXT, --port N
//   --power-on, --verify, --sign: milliseconds that the card takes for that
#include <array>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <fmt/core.h>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/usbip_device.hpp"
#include "qemu/working_reader.hpp"
#include "support/timed_card.hpp"

#include "reader/emulated_reader.hpp"
#include "softcard/store.hpp"
#include "util/files.hpp"

namespace {

using namespace jeton;

constexpr const char* attach_file = "/sys/devices/platform/vhci_hcd.0/attach";
constexpr unsigned high_speed = 3;  ///< enum usb_device_speed of the kernel
constexpr std::uint16_t high_speed_packet = 512;

using Options = std::map<std::string, std::string>;

Options parse(int count, char** words) {
    Options options{{"--card", ""},  {"--level", "extended-apdu"}, {"--serial", "0001"},
                    {"--port", "0"}, {"--power-on", "0"},          {"--verify", "0"},
                    {"--sign", "0"}};
    for (int i = 1; i < count; i += 2) {
        const auto option = options.find(words[i]);
        if (option == options.end() || i + 1 == count) {
            throw std::runtime_error(
                fmt::format("usage: see the head of usbip_server.cpp; not {}", words[i]));
        }
        option->second = words[i + 1];
    }
    return options;
}

Milliseconds time(const Options& options, const char* name) {
    return Milliseconds(std::stoul(options.at(name)));
}

reader::EmulationOptions emulation(const Options& options) {
    reader::EmulationOptions result;
    if (!reader::set_exchange(result, options.at("--level"))) {
        throw std::runtime_error("unknown level " + options.at("--level"));
    }
    return result;
}

test::UsbLayout layout(const reader::Device& reader, const std::string& serial) {
    test::InterfaceLayout interface;
    interface.extra = reader.descriptor();
    interface.endpoints = {{0x01, 2, high_speed_packet}, {0x82, 2, high_speed_packet}, {0x83, 3, 8}};
    test::UsbLayout result;
    result.interfaces = {interface};
    result.product_name = "Reader behind vhci";
    result.serial = serial;
    return result;
}

/// attach gives one end of a pair of sockets to vhci, and returns the other.
UniqueFd attach(const std::string& port) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    const UniqueFd file(open(attach_file, O_WRONLY | O_CLOEXEC));
    const auto device_id = 0x10001 + std::stoul(port);
    const std::string line = fmt::format("{} {} {} {}", port, theirs.get(), device_id, high_speed);
    if (!file || write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::system_error(errno, std::generic_category(), attach_file);
    }
    return ours;
}

void serve(const Options& options) {
    auto card = std::make_shared<test::TimedCard>(
        softcard::insert(options.at("--card")),
        test::CardTimes{time(options, "--power-on"), time(options, "--verify"), time(options, "--sign")});
    auto reader = std::make_unique<test::WorkingReader>(
        reader::make_emulated_reader(std::move(card), emulation(options)));
    const test::UsbLayout usb = layout(*reader, options.at("--serial"));
    const UniqueFd socket = attach(options.at("--port"));
    test::UsbipDevice(socket.get(), usb, std::move(reader)).run();
}

}  // namespace

int main(int count, char** words) {
    try {
        serve(parse(count, words));
        return 0;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("usbip_server: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
