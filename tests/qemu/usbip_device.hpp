// A USB device in user space, as the kernel's vhci sees it over a socket: descriptors, endpoint 0, and the
// pipes of one CCID interface behind which a reader::Device answers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "qemu/usbip_wire.hpp"
#include "usb/mock_function.hpp"
#include "usb/usb_layout.hpp"

#include "reader/device.hpp"

namespace jeton::test {

class UsbipDevice {
  public:
    /// |socket| stays open while this object lives. Packets are as long as |layout|'s first endpoint says.
    UsbipDevice(int socket, UsbLayout layout, std::unique_ptr<reader::Device> device);
    UsbipDevice(const UsbipDevice&) = delete;  // its function's thread points to it
    UsbipDevice& operator=(const UsbipDevice&) = delete;

    /// run serves the host until it hangs up. Throws std::runtime_error for what no kernel sends.
    void run();

  private:
    /// Pending is a transfer that waits for packets to the host.
    struct Pending {
        std::uint32_t seqnum = 0;
        std::uint32_t length = 0;
        Bytes data;
    };

    void submit(const UsbipCommand& command, const Bytes& data);
    void unlink(const UsbipCommand& command);
    std::optional<Bytes> setup(const UsbipCommand& command, const Bytes& data);
    std::optional<Bytes> descriptor(Byte type, Byte index) const;
    void pump();
    bool feed(Byte endpoint, std::deque<Pending>& waiting);
    void send(View message) const;

    const int m_socket;
    const UsbLayout m_layout;
    std::mutex m_mutex;  ///< over what waits, and over the socket's other direction
    std::map<Byte, std::deque<Pending>> m_waiting;  ///< by the number of the endpoint
    Byte m_configuration = 0;
    MockFunction m_function;  ///< the last: its thread uses all of the above
};

}  // namespace jeton::test
