#include "usb/mock_bus.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <stdexcept>
#include <utility>

#include "reader/emulated_descriptor.hpp"
#include "reader/error.hpp"

namespace jeton::test {

namespace {

constexpr Milliseconds tick{1};

void add(UMockdevTestbed* testbed, const std::string& text) {
    GError* error = nullptr;
    if (umockdev_testbed_add_from_string(testbed, text.c_str(), &error) == FALSE) {
        throw std::runtime_error(fmt::format("umockdev: {}\n{}", error->message, text));
    }
}

std::string device_text(const std::string& path, const std::string& node, const MockNode::Options& options) {
    const UsbLayout& layout = options.layout;
    const std::string descriptors = to_hex(all_descriptors(layout));
    std::string text = fmt::format("P: {}\nN: {}={}\n", path, node, descriptors);
    text += fmt::format(
        "E: SUBSYSTEM=usb\nE: DRIVER=usb\nE: DEVTYPE=usb_device\nE: DEVNAME=/dev/{}\nE: BUSNUM={:03}\n"
        "E: DEVNUM={:03}\nE: ID_VENDOR_ID={:04x}\nE: ID_MODEL_ID={:04x}\nE: PRODUCT={:x}/{:x}/{:x}\n",
        node, options.bus, options.address, layout.vendor, layout.product, layout.vendor, layout.product,
        layout.release);
    text += fmt::format("A: busnum={}\\n\nA: devnum={}\\n\nA: speed=480\\n\nA: idVendor={:04x}\\n\n",
                        options.bus, options.address, layout.vendor);
    text += fmt::format("A: idProduct={:04x}\\n\nA: bConfigurationValue={}\\n\nA: product={}\\n\n",
                        layout.product, options.configured ? std::to_string(layout.configuration) : "",
                        layout.product_name);
    if (!layout.serial.empty()) {
        text += fmt::format("A: serial={}\\n\n", layout.serial);
    }
    return text + fmt::format("H: descriptors={}\n", descriptors);
}

std::string interface_text(const std::string& path, const InterfaceLayout& interface) {
    std::string text = fmt::format(
        "P: {}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nE: INTERFACE={}/0/{}\n"
        "A: bInterfaceNumber={:02x}\\n\nA: bInterfaceClass={:02x}\\n\n",
        path, interface.interface_class, interface.protocol, interface.number, interface.interface_class);
    if (!interface.name.empty()) {
        text += fmt::format("A: interface={}\\n\n", interface.name);
    }
    return text;
}

/// TwoSlots gives each message to the reader of its slot, as slot 0, and its answers back under their slot.
class TwoSlots final : public reader::Device {
  public:
    TwoSlots(std::unique_ptr<reader::Device> first, std::unique_ptr<reader::Device> second)
        : m_parts{std::move(first), std::move(second)} {}

    Bytes descriptor() const override {
        Bytes result = m_parts[0]->descriptor();
        result[4] = 1;  // bMaxSlotIndex
        return result;
    }
    void claim() override {
        std::ranges::for_each(m_parts, [](auto& part) { part->claim(); });
    }
    void release() noexcept override {
        std::ranges::for_each(m_parts, [](auto& part) { part->release(); });
    }
    void bulk_write(View message, Deadline deadline) override {
        Bytes inner = to_bytes(message);
        const std::size_t slot = inner.at(5);
        inner[5] = slot < m_parts.size() ? Byte{0} : Byte{1};  // the reader refuses the others
        m_parts.at(std::min(slot, m_parts.size() - 1))->bulk_write(inner, deadline);
    }
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override {
        while (true) {
            for (std::size_t slot = 0; slot < m_parts.size(); ++slot) {
                try {
                    const std::size_t got =
                        m_parts.at(slot)->bulk_read(buffer, Deadline::after(Milliseconds(0)));
                    buffer[5] = static_cast<Byte>(slot);
                    return got;
                } catch (const reader::Error&) {
                    if (deadline.passed() && slot + 1 == m_parts.size()) {
                        throw;
                    }
                }
            }
            std::this_thread::sleep_for(tick);
        }
    }
    void control(Byte request, std::uint16_t value, Deadline deadline) override {
        m_parts.at((value & 0xFF) % m_parts.size())
            ->control(request, static_cast<std::uint16_t>(value & 0xFF00), deadline);
    }
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override {
        std::size_t result = 0;
        for (std::size_t slot = 0; slot < m_parts.size(); ++slot) {
            std::array<Byte, 2> one{};
            if (m_parts.at(slot)->interrupt_read(one, deadline) == one.size()) {
                m_bits = static_cast<Byte>((m_bits & ~(3U << 2 * slot)) | unsigned{one[1]} << 2 * slot);
                result = one.size();
            }
        }
        if (result > 0) {
            buffer[0] = 0x50;
            buffer[1] = m_bits;
        }
        return result;
    }

