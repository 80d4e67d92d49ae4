// UsbHandle is one interface of an open USB device: transfers with deadlines, and errors of ours for
// libusb's.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "reader/usb_pipe.hpp"
#include "util/deadline.hpp"

struct libusb_device_handle;

namespace jeton::reader {

class UsbLibrary;

/// UsbHandle starts libusb with the first one that is open in the process, and ends it with the last: libusb
/// runs one thread of its own, all signals blocked. In a forked child the file descriptors of all handles are
/// closed at once, so that the child keeps no claim; a handle of the parent must not be used there.
class UsbHandle final : public UsbPipe {
  public:
    /// Opens |node|. |configuration| is set first, when it is given: for devices in which none is active.
    /// Throws Error: gone, busy, unsupported (no right to open it).
    UsbHandle(const std::filesystem::path& node, Byte interface, std::optional<Byte> configuration);
    ~UsbHandle() override;
    UsbHandle(const UsbHandle&) = delete;  // one owner closes it
    UsbHandle& operator=(const UsbHandle&) = delete;

    /// claim takes the interface, from a driver of the kernel if one has it, which release gives back. Throws
    /// Error: busy when another process has it, gone.
    void claim();
    void release() noexcept;

    /// bulk_out sends all of |data|, and no packet without data behind it.
    void bulk_out(Byte endpoint, View data, Deadline deadline);

    /// bulk_in receives until |buffer| is full or a packet is short. What came before the deadline counts;
    /// nothing at all is an Error timeout. |buffer| must hold whole packets.
    std::size_t bulk_in(Byte endpoint, std::span<Byte> buffer, Deadline deadline);

    /// interrupt_in is the same for a notification; 0 when none came in time.
    std::size_t interrupt_in(Byte endpoint, std::span<Byte> buffer, Deadline deadline);

    void control_out(Byte request, std::uint16_t value, View data, Deadline deadline) override;
    std::size_t control_in(Byte request, std::uint16_t value, std::span<Byte> buffer,
                           Deadline deadline) override;

  private:
    void attach_kernel_driver() noexcept;
    void stalled(Byte endpoint, const char* doing);

    std::shared_ptr<UsbLibrary> m_library;
    int m_fd = -1;
    libusb_device_handle* m_handle = nullptr;
    Byte m_interface;
    bool m_claimed = false;
    bool m_lost = false;      ///< a claim could not be given back
    bool m_detached = false;  ///< a driver of the kernel had the interface
};

}  // namespace jeton::reader
