#include "pkcs11/reader_places.hpp"

#include <atomic>
#include <utility>

#include "reader/auto_readers.hpp"
#include "reader/fault_injector.hpp"
#include "reader/pcsc_readers.hpp"
#include "reader/replay_card.hpp"
#include "reader/runtime_directory.hpp"
#include "reader/trace.hpp"
#include "reader/usb_readers.hpp"
#include "reader/vpcd_readers.hpp"
#include "softcard/store.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace fs = std::filesystem;

namespace {

/// finished gives |place| with what |config| wants of every reader. Each place goes through it.
reader::ReaderPlace finished(const Config& config, reader::ReaderPlace place) {
    place.handover = config.handover;
    place.pinpad = config.pinpad;
    if (config.trace && place.open) {
        place.open = [open = std::move(place.open), trace = config.trace] {
            return reader::make_traced_device(open(), trace);
        };
    }
    return place;
}

/// replay_place is the reader of a recording; each process plays it anew.
reader::ReaderPlace replay_place(const Config& config, const fs::path& file) {
    const std::string name = "jeton replay " + file.filename().string();
    return finished(config,
                    {name, "replay:" + file.string(), {}, [file] { return reader::open_replay(file); }});
}

std::vector<reader::ReaderPlace> usb_places(const Config& config) {
    const auto runtime = reader::runtime_directory();
    auto places = reader::find_usb_readers(runtime);
    static std::atomic<bool> told{false};
    if (!runtime && !places.empty() && !told.exchange(true)) {
        log::warn(
            "neither {} nor XDG_RUNTIME_DIR can be used: other processes that use a reader will not be "
            "noticed",
            reader::shared_runtime_directory);
    }
    for (reader::ReaderPlace& place : places) {
        place = finished(config, std::move(place));
    }
    return places;
}

std::vector<reader::ReaderPlace> hardware_places(const Config& config) {
    switch (config.access) {
        case Access::automatic:
            return reader::find_auto_readers([&] { return usb_places(config); });
        case Access::usb:
            return usb_places(config);
        case Access::pcsc:
            return reader::find_pcsc_readers();
        case Access::none:
            break;
    }
    return {};
}

}  // namespace

reader::ReaderPlace soft_card_place(const Config& config, const std::string& name) {
    const fs::path file = softcard::card_file(*config.state_directory, name);
    const auto insert = [card = config.soft_card](const fs::path& path) {
        return softcard::insert(path, card);
    };
    reader::ReaderPlace place{"jeton soft card " + name, "softcard:" + file.string(),
                              softcard::lease_file(*config.state_directory, name), nullptr};
    place.stay = Milliseconds(0);  // a hand-over costs nothing
    if (config.fault_plan) {
        const auto control = std::make_shared<reader::FaultControl>(*config.fault_plan);
        place.open = [file, insert, options = config.soft_reader, control] {
            auto card = reader::make_faulty_card(insert(file), control, insert);
            return reader::make_fault_injector(reader::make_emulated_reader(std::move(card), options),
                                               control);
        };
    } else {
        place.open = [file, insert, options = config.soft_reader] {
            return reader::make_emulated_reader(insert(file), options);
        };
    }
    return finished(config, std::move(place));
}

std::vector<fs::path> hotplug_directories(const Config& config) {
    std::vector<fs::path> directories;
    if (config.soft_cards && config.state_directory) {
        directories.push_back(*config.state_directory);
    }
    return directories;
}

std::vector<reader::ReaderPlace> find_reader_places(const Config& config) {
    std::vector<reader::ReaderPlace> places = hardware_places(config);
    for (reader::ReaderPlace& place : reader::find_vpcd_readers(config.vpcd)) {
        places.push_back(finished(config, std::move(place)));
    }
    for (const fs::path& file : config.replays) {
        places.push_back(replay_place(config, file));
    }
    if (!config.soft_cards || !config.state_directory) {
        return places;
    }
    for (const std::string& name : softcard::list(*config.state_directory)) {
        places.push_back(soft_card_place(config, name));
    }
    return places;
}

}  // namespace jeton::pkcs11
