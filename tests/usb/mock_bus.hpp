// A USB bus with emulated readers, for programs that run under umockdev-wrapper: this one, and those that it
// starts. libusb, pcscd and the module find the readers as they find real ones.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <umockdev.h>

#include "usb/mock_node.hpp"

#include "reader/emulated_reader.hpp"

namespace jeton::test {

/// MockReader is what to plug in: a device with one Device of ours for each CCID interface, by its number.
struct MockReader {
    UsbLayout layout;
    std::map<unsigned, std::unique_ptr<reader::Device>> devices;
    bool configured = true;               ///< else no configuration is active
    std::set<unsigned> kernel_drivers{};  ///< interfaces that a driver of the kernel has
};

/// reader_with puts one emulated reader on the bus.
MockReader reader_with(std::unique_ptr<reader::Device> device, const std::string& serial = "0001");

/// two_slots makes one reader with two card openings of two with one each.
std::unique_ptr<reader::Device> two_slots(std::unique_ptr<reader::Device> first,
                                          std::unique_ptr<reader::Device> second);

class MockBus {
  public:
    /// There may be one at a time. Throws std::runtime_error outside of umockdev-wrapper.
    MockBus();
    ~MockBus();
    MockBus(const MockBus&) = delete;  // its thread points to it
    MockBus& operator=(const MockBus&) = delete;

    /// plug makes |reader| appear at the port path |ports|, such as "1-2.3", with an address of its own.
    MockNode& plug(const std::string& ports, MockReader reader);

    /// unplug takes it away; its node lives on for those who have it open. Safe to call from a hook.
    void unplug(const std::string& ports);

    /// node is the one that is plugged in at |ports|, or was last.
    MockNode& node(const std::string& ports);

  private:
    struct Plugged {
        std::string path;  ///< in sysfs
        std::vector<std::string> interface_paths;
        std::unique_ptr<MockNode> node;
        bool present = true;
    };

    void withdraw(Plugged& plugged);

    GObjectPointer<UMockdevTestbed> m_testbed;
    std::mutex m_mutex;
    std::multimap<std::string, Plugged> m_devices;  ///< the latest of a place is its last
    Byte m_next_address = 2;
    bool m_end = false;
    std::thread m_ticker;
};

}  // namespace jeton::test
