#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include "reader/descriptor.hpp"
#include "reader/error.hpp"
#include "reader/pcapng.hpp"
#include "reader/pcapng_usb.hpp"
#include "reader/secret_mask.hpp"
#include "reader/synthetic_usb.hpp"
#include "reader/trace.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using pcapng::TransferType;
using pcapng::UsbPacket;
using Setup = std::array<Byte, 8>;

/// Requests (USB 2.0, 9.4).
constexpr Setup get_device{0x80, 6, 0, 1, 0, 0, 18, 0};
constexpr Setup get_configuration{0x80, 6, 0, 2, 0, 0, 0, 0};  // its length is put in
constexpr Setup set_configuration{0x00, 9, 0, 0, 0, 0, 0, 0};  // its value is put in
constexpr std::size_t place_of_value = 5;                      ///< bConfigurationValue of the descriptor
constexpr Byte class_request = 0x21;

struct StatusRow {
    Error::Kind kind;
    int error;
};

constexpr std::array statuses{
    StatusRow{Error::Kind::gone, ESHUTDOWN},  StatusRow{Error::Kind::timeout, ENOENT},
    StatusRow{Error::Kind::busy, EBUSY},      StatusRow{Error::Kind::unsupported, EPIPE},
    StatusRow{Error::Kind::protocol, EPROTO},
};

std::int32_t status_of(const Error& error) {
    for (const StatusRow& row : statuses) {
        if (row.kind == error.kind()) {
            return -row.error;
        }
    }
    return -EPROTO;
}

std::uint64_t now() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

ExchangeLevel level_of(View class_descriptor) {
    const auto parsed = parse_class_descriptor(class_descriptor);
    return parsed ? parsed->level() : ExchangeLevel::extended_apdu;
}

class TracedDevice final : public Device {
  public:
    TracedDevice(std::unique_ptr<Device> device, std::shared_ptr<Trace> trace)
        : m_device(std::move(device)), m_trace(std::move(trace)), m_mask(level_of(m_device->descriptor())) {
        if (auto usb = m_device->usb()) {
            m_usb = std::move(*usb);
        } else {
            Bytes class_descriptor = m_device->descriptor();
            class_descriptor.resize(ClassDescriptor::length);  // a broken one is refused elsewhere
            m_usb = synthetic_usb(class_descriptor, m_trace->next_address());
        }
        enumerate();
    }

    Bytes descriptor() const override { return m_device->descriptor(); }
    std::optional<UsbIdentity> usb() const override { return m_device->usb(); }
    void claim() override { m_device->claim(); }
    void release() noexcept override { m_device->release(); }
    void bulk_write(View message, Deadline deadline) override;
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;
    void control(Byte request, std::uint16_t value, Deadline deadline) override;
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override;

  private:
    void enumerate();
    void enumerate(Setup setup, View answer);
    UsbPacket submission(TransferType type, Byte endpoint, std::size_t length);
    static UsbPacket completion(const UsbPacket& submission, std::int32_t status, std::size_t length);
    using Masking = std::size_t (SecretMask::*)(std::span<Byte>);
    void record(UsbPacket packet, View data = {}, Masking masking = nullptr) noexcept;

    /// attempt does |action| and records the completion of |packet| when it fails.
    template <typename Action>
    auto attempt(const UsbPacket& packet, Action&& action) {
        try {
            return action();
        } catch (const Error& error) {
            record(completion(packet, status_of(error), 0));
            throw;
        }
    }

    std::unique_ptr<Device> m_device;
    std::shared_ptr<Trace> m_trace;
    UsbIdentity m_usb;
    SecretMask m_mask;
    SecretBytes m_copy;  ///< of the transfer at hand, to be masked
};

UsbPacket TracedDevice::submission(TransferType type, Byte endpoint, std::size_t length) {
    return {.id = m_trace->next_transfer(),
            .completes = false,
            .type = type,
            .endpoint = endpoint,
            .bus = m_usb.bus,
            .address = m_usb.address,
            .time = now(),
            .status = 0,
            .length = static_cast<std::uint32_t>(length),
            .setup = std::nullopt,
            .data = {}};
}

