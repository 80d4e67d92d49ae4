#include "pkcs11/reader_places.hpp"

#include <utility>

#include "reader/fault_injector.hpp"
#include "reader/replay_card.hpp"
#include "reader/trace.hpp"
#include "softcard/store.hpp"

namespace jeton::pkcs11 {

namespace fs = std::filesystem;

namespace {

/// traced gives |place| whose device is traced, if |config| asks for a trace. Each place goes through it.
reader::ReaderPlace traced(const Config& config, reader::ReaderPlace place) {
    if (config.trace && place.open) {
        place.open = [open = std::move(place.open), trace = config.trace] {
            return reader::make_traced_device(open(), trace);
        };
    }
    return place;
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
    return traced(config, std::move(place));
}

namespace {

/// replay_place is the reader of a recording; each process plays it anew.
reader::ReaderPlace replay_place(const Config& config, const fs::path& file) {
    const std::string name = "jeton replay " + file.filename().string();
    return traced(config,
                  {name, "replay:" + file.string(), {}, [file] { return reader::open_replay(file); }});
}

}  // namespace

std::vector<reader::ReaderPlace> find_reader_places(const Config& config) {
    std::vector<reader::ReaderPlace> places;
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
