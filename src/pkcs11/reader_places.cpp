#include "pkcs11/reader_places.hpp"

#include "reader/fault_injector.hpp"
#include "softcard/store.hpp"

namespace jeton::pkcs11 {

namespace fs = std::filesystem;

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

std::vector<reader::ReaderPlace> find_reader_places(const Config& config) {
    std::vector<reader::ReaderPlace> places;
    if (!config.soft_cards || !config.state_directory) {
        return places;
    }
    for (const std::string& name : softcard::list(*config.state_directory)) {
        places.push_back(soft_card_place(config, name));
    }
    for (reader::ReaderPlace& place : places) {
        place.pinpad = config.pinpad;
    }
    return places;
}

}  // namespace jeton::pkcs11
