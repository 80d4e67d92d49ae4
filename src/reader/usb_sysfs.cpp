#include "reader/usb_sysfs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <system_error>
#include <unistd.h>

#include "util/files.hpp"

namespace jeton::reader {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_descriptors = 65536;
constexpr std::size_t longest_attribute = 512;
constexpr std::size_t most_listed = 1024;

/// read_attribute reads a file of sysfs, whose size is not known before; empty when it cannot be read.
Bytes read_attribute(const fs::path& path, std::size_t limit) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    Bytes content;
    std::array<Byte, 4096> chunk{};
    while (fd && content.size() < limit) {
        const ssize_t got = read(fd.get(), chunk.data(), std::min(chunk.size(), limit - content.size()));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        append(content, View(chunk).first(static_cast<std::size_t>(got)));
    }
    return content;
}

/// read_text gives an attribute as printable ASCII, without blanks at its ends.
std::string read_text(const fs::path& path) {
    std::string text = to_text(read_attribute(path, longest_attribute));
    std::erase_if(text, [](char c) { return (c & 0xC0) == 0x80; });  // all but the first of a character
    for (char& c : text) {
        c = c < 0 ? '?' : (c < ' ' || c > '~' ? ' ' : c);
    }
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// read_number gives a decimal attribute from 1 to |most|; nullopt for anything else.
std::optional<unsigned> read_number(const fs::path& path, unsigned most) {
    const std::string text = read_text(path);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most) {
        return std::nullopt;
    }
    return value;
}

/// is_device_name takes "1-2.3", not "usb1" (a root hub) and not "1-2.3:1.0" (an interface).
bool is_device_name(const std::string& name) {
    return !name.empty() && name[0] >= '0' && name[0] <= '9' && name.find('-') != std::string::npos &&
           name.find_first_not_of("0123456789-.") == std::string::npos;
}

}  // namespace

fs::path UsbListing::node(const UsbTree& tree) const {
    return tree.nodes / fmt::format("{:03}", bus) / fmt::format("{:03}", address);
}

std::optional<UsbListing> read_usb_device(const UsbTree& tree, const std::string& name) {
    const fs::path directory = tree.devices / name;
    auto description = parse_usb_descriptors(read_attribute(directory / "descriptors", most_descriptors));
    const auto bus = read_number(directory / "busnum", 999);
    const auto address = read_number(directory / "devnum", 127);
    if (!description || description->configurations.empty() || !bus || !address) {
        return std::nullopt;
    }
    const auto active = read_number(directory / "bConfigurationValue", 255);
    const UsbConfiguration* configuration =
        active ? description->configuration(static_cast<Byte>(*active)) : description->configurations.data();
    if (configuration == nullptr || configuration->interfaces.empty()) {
        return std::nullopt;
    }
    UsbListing result;
    result.name = name;
    result.bus = static_cast<std::uint16_t>(*bus);
    result.address = static_cast<Byte>(*address);
    result.configured = active.has_value();
    result.configuration = *configuration;
    result.product = read_text(directory / "product");
    result.serial = read_text(directory / "serial");
    for (const CcidInterface& interface : result.configuration.interfaces) {
        const std::string part = fmt::format("{}:{}.{}", name, result.configuration.value, interface.number);
        result.interface_names[interface.number] = read_text(directory / part / "interface");
    }
    result.description = std::move(*description);
    return result;
}

std::vector<UsbListing> list_usb_devices(const UsbTree& tree) {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator at(tree.devices, error);
    while (!error && at != fs::directory_iterator() && names.size() < most_listed) {
        if (std::string name = at->path().filename(); is_device_name(name)) {
            names.push_back(std::move(name));
        }
        at.increment(error);
    }
    std::ranges::sort(names);
    std::vector<UsbListing> result;
    for (const std::string& name : names) {
        if (auto found = read_usb_device(tree, name)) {
            result.push_back(std::move(*found));
        }
    }
    return result;
}

}  // namespace jeton::reader