  private:
    std::array<std::unique_ptr<reader::Device>, 2> m_parts;
    Byte m_bits = 0;
};

}  // namespace

MockReader reader_with(std::unique_ptr<reader::Device> device, const std::string& serial) {
    MockReader result;
    result.layout.product_name = "Emulated reader";
    result.layout.serial = serial;
    result.layout.interfaces.push_back({.extra = device->descriptor()});
    result.devices.emplace(0, std::move(device));
    return result;
}

std::unique_ptr<reader::Device> two_slots(std::unique_ptr<reader::Device> first,
                                          std::unique_ptr<reader::Device> second) {
    return std::make_unique<TwoSlots>(std::move(first), std::move(second));
}

MockBus::MockBus() {
    m_testbed = GObjectPointer<UMockdevTestbed>(umockdev_testbed_new());
    if (umockdev_in_mock_environment() == FALSE) {
        throw std::runtime_error("this program must run under umockdev-wrapper");
    }
    add(m_testbed.get(), "P: /devices/usb1\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n");
    m_ticker = std::thread([this] {
        while (true) {
            std::this_thread::sleep_for(tick);
            std::vector<MockNode*> nodes;  // they stay until the end; none is called with the lock held
            {
                const std::lock_guard lock(m_mutex);
                if (m_end) {
                    return;
                }
                for (auto& [ports, plugged] : m_devices) {
                    nodes.push_back(plugged.node.get());
                }
            }
            std::ranges::for_each(nodes, &MockNode::tick);
        }
    });
}

MockBus::~MockBus() {
    std::vector<std::string> places;
    {
        const std::lock_guard lock(m_mutex);
        for (const auto& [ports, plugged] : m_devices) {
            places.push_back(ports);
        }
    }
    for (const std::string& ports : places) {
        unplug(ports);
    }
    {
        const std::lock_guard lock(m_mutex);
        m_end = true;
    }
    m_ticker.join();
}

MockNode& MockBus::plug(const std::string& ports, MockReader reader) {
    MockNode::Options options{.layout = std::move(reader.layout),
                              .configured = reader.configured,
                              .kernel_drivers = std::move(reader.kernel_drivers),
                              .bus = 1,
                              .address = m_next_address++};
    const std::string name = fmt::format("bus/usb/{:03}/{:03}", options.bus, options.address);
    gchar* const root = umockdev_testbed_get_root_dir(m_testbed.get());
    options.file = std::filesystem::canonical(root) / "dev" / name;
    g_free(root);
    Plugged plugged;
    plugged.path = "/devices/usb1/" + ports;
    plugged.node =
        std::make_unique<MockNode>(options, std::move(reader.devices), [this, ports] { unplug(ports); });
    MockNode& node = *plugged.node;
    GError* error = nullptr;
    if (umockdev_testbed_attach_ioctl(m_testbed.get(), ("/dev/" + name).c_str(), node.handler(), &error) ==
        FALSE) {
        throw std::runtime_error(error->message);
    }
    std::vector<std::string> texts{device_text(plugged.path, name, options)};
    for (const InterfaceLayout& interface : options.layout.interfaces) {
        plugged.interface_paths.push_back(
            fmt::format("{}/{}:{}.{}", plugged.path, ports, options.layout.configuration, interface.number));
        texts.push_back(interface_text(plugged.interface_paths.back(), interface));
    }
    {
        const std::lock_guard lock(m_mutex);
        m_devices.emplace(ports, std::move(plugged));
    }
    for (const std::string& text : texts) {
        add(m_testbed.get(), text);
    }
    return node;
}

void MockBus::unplug(const std::string& ports) {
    Plugged* found = nullptr;
    {
        const std::lock_guard lock(m_mutex);
        for (auto& [place, plugged] : m_devices) {
            if (place == ports && plugged.present) {
                plugged.present = false;
                found = &plugged;
            }
        }
    }
    if (found != nullptr) {
        withdraw(*found);
    }
}

/// withdraw takes the interfaces before their device: umockdev wants it so.
void MockBus::withdraw(Plugged& plugged) {
    plugged.node->unplug();
    for (const std::string& path : plugged.interface_paths) {
        umockdev_testbed_remove_device(m_testbed.get(), ("/sys" + path).c_str());
    }
    umockdev_testbed_remove_device(m_testbed.get(), ("/sys" + plugged.path).c_str());
}

MockNode& MockBus::node(const std::string& ports) {
    const std::lock_guard lock(m_mutex);
    const auto [begin, end] = m_devices.equal_range(ports);
    if (begin == end) {
        throw std::runtime_error("nothing was ever plugged in at " + ports);
    }
    return *std::prev(end)->second.node;
}

}  // namespace jeton::test
