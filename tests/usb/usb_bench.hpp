// A software card in an emulated reader on an emulated USB bus, and the module as applications load it.
#pragma once

#include <memory>
#include <string>

#include "usb/mock_bus.hpp"

#include "pkcs11/module_under_test.hpp"
#include "softcard/store.hpp"

namespace jeton::test {

/// UsbBench is a bus, a card in the reader at port "1-1", and a configuration in which the module sees
/// readers on USB alone.
class UsbBench {
  public:
    explicit UsbBench(reader::EmulationOptions options = {}) : m_options(options) {
        m_cards.write_config(R"({"readers": {"access": "usb"}, "softCards": {"enabled": false}})");
        setenv("XDG_RUNTIME_DIR", m_runtime.path().c_str(), 1);
    }
    ~UsbBench() { unsetenv("XDG_RUNTIME_DIR"); }
    UsbBench(const UsbBench&) = delete;  // there is one environment
    UsbBench& operator=(const UsbBench&) = delete;

    MockBus& bus() { return m_bus; }
    SoftCards& cards() { return m_cards; }
    const std::filesystem::path& runtime() const { return m_runtime.path(); }

    /// device is one more emulated reader with that card.
    std::unique_ptr<reader::Device> device() const {
        return reader::make_emulated_reader(softcard::insert(m_cards.card_file()), m_options);
    }
    MockNode& plug(const std::string& ports = "1-1") { return m_bus.plug(ports, reader_with(device())); }

  private:
    reader::EmulationOptions m_options;
    ScratchDirectory m_runtime;
    SoftCards m_cards;
    MockBus m_bus;
};

}  // namespace jeton::test