UsbPacket TracedDevice::completion(const UsbPacket& submission, std::int32_t status, std::size_t length) {
    UsbPacket out = submission;
    out.completes = true;
    out.time = now();
    out.status = status;
    out.length = static_cast<std::uint32_t>(length);
    out.setup.reset();
    return out;
}

/// record writes |packet| with |data|, masked if there is a way to.
void TracedDevice::record(UsbPacket packet, View data, Masking masking) noexcept {
    try {
        m_copy.assign(data.begin(), data.end());
        const std::size_t masked = masking == nullptr ? 0 : (m_mask.*masking)(m_copy);
        packet.data = m_copy;
        m_trace->write(pcapng::packet_block(packet.time, pcapng::encode_usb(packet),
                                            masked == 0 ? std::string() : mask_remark(masked)));
    } catch (const std::exception&) {
        log::write(log::Level::warn, "trace: a packet is missing");
    }
}

/// enumerate records what a host asks a new device, for programs that learn from it what the device is.
void TracedDevice::enumerate() {
    Setup configuration = get_configuration;
    store_le(std::span(configuration).last(2), m_usb.configuration_descriptor.size());
    enumerate(get_device, m_usb.device_descriptor);
    enumerate(configuration, m_usb.configuration_descriptor);
    if (m_usb.configuration_descriptor.size() > place_of_value) {
        Setup choice = set_configuration;
        choice[2] = m_usb.configuration_descriptor[place_of_value];
        enumerate(choice, {});
    }
}

void TracedDevice::enumerate(Setup setup, View answer) {
    UsbPacket packet = submission(TransferType::control, setup[0] & pcapng::in_endpoint, answer.size());
    packet.setup = setup;
    record(packet);
    record(completion(packet, 0, answer.size()), answer);
}

void TracedDevice::bulk_write(View message, Deadline deadline) {
    const UsbPacket packet = submission(TransferType::bulk, m_usb.bulk_out, message.size());
    record(packet, message, &SecretMask::to_reader);
    attempt(packet, [&] { m_device->bulk_write(message, deadline); });
    record(completion(packet, 0, message.size()));
}

std::size_t TracedDevice::bulk_read(std::span<Byte> buffer, Deadline deadline) {
    const UsbPacket packet = submission(TransferType::bulk, m_usb.bulk_in, buffer.size());
    record(packet);
    const std::size_t length = attempt(packet, [&] { return m_device->bulk_read(buffer, deadline); });
    const View transfer = View(buffer).first(std::min(length, buffer.size()));
    record(completion(packet, 0, transfer.size()), transfer, &SecretMask::from_reader);
    return length;
}

void TracedDevice::control(Byte request, std::uint16_t value, Deadline deadline) {
    UsbPacket packet = submission(TransferType::control, 0, 0);
    Setup& setup = packet.setup.emplace();
    setup = {class_request, request, 0, 0, m_usb.interface, 0, 0, 0};
    store_le(std::span(setup).subspan(2, 2), value);
    record(packet);
    attempt(packet, [&] { m_device->control(request, value, deadline); });
    record(completion(packet, 0, 0));
}

std::size_t TracedDevice::interrupt_read(std::span<Byte> buffer, Deadline deadline) {
    const UsbPacket packet = submission(TransferType::interrupt, m_usb.interrupt_in, buffer.size());
    const std::size_t length = m_device->interrupt_read(buffer, deadline);
    if (length > 0) {
        const View transfer = View(buffer).first(std::min(length, buffer.size()));
        record(packet);
        record(completion(packet, 0, transfer.size()), transfer, &SecretMask::interrupt);
    }
    return length;
}

}  // namespace

std::unique_ptr<Device> make_traced_device(std::unique_ptr<Device> device, std::shared_ptr<Trace> trace) {
    return std::make_unique<TracedDevice>(std::move(device), std::move(trace));
}

}  // namespace jeton::reader
