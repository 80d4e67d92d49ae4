// The seam under CCID: what a USB interface does. libusb is one Device, the emulated reader another.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "reader/usb_identity.hpp"
#include "util/bytes.hpp"
#include "util/deadline.hpp"

namespace jeton::reader {

class Device {
  public:
    virtual ~Device() = default;

    /// descriptor is the 54-byte CCID class descriptor, as the device gave it.
    virtual Bytes descriptor() const = 0;

    /// usb is what USB knows of the device; nullopt where it is not on a bus. A device that wraps another one
    /// gives the other's.
    virtual std::optional<UsbIdentity> usb() const { return std::nullopt; }

    /// claim takes the interface for this process, release gives it back; each burst does both. claim throws
    /// Error (busy, gone).
    virtual void claim() = 0;
    virtual void release() noexcept = 0;

    /// bulk_write sends one CCID message. Throws Error (gone, timeout).
    virtual void bulk_write(View message, Deadline deadline) = 0;

    /// bulk_read receives one transfer into |buffer| and gives its length. Throws Error (gone, timeout).
    virtual std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) = 0;

    /// control sends a class request without data to endpoint 0 (ABORT). Throws Error (gone, timeout,
    /// unsupported).
    virtual void control(Byte request, std::uint16_t value, Deadline deadline) = 0;

    /// interrupt_read receives one notification; 0 when none came in time.
    virtual std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) = 0;
};

}  // namespace jeton::reader
