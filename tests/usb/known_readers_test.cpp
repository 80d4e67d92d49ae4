// Every reader of the list of descriptors collected in the field is found. The list is beside the project,
// not in it: the test is there where the list stands.
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "usb/usb_layout.hpp"

#include "reader/descriptor.hpp"
#include "reader/usb_descriptors.hpp"

namespace jeton::reader {

namespace {

using Row = std::map<std::string, std::string>;

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> result;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) {
        result.push_back(cell);
    }
    return result;
}

std::vector<Row> read_rows(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    const auto names = cells(line);
    std::vector<Row> rows;
    while (std::getline(in, line)) {
        const auto values = cells(line);
        EXPECT_EQ(values.size(), names.size()) << line;
        Row row;
        for (std::size_t i = 0; i < std::min(values.size(), names.size()); ++i) {
            row[names[i]] = values[i];
        }
        rows.push_back(row);
    }
    return rows;
}

/// number reads "0x0B", "254", "271 bytes", "9600 bps"; "3.580 MHz" is 3580.
std::uint32_t number(const std::string& text) {
    if (text.ends_with("MHz")) {
        return static_cast<std::uint32_t>(std::stod(text) * 1000 + 0.5);
    }
    return static_cast<std::uint32_t>(std::stoul(text, nullptr, text.starts_with("0x") ? 16 : 10));
}

/// hexadecimal reads "0471", "00000003", "0x21"; "1.10" is 0x0110.
std::uint32_t hexadecimal(std::string text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
        return static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
    }
    return hexadecimal(text.substr(0, dot)) << 8 | hexadecimal(text.substr(dot + 1));
}

struct Field {
    const char* column;
    std::size_t offset;
    std::size_t size;
    std::uint32_t (*read)(const std::string&);
};

const Field fields[] = {
    {"bDescriptorType", 1, 1, number},
    {"bcdCCID", 2, 2, [](const std::string& text) { return hexadecimal(text); }},
    {"bMaxSlotIndex", 4, 1, number},
    {"bVoltageSupport", 5, 1, number},
    {"dwProtocols", 6, 4, [](const std::string& text) { return hexadecimal(text); }},
    {"dwDefaultClock", 10, 4, number},
    {"dwMaximumClock", 14, 4, number},
    {"bNumClockSupported", 18, 1, number},
    {"dwDataRate", 19, 4, number},
    {"dwMaxDataRate", 23, 4, number},
    {"bNumDataRatesSupported", 27, 1, number},
    {"dwMaxIFSD", 28, 4, number},
    {"dwMechanical", 36, 4, number},
    {"dwFeatures", 40, 4, number},
    {"dwMaxCCIDMessageLength", 44, 4, number},
    {"bClassGetResponse", 48, 1, number},
    {"bClassEnvelope", 49, 1, number},
    {"wLcdLayout", 50, 2, number},
    {"bPINSupport", 52, 1, number},
    {"bMaxCCIDBusySlots", 53, 1, number},
};

Bytes class_descriptor(const Row& row) {
    Bytes bytes(ClassDescriptor::length);
    bytes[0] = ClassDescriptor::length;
    for (const Field& field : fields) {
        store_le(std::span<Byte>(bytes).subspan(field.offset, field.size), field.read(row.at(field.column)));
    }
    return bytes;
}

test::UsbLayout layout_of(const Row& row) {
    static const std::vector<test::EndpointLayout> all{{0x01, 2}, {0x82, 2}, {0x83, 3, 8}, {0x84, 3, 8}};
    static const std::vector<test::EndpointLayout> interrupt_alone{{0x83, 3, 8}};
    const std::size_t count = number(row.at("bNumEndpoints"));
    test::UsbLayout layout;
    layout.vendor = static_cast<std::uint16_t>(hexadecimal(row.at("vid")));
    layout.product = static_cast<std::uint16_t>(hexadecimal(row.at("pid")));
    layout.release = static_cast<std::uint16_t>(hexadecimal(row.at("bcdDevice")));
    test::InterfaceLayout interface;
    interface.number = static_cast<Byte>(number(row.at("bInterfaceNumber")));
    interface.interface_class = static_cast<Byte>(number(row.at("bInterfaceClass")));
    interface.protocol = static_cast<Byte>(number(row.at("bInterfaceProtocol")));
    interface.extra = class_descriptor(row);
    interface.endpoints = count == 1 ? interrupt_alone : all;
    interface.endpoints.resize(std::min(count, interface.endpoints.size()), {0, 0});
    layout.interfaces.push_back(interface);
    return layout;
}

TEST(KnownReaders, AreFound) {
    const auto rows = read_rows(KNOWN_READERS);
    ASSERT_GE(rows.size(), 691U);
    for (const Row& row : rows) {
        const std::string name = row.at("vid") + ":" + row.at("pid") + " " + row.at("bInterfaceNumber");
        const Bytes descriptors = test::all_descriptors(layout_of(row));
        const auto description = parse_usb_descriptors(descriptors);
        ASSERT_TRUE(description) << name;
        ASSERT_EQ(description->configurations.size(), 1U) << name;
        ASSERT_EQ(description->configurations[0].interfaces.size(), 1U) << name;
        const CcidInterface& found = description->configurations[0].interfaces[0];
        EXPECT_EQ(found.number, number(row.at("bInterfaceNumber"))) << name;
        EXPECT_EQ(found.class_descriptor, class_descriptor(row)) << name;
        const bool pipes = number(row.at("bNumEndpoints")) >= 2;
        EXPECT_EQ(found.carrier == CcidInterface::Carrier::bulk, pipes) << name;
        const auto parsed = parse_class_descriptor(found.class_descriptor);
        ASSERT_TRUE(parsed) << name;
        EXPECT_EQ(parsed->max_slot_index, number(row.at("bMaxSlotIndex"))) << name;
        EXPECT_EQ(parsed->features, number(row.at("dwFeatures"))) << name;
        EXPECT_EQ(parsed->default_clock, number(row.at("dwDefaultClock"))) << name;
        for (std::size_t length = 0; length < descriptors.size(); ++length) {
            parse_usb_descriptors(View(descriptors).first(length));  // none is read past its end
        }
    }
}

}  // namespace

}  // namespace jeton::reader
