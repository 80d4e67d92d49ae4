// The parser of USB descriptors: each way in which devices put them, and those that are broken.
#include "reader/usb_descriptors.hpp"

#include <gtest/gtest.h>

#include "usb/usb_layout.hpp"

#include "reader/descriptor.hpp"
#include "reader/emulated_descriptor.hpp"

namespace jeton::reader {

namespace {

using test::InterfaceLayout;
using test::UsbLayout;
using Carrier = CcidInterface::Carrier;

Bytes ccid() {
    return emulated_descriptor({});
}

UsbLayout simple_reader() {
    UsbLayout layout;
    layout.interfaces.push_back({.extra = ccid()});
    return layout;
}

/// The CCID interfaces of the only configuration.
std::vector<CcidInterface> interfaces_of(const Bytes& descriptors) {
    const auto description = parse_usb_descriptors(descriptors);
    if (!description || description->configurations.size() != 1) {
        ADD_FAILURE() << "no device with one configuration";
        return {};
    }
    return description->configurations[0].interfaces;
}

std::vector<CcidInterface> interfaces_of(const UsbLayout& layout) {
    return interfaces_of(test::all_descriptors(layout));
}

TEST(UsbDescriptors, FindAReader) {
    const UsbLayout layout = simple_reader();
    const auto description = parse_usb_descriptors(test::all_descriptors(layout));
    ASSERT_TRUE(description);
    EXPECT_EQ(description->vendor, 0x1209);
    EXPECT_EQ(description->product, 0x0001);
    EXPECT_EQ(description->release, 0x0100);
    EXPECT_EQ(description->device_descriptor, test::device_descriptor(layout));
    ASSERT_NE(description->configuration(1), nullptr);
    EXPECT_EQ(description->configuration(2), nullptr);
    EXPECT_EQ(description->configuration(1)->descriptor, test::configuration_descriptor(layout));
    const auto& found = description->configuration(1)->interfaces;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].carrier, Carrier::bulk);
    EXPECT_EQ(found[0].class_descriptor, ccid());
    EXPECT_EQ(found[0].bulk_out.address, 0x01);
    EXPECT_EQ(found[0].bulk_in.address, 0x82);
    EXPECT_EQ(found[0].bulk_in.packet, 64);
    EXPECT_EQ(found[0].interrupt_in.address, 0x83);
    EXPECT_EQ(found[0].interrupt_in.packet, 8);
}

TEST(UsbDescriptors, TheClassDescriptorMayStandBehindAnyEndpointAndAmongOthers) {
    const Bytes dfu{9, 0x21, 1, 2, 3, 4, 5, 6, 7};
    for (std::size_t endpoint = 0; endpoint < 3; ++endpoint) {
        UsbLayout layout = simple_reader();
        layout.interfaces[0].extra = dfu;
        layout.interfaces[0].endpoints[endpoint].extra = ccid();
        const auto found = interfaces_of(layout);
        ASSERT_EQ(found.size(), 1U) << endpoint;
        EXPECT_EQ(found[0].class_descriptor, ccid());
        EXPECT_EQ(found[0].interrupt_in.address, 0x83) << "the endpoints behind it count as well";
    }
    UsbLayout layout = simple_reader();
    layout.interfaces[0].extra = dfu;
    append(layout.interfaces[0].extra, ccid());
    append(layout.interfaces[0].extra, dfu);
    EXPECT_EQ(interfaces_of(layout).size(), 1U);
}

TEST(UsbDescriptors, CompositeDevicesAndSeveralReadersInOne) {
    UsbLayout layout = simple_reader();
    layout.interfaces.insert(layout.interfaces.begin(),
                             InterfaceLayout{.number = 0,
                                             .interface_class = 3,
                                             .extra = {9, 0x21, 0, 0, 0, 0, 0, 0, 0},
                                             .endpoints = {{0x84, 3, 8}}});
    layout.interfaces[1].number = 1;
    layout.interfaces.push_back(
        {.number = 2, .extra = ccid(), .endpoints = {{0x05, 2, 512}, {0x86, 2, 512}}});
    layout.interfaces.push_back({.number = 2, .alternate = 1, .extra = ccid()});
    const auto found = interfaces_of(layout);
    ASSERT_EQ(found.size(), 2U) << "the keyboard is none, an alternate setting no other one";
    EXPECT_EQ(found[0].number, 1);
    EXPECT_EQ(found[1].number, 2);
    EXPECT_EQ(found[1].alternate, 0);
    EXPECT_EQ(found[1].bulk_in.packet, 512);
    EXPECT_EQ(found[1].interrupt_in.address, 0) << "not every reader has one";
}

