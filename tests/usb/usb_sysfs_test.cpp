// Readers found in a directory that looks like sysfs: names, keys, openings, and what is left out.
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>

#include "usb/usb_layout.hpp"

#include "reader/emulated_descriptor.hpp"
#include "reader/error.hpp"
#include "reader/usb_device.hpp"
#include "reader/usb_readers.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::reader {

namespace {

using test::ScratchDirectory;
using test::UsbLayout;

/// FakeSysfs is the directory of devices.
class FakeSysfs {
  public:
    FakeSysfs() { std::filesystem::create_directories(tree().devices); }

    UsbTree tree() const { return {m_scratch / "devices", m_scratch / "nodes"}; }

    void write(const std::string& device, const std::string& file, const std::string& text) const {
        const auto path = tree().devices / device / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }

    void add(const std::string& name, const UsbLayout& layout, int address) const {
        const Bytes descriptors = test::all_descriptors(layout);
        write(name, "descriptors", std::string(descriptors.begin(), descriptors.end()));
        write(name, "busnum", "1\n");
        write(name, "devnum", std::to_string(address) + "\n");
        write(name, "bConfigurationValue", "1\n");
        write(name, "product", layout.product_name + "\n");
        write(name, "serial", layout.serial + "\n");
        for (const auto& interface : layout.interfaces) {
            if (!interface.name.empty()) {
                write(name, name + ":1." + std::to_string(interface.number) + "/interface",
                      interface.name + "\n");
            }
        }
    }

    std::vector<ReaderPlace> places(const std::optional<std::filesystem::path>& runtime = {}) const {
        return find_usb_readers(runtime, tree());
    }

  private:
    ScratchDirectory m_scratch;
};

UsbLayout reader_layout() {
    UsbLayout layout;
    layout.interfaces.push_back({.extra = emulated_descriptor({})});
    return layout;
}

TEST(UsbReaders, NoneWhereThereIsNoUsb) {
    EXPECT_TRUE(find_usb_readers(std::nullopt, {"/missing", "/missing"}).empty());
    EXPECT_TRUE(FakeSysfs().places().empty());
}

TEST(UsbReaders, HaveANameAKeyAndALeaseFile) {
    const FakeSysfs sysfs;
    sysfs.add("1-2.3", reader_layout(), 7);
    const auto places = sysfs.places("/run/somewhere");
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].name, "Test reader (0001)");
    EXPECT_EQ(places[0].key, "usb:1-2.3:0");
    EXPECT_EQ(places[0].lease_file, "/run/somewhere/usb-1-2.3-0.lease");
    EXPECT_EQ(places[0].openings, 1U);
    EXPECT_TRUE(sysfs.places()[0].lease_file.empty()) << "no directory for it";
}

TEST(UsbReaders, InterfacesAndOpeningsOfOneDevice) {
    const FakeSysfs sysfs;
    UsbLayout layout = reader_layout();
    layout.interfaces[0].extra[4] = 3;  // bMaxSlotIndex
    layout.interfaces[0].name = "Contact";
    layout.interfaces.push_back({.number = 1, .extra = emulated_descriptor({})});
    layout.interfaces[1].extra[4] = 200;
    sysfs.add("2-1", layout, 7);
    const auto places = sysfs.places();
    ASSERT_EQ(places.size(), 2U);
    EXPECT_EQ(places[0].name, "Test reader [Contact] (0001)");
    EXPECT_EQ(places[0].openings, 4U);
    EXPECT_EQ(places[1].name, "Test reader [1] (0001)");
    EXPECT_EQ(places[1].key, "usb:2-1:1");
    EXPECT_EQ(places[1].openings, 8U) << "no more than are used";
}

TEST(UsbReaders, TextsOfTheDeviceAreHostile) {
    const FakeSysfs sysfs;
    UsbLayout layout = reader_layout();
    layout.product_name = "  Re\x1b[31mader\tM\xC3\xBCnchen ";
    layout.serial = "\x01";
    sysfs.add("1-1", layout, 2);
    EXPECT_EQ(sysfs.places().at(0).name, "Re [31mader M?nchen");
    layout.product_name = "";
    sysfs.add("1-1", layout, 2);
    EXPECT_EQ(sysfs.places().at(0).name, "USB reader 1209:0001");
}

TEST(UsbReaders, TwoOfTheSameNameAreToldApart) {
    const FakeSysfs sysfs;
    sysfs.add("1-1", reader_layout(), 2);
    sysfs.add("1-2", reader_layout(), 3);
    const auto places = sysfs.places();
    ASSERT_EQ(places.size(), 2U);
    EXPECT_EQ(places[0].name, "Test reader (0001) at usb:1-1:0");
    EXPECT_EQ(places[1].name, "Test reader (0001) at usb:1-2:0");
}

TEST(UsbReaders, LeavesOutWhatIsNoReaderOrHalfGone) {
    const FakeSysfs sysfs;
    UsbLayout keyboard;
    keyboard.interfaces.push_back({.interface_class = 3});
    sysfs.add("1-1", keyboard, 2);
    sysfs.add("usb1", reader_layout(), 1);
    sysfs.add("1-2:1.0", reader_layout(), 3);
    sysfs.write("1-3", "busnum", "1\n");
    for (const char* file : {"busnum", "devnum", "descriptors"}) {
        for (const char* text : {"", "0", "-1", "1000", "99999999999999999999", "1x"}) {
            sysfs.add("1-4", reader_layout(), 4);
            sysfs.write("1-4", file, text);
            EXPECT_TRUE(sysfs.places().empty()) << file << " " << text;
        }
    }
}

TEST(UsbReaders, TheActiveConfigurationCounts) {
    const FakeSysfs sysfs;
    sysfs.add("1-1", reader_layout(), 4);
    sysfs.write("1-1", "bConfigurationValue", "2\n");
    EXPECT_TRUE(sysfs.places().empty()) << "that one has no reader";
    sysfs.write("1-1", "bConfigurationValue", "\n");
    EXPECT_EQ(sysfs.places().size(), 1U) << "none is active: it will be the first";
    EXPECT_FALSE(read_usb_device(sysfs.tree(), "1-1")->configured);
}

TEST(UsbReaders, OpenFindsTheDeviceAnew) {
    const FakeSysfs sysfs;
    sysfs.add("1-1", reader_layout(), 4);
    const auto place = sysfs.places().at(0);
    const auto kind_of_failure = [&] {
        try {
            place.open();
        } catch (const Error& error) {
            return std::string(error.kind() == Error::Kind::gone ? "gone: " : "other: ") + error.what();
        }
        return std::string("opened");
    };
    EXPECT_NE(kind_of_failure().find("gone: " + (sysfs.tree().nodes / "001" / "004").string()),
              std::string::npos)
        << kind_of_failure();
    sysfs.write("1-1", "devnum", "12\n");
    EXPECT_NE(kind_of_failure().find((sysfs.tree().nodes / "001" / "012").string()), std::string::npos);
    std::filesystem::remove_all(sysfs.tree().devices / "1-1");
    EXPECT_EQ(kind_of_failure(), "gone: there is no reader at USB 1-1 now");
    UsbLayout other = reader_layout();
    other.interfaces[0].number = 5;
    sysfs.add("1-1", other, 4);
    EXPECT_EQ(kind_of_failure(), "gone: the device at USB 1-1 has no reader interface 0");
}

}  // namespace

}  // namespace jeton::reader
