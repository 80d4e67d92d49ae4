#include "reader/usb_device.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <thread>
#include <utility>

#include "reader/ccid.hpp"
#include "reader/error.hpp"
#include "reader/quirks.hpp"
#include "reader/usb_handle.hpp"
#include "reader/usb_iccd.hpp"
#include "util/log.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr Milliseconds tail_limit{500};  ///< between the packets of one message
constexpr std::size_t largest_packet = 2048;

/// UsbDevice is what bulk readers and tokens have in common: the handle, and what USB knows of them.
class UsbDevice : public Device {
  public:
    UsbDevice(std::unique_ptr<UsbHandle> handle, CcidInterface interface, UsbIdentity identity)
        : m_handle(std::move(handle)), m_interface(std::move(interface)), m_identity(std::move(identity)) {}

    Bytes descriptor() const override { return m_interface.class_descriptor; }
    std::optional<UsbIdentity> usb() const override { return m_identity; }
    void claim() override { m_handle->claim(); }
    void release() noexcept override { m_handle->release(); }
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override;

  protected:
    UsbHandle& handle() { return *m_handle; }
    const CcidInterface& interface() const { return m_interface; }

  private:
    std::unique_ptr<UsbHandle> m_handle;
    const CcidInterface m_interface;
    const UsbIdentity m_identity;
};

std::size_t UsbDevice::interrupt_read(std::span<Byte> buffer, Deadline deadline) {
    const UsbEndpoint& pipe = m_interface.interrupt_in;
    if (pipe.address == 0) {
        std::this_thread::sleep_until(deadline.at());  // no news, as from a pipe that is silent
        return 0;
    }
    std::array<Byte, largest_packet> packet{};
    const std::size_t got =
        m_handle->interrupt_in(pipe.address, std::span(packet).first(pipe.packet), deadline);
    const std::size_t taken = std::min(got, buffer.size());
    std::copy_n(packet.begin(), taken, buffer.begin());
    return taken;
}

class BulkDevice final : public UsbDevice {
  public:
    using UsbDevice::UsbDevice;

    void bulk_write(View message, Deadline deadline) override {
        handle().bulk_out(interface().bulk_out.address, message, deadline);
    }
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;
    void control(Byte request, std::uint16_t value, Deadline deadline) override {
        handle().control_out(request, value, {}, deadline);
    }

  private:
    std::size_t read_packets(std::span<Byte> buffer, std::size_t wanted, Deadline deadline);
};

/// read_packets asks for as many whole packets as |wanted| bytes need. One packet more than comes would make
/// the host wait for it: a message that fills its last packet has no other end than its length.
std::size_t BulkDevice::read_packets(std::span<Byte> buffer, std::size_t wanted, Deadline deadline) {
    const std::size_t packet = interface().bulk_in.packet;
    const std::size_t size = (wanted + packet - 1) / packet * packet;
    if (size <= buffer.size()) {
        return handle().bulk_in(interface().bulk_in.address, buffer.first(size), deadline);
    }
    SecretBytes larger(size);  // the end of the buffer is inside a packet
    const std::size_t got = handle().bulk_in(interface().bulk_in.address, larger, deadline);
    if (got > buffer.size()) {
        throw Error(Kind::protocol, "USB read: the message is longer than its buffer");
    }
    std::copy_n(larger.begin(), got, buffer.begin());
    return got;
}

/// The first packet tells how long the message is; the rest of it is then read in one go.
std::size_t BulkDevice::bulk_read(std::span<Byte> buffer, Deadline deadline) {
    std::size_t filled = read_packets(buffer, 1, deadline);
    if (filled < interface().bulk_in.packet) {
        return filled;
    }
    const std::size_t announced = ccid::announced_size(buffer.first(filled)).value_or(0);
    const std::size_t end = std::min(announced, buffer.size());
    while (filled < end) {
        std::size_t got = 0;
        try {
            got = read_packets(buffer.subspan(filled), end - filled, Deadline::after(tail_limit));
        } catch (const Error& error) {
            if (error.kind() != Kind::timeout) {
                throw;
            }
        }
        if (got == 0) {
            break;  // the end of a message that is shorter than it said
        }
        filled += got;
    }
    return filled;
}

/// TokenDevice is a card that is a USB device itself (ICCD).
class TokenDevice final : public UsbDevice {
  public:
    TokenDevice(std::unique_ptr<UsbHandle> handle, CcidInterface interface, UsbIdentity identity)
        : UsbDevice(std::move(handle), interface, std::move(identity)),
          m_messages(UsbDevice::handle(), interface.carrier) {}

    Bytes descriptor() const override { return token_descriptor(UsbDevice::descriptor()); }
    void bulk_write(View message, Deadline deadline) override { m_messages.write(message, deadline); }
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override {
        return m_messages.read(buffer, deadline);
    }
    void control(Byte, std::uint16_t, Deadline) override {
        throw Error(Kind::unsupported, "a token knows no ABORT");
    }

  private:
    IccdMessages m_messages;
};

UsbIdentity identity_of(const UsbListing& device, const CcidInterface& interface) {
    UsbIdentity result;
    result.vendor = device.description.vendor;
    result.product = device.description.product;
    result.release = device.description.release;
    result.bus = device.bus;
    result.address = device.address;
    result.interface = interface.number;
    result.device_descriptor = device.description.device_descriptor;
    result.configuration_descriptor = device.configuration.descriptor;
    result.bulk_out = interface.bulk_out.address;
    result.bulk_in = interface.bulk_in.address;
    result.interrupt_in = interface.interrupt_in.address;
    return result;
}

}  // namespace

std::unique_ptr<Device> open_usb_device(const UsbTree& tree, const std::string& name, Byte number) {
    const auto device = read_usb_device(tree, name);
    if (!device) {
        throw Error(Kind::gone, fmt::format("there is no reader at USB {} now", name));
    }
    const auto& interfaces = device->configuration.interfaces;
    const auto interface = std::ranges::find(interfaces, number, &CcidInterface::number);
    if (interface == interfaces.end()) {
        throw Error(Kind::gone, fmt::format("the device at USB {} has no reader interface {}", name, number));
    }
    const UsbIdentity identity = identity_of(*device, *interface);
    const Quirks& quirks = quirks_of(identity.vendor, identity.product, identity.release);
    if (identity.release < quirks.first_good) {
        log::warn("USB {}: the firmware {:x}.{:02x} of this reader is known to be faulty", name,
                  identity.release >> 8, identity.release & 0xFF);
    }
    // A device that is configured is left as it is: a new configuration would reset its other functions.
    const auto configuration =
        device->configured ? std::nullopt : std::optional<Byte>(device->configuration.value);
    auto handle = std::make_unique<UsbHandle>(device->node(tree), number, configuration);
    std::this_thread::sleep_for(Milliseconds(quirks.settle));
    if (interface->carrier == CcidInterface::Carrier::bulk) {
        return std::make_unique<BulkDevice>(std::move(handle), *interface, identity);
    }
    return std::make_unique<TokenDevice>(std::move(handle), *interface, identity);
}

}  // namespace jeton::reader
