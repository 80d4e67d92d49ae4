#include "pkcs11/reader_places.hpp"

#include <atomic>

#include "reader/fault_injector.hpp"
#include "reader/runtime_directory.hpp"
#include "reader/usb_readers.hpp"
#include "softcard/store.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace fs = std::filesystem;

namespace {

std::vector<reader::ReaderPlace> usb_places() {
    const auto runtime = reader::runtime_directory();
    auto places = reader::find_usb_readers(runtime);
    static std::atomic<bool> told{false};
    if (!runtime && !places.empty() && !told.exchange(true)) {
        log::warn(
            "neither {} nor XDG_RUNTIME_DIR can be used: other processes that use a reader will not be "
            "noticed",
            reader::shared_runtime_directory);
    }
    return places;
}

}  // namespace

reader::ReaderPlace soft_card_place(const Config& config, const std::string& name) {
    const fs::path file = softcard::card_file(*config.state_directory, name);
    const auto insert = [card = config.soft_card](const fs::path& path) {
        return softcard::insert(path, card);
    };
    reader::ReaderPlace place{"jeton soft card " + name, "softcard:" + file.string(),
                              softcard::lease_file(*config.state_directory, name), nullptr};
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
    return place;
}

std::vector<fs::path> hotplug_directories(const Config& config) {
    std::vector<fs::path> directories;
    if (config.soft_cards && config.state_directory) {
        directories.push_back(*config.state_directory);
    }
    return directories;
}

std::vector<reader::ReaderPlace> find_reader_places(const Config& config) {
    std::vector<reader::ReaderPlace> places = usb_places();
    if (config.soft_cards && config.state_directory) {
        for (const std::string& name : softcard::list(*config.state_directory)) {
            places.push_back(soft_card_place(config, name));
        }
    }
    for (reader::ReaderPlace& place : places) {
        place.handover = config.handover;
    }
    return places;
}

}  // namespace jeton::pkcs11
