// Where readers are: what the configuration names and what is plugged in.
#pragma once

#include <string>
#include <vector>

#include "pkcs11/config.hpp"
#include "reader/reader.hpp"

namespace jeton::pkcs11 {

/// soft_card_place is the reader of the software card |name| in |config|'s directory, which there must be.
/// With a fault plan it is one that can break.
reader::ReaderPlace soft_card_place(const Config& config, const std::string& name);

/// find_reader_places lists the readers that are there now. Opens none.
std::vector<reader::ReaderPlace> find_reader_places(const Config& config);

/// hotplug_directories are those whose changes are a reason to look for readers again.
std::vector<std::filesystem::path> hotplug_directories(const Config& config);

}  // namespace jeton::pkcs11
