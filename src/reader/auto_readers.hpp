// All readers, each in the way in which it can be reached, and each once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reader/pcsc_readers.hpp"
#include "reader/reader.hpp"

namespace jeton::reader {

/// find_auto_readers gives pcscd's readers where it answers, else those that |find_direct| gives, which this
/// process drives itself. What a process once reached directly keeps its place, with an AutoLink in it, and
/// is not listed as pcscd's too.
std::vector<ReaderPlace> find_auto_readers(const std::function<std::vector<ReaderPlace>()>& find_direct);

/// usb_address_of reads where the device of a place with the key "usb:BUS-PORTPATH:INTERFACE" is now;
/// |devices| is the directory of devices in sysfs. nullopt when it is not plugged in or the key is of another
/// form.
std::optional<UsbAddress> usb_address_of(const std::string& key,
                                         const std::string& devices = "/sys/bus/usb/devices");

}  // namespace jeton::reader
