// The readers that pcscd has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reader/pcsc_library.hpp"
#include "reader/reader.hpp"

namespace jeton::reader {

/// list_pcsc_readers gives the names of pcscd's readers; nullopt where no pcscd answers. |library| may be
/// nullptr. Sends nothing to a reader.
std::optional<std::vector<std::string>> list_pcsc_readers(const pcsc::Library* library);

/// pcsc_place is the reader of that name: its key is "pcsc:NAME", its link a PcscLink.
ReaderPlace pcsc_place(const pcsc::Library& library, const std::string& name);

/// find_pcsc_readers gives the places of pcscd's readers with the library of the system; none where no pcscd
/// answers.
std::vector<ReaderPlace> find_pcsc_readers();

/// UsbAddress is where a device is on the bus now.
struct UsbAddress {
    unsigned bus = 0;
    unsigned address = 0;

    bool operator==(const UsbAddress&) const = default;
};

/// pcsc_usb_address asks the driver of a reader where its device is (SCARD_ATTR_CHANNEL_ID, PC/SC part 3:
/// 0020bbaa, bus and address); nullopt where it is not on USB or does not tell.
std::optional<UsbAddress> pcsc_usb_address(const pcsc::Library& library, const std::string& name);

}  // namespace jeton::reader