TEST(UsbDescriptors, VendorClassOnlyForListedReaders) {
    UsbLayout layout = simple_reader();
    layout.interfaces[0].interface_class = 0xFF;
    layout.interfaces[0].extra[1] = 0xFF;
    EXPECT_TRUE(interfaces_of(layout).empty());
    layout.vendor = 0x08E6;
    layout.product = 0x2202;
    EXPECT_EQ(interfaces_of(layout).size(), 1U);
    layout.interfaces[0].extra.clear();
    EXPECT_TRUE(interfaces_of(layout).empty()) << "without a class descriptor it is no reader";
}

TEST(UsbDescriptors, TokensWithoutBulkPipes) {
    for (const Byte protocol : Bytes{1, 2, 3}) {
        UsbLayout layout = simple_reader();
        layout.interfaces[0].protocol = protocol;
        layout.interfaces[0].endpoints.clear();
        const auto found = interfaces_of(layout);
        ASSERT_EQ(found.size(), protocol == 3 ? 0U : 1U);
        if (!found.empty()) {
            EXPECT_EQ(found[0].carrier, protocol == 1 ? Carrier::iccd_a : Carrier::iccd_b);
        }
    }
    UsbLayout layout = simple_reader();
    layout.interfaces[0].protocol = 1;
    EXPECT_EQ(interfaces_of(layout).at(0).carrier, Carrier::bulk)
        << "met: a reader that claims to be a token";
    layout.interfaces[0].protocol = 0;
    layout.interfaces[0].endpoints.erase(layout.interfaces[0].endpoints.begin());
    EXPECT_TRUE(interfaces_of(layout).empty()) << "no way to send";
}

TEST(UsbDescriptors, SeveralConfigurations) {
    UsbLayout second = simple_reader();
    second.configuration = 3;
    UsbLayout first = simple_reader();
    first.interfaces[0].interface_class = 8;
    Bytes bytes = test::device_descriptor(first, 2);
    append(bytes, test::configuration_descriptor(first));
    append(bytes, test::configuration_descriptor(second));
    const auto description = parse_usb_descriptors(bytes);
    ASSERT_TRUE(description);
    ASSERT_EQ(description->configurations.size(), 2U);
    EXPECT_TRUE(description->configuration(1)->interfaces.empty());
    EXPECT_EQ(description->configuration(3)->interfaces.size(), 1U);
}

TEST(UsbDescriptors, CutAnywhere) {
    const Bytes whole = test::all_descriptors(simple_reader());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        const auto description = parse_usb_descriptors(cut);
        EXPECT_EQ(description.has_value(), length >= 18) << length;
        if (description && !description->configurations.empty()) {
            const bool both_pipes = length >= 18 + 9 + 9 + 54 + 7 + 7;
            EXPECT_EQ(description->configurations[0].interfaces.size(), both_pipes ? 1U : 0U) << length;
        }
    }
}

TEST(UsbDescriptors, LengthsThatCannotBe) {
    const Bytes whole = test::all_descriptors(simple_reader());
    constexpr std::size_t interface_at = 18 + 9;
    for (const Byte length : Bytes{0, 1, 255}) {
        Bytes bad = whole;
        bad[interface_at] = length;
        EXPECT_TRUE(interfaces_of(bad).empty()) << int{length};
        bad = whole;
        bad[18] = length;
        EXPECT_TRUE(parse_usb_descriptors(bad)->configurations.empty()) << int{length};
    }
    Bytes bad = whole;
    bad[0] = 17;
    EXPECT_FALSE(parse_usb_descriptors(bad));
    bad = whole;
    bad[18 + 2] = 4;  // wTotalLength
    bad[18 + 3] = 0;
    EXPECT_TRUE(parse_usb_descriptors(bad)->configurations.at(0).interfaces.empty());
    bad[18 + 3] = 0xFF;
    EXPECT_EQ(parse_usb_descriptors(bad)->configurations.at(0).interfaces.size(), 1U) << "all that there is";
    bad = whole;
    bad[interface_at + 9 + 54 + 5] = 0;  // a pipe whose packets hold nothing
    bad[interface_at + 9 + 54 + 4] = 0;
    EXPECT_TRUE(interfaces_of(bad).empty());
}

}  // namespace

}  // namespace jeton::reader
