#include "reader/synthetic_usb.hpp"

#include <gtest/gtest.h>

#include "reader/emulated_descriptor.hpp"
#include "reader/error.hpp"

namespace jeton::reader {

namespace {

TEST(SyntheticUsb, DescribesTheEmulatedReader) {
    const Bytes class_descriptor = emulated_descriptor({}, 1);
    const UsbIdentity usb = synthetic_usb(class_descriptor, 7);
    EXPECT_EQ(usb.bus, 0);
    EXPECT_EQ(usb.address, 7);
    ASSERT_EQ(usb.device_descriptor.size(), 18U);
    const View device = usb.device_descriptor;
    EXPECT_EQ(load_le(device.subspan(8, 2)), usb.vendor);
    EXPECT_EQ(load_le(device.subspan(10, 2)), usb.product);
    EXPECT_EQ(load_le(device.subspan(12, 2)), usb.release);

    const View configuration = usb.configuration_descriptor;
    ASSERT_EQ(configuration.size(), 93U);
    EXPECT_EQ(load_le(configuration.subspan(2, 2)), 93U);
    EXPECT_TRUE(equal(configuration.subspan(18, 54), class_descriptor));
}

/// Each descriptor says how long it is: that must lead from one to the next, and the endpoints are the ones
/// named.
TEST(SyntheticUsb, DescriptorsFollowEachOther) {
    const UsbIdentity usb = synthetic_usb(emulated_descriptor({}, 1), 1);
    View rest = usb.configuration_descriptor;
    Bytes types;
    Bytes addresses;
    while (rest.size() >= 3 && rest[0] >= 3 && rest[0] <= rest.size()) {
        types.push_back(rest[1]);
        if (rest[1] == 5) {
            addresses.push_back(rest[2]);
        }
        rest = rest.subspan(rest[0]);
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(to_hex(types), "020421050505");
    EXPECT_EQ(addresses, (Bytes{usb.bulk_out, usb.bulk_in, usb.interrupt_in}));
}

TEST(SyntheticUsb, RefusesWhatIsNoClassDescriptor) {
    EXPECT_THROW(synthetic_usb(Bytes(53), 1), Error);
    EXPECT_THROW(synthetic_usb(Bytes(55), 1), Error);
}

}  // namespace

}  // namespace jeton::reader
