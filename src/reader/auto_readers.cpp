#include "reader/auto_readers.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "reader/auto_link.hpp"

namespace jeton::reader {

namespace {

constexpr std::string_view usb_prefix = "usb:";

std::optional<unsigned> read_number(const std::string& file) {
    std::ifstream in(file);
    unsigned number = 0;
    return in >> number ? std::optional(number) : std::nullopt;
}

/// is_opening tells whether pcscd's |name| ends with the number of the opening |index|, two hexadecimal
/// digits.
bool is_opening(const std::string& name, std::size_t index) {
    return name.ends_with(fmt::format(" {:02X}", index));
}

/// find_twin gives the way to the opening |index| of the reader with |key| through pcscd.
std::unique_ptr<CardLink> find_twin(const std::string& key, std::size_t index) {
    const auto address = usb_address_of(key);
    const pcsc::Library* library = address ? pcsc::system_library() : nullptr;
    for (const std::string& name : list_pcsc_readers(library).value_or(std::vector<std::string>())) {
        if (is_opening(name, index) && pcsc_usb_address(*library, name) == address) {
            return pcsc_place(*library, name).link(index);
        }
    }
    return nullptr;
}

/// in_both_ways is |place| with an AutoLink in each opening. The openings share one Reader, as they share its
/// lease.
ReaderPlace in_both_ways(const ReaderPlace& place) {
    struct Shared {
        std::mutex mutex;
        std::weak_ptr<Reader> reader;
    };
    ReaderPlace out{.name = place.name, .key = place.key, .lease_file = {}, .open = nullptr};
    out.openings = place.openings;
    out.link = [place, shared = std::make_shared<Shared>()](std::size_t index) {
        const std::lock_guard lock(shared->mutex);
        std::shared_ptr<Reader> direct = shared->reader.lock();
        if (direct == nullptr) {
            direct = std::make_shared<Reader>(place);
            shared->reader = direct;
        }
        return std::make_unique<AutoLink>(std::shared_ptr<CardLink>(direct, &direct->slot(index)),
                                          [key = place.key, index] { return find_twin(key, index); });
    };
    return out;
}

/// Known is what this process was told of before; never destroyed, see Module.
struct Known {
    std::mutex mutex;
    std::set<std::string> direct;                                ///< keys
    std::map<std::string, std::optional<UsbAddress>> addresses;  ///< of pcscd's readers, by name
};

Known& known() {
    static auto* known = new Known;
    return *known;
}

/// is_known_directly asks each of pcscd's readers once where it is, and only where it can matter.
bool is_known_directly(Known& all, const pcsc::Library& library, const std::string& name) {
    const auto at_its_place = [&](const std::string& key) {
        const auto address = usb_address_of(key);
        if (!address) {
            return false;
        }
        const auto [found, fresh] = all.addresses.try_emplace(name);
        if (fresh) {
            found->second = pcsc_usb_address(library, name);
        }
        return found->second == address;
    };
    return std::ranges::any_of(all.direct, at_its_place);
}

}  // namespace

std::optional<UsbAddress> usb_address_of(const std::string& key, const std::string& devices) {
    const std::size_t end = key.rfind(':');
    if (!key.starts_with(usb_prefix) || end < usb_prefix.size()) {
        return std::nullopt;
    }
    const std::string device = key.substr(usb_prefix.size(), end - usb_prefix.size());
    if (device.empty() || device.find('/') != std::string::npos) {
        return std::nullopt;
    }
    const auto bus = read_number(fmt::format("{}/{}/busnum", devices, device));
    const auto address = read_number(fmt::format("{}/{}/devnum", devices, device));
    return bus && address ? std::optional(UsbAddress{*bus, *address}) : std::nullopt;
}

std::vector<ReaderPlace> find_auto_readers(const std::function<std::vector<ReaderPlace>()>& find_direct) {
    const pcsc::Library* library = pcsc::system_library();
    const auto names = list_pcsc_readers(library);
    Known& all = known();
    const std::lock_guard lock(all.mutex);
    std::vector<ReaderPlace> places;
    if (!names || !all.direct.empty()) {
        for (const ReaderPlace& place : find_direct()) {
            if (!names || all.direct.contains(place.key)) {
                all.direct.insert(place.key);
                places.push_back(in_both_ways(place));
            }
        }
    }
    if (!names) {
        all.addresses.clear();  // another pcscd may use the names for other readers
        return places;
    }
    for (const std::string& name : *names) {
        if (!is_known_directly(all, *library, name)) {
            places.push_back(pcsc_place(*library, name));
        }
    }
    return places;
}

}  // namespace jeton::reader
