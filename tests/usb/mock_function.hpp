// The far end of the wire: what one interface of an emulated USB device does with the transfers of its pipes.
// A reader::Device, such as the emulated reader, says what its messages are; here they become packets.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "reader/device.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::test {

/// MockPacket is one packet to the host, or a stall instead of it.
struct MockPacket {
    Bytes data;
    bool stall = false;
};

/// MockAnswer is a message on its way to the host. What a test changes, happens.
struct MockAnswer {
    Bytes request;  ///< the message that the host sent last
    std::vector<MockPacket> packets;
    Milliseconds delay{0};

    /// message is all packets in one, set_message cuts |bytes| into packets of |size|.
    Bytes message() const;
    void set_message(View bytes, std::size_t size);
};

/// What happens to a message from the host.
enum class MockVerdict {
    take,     ///< the reader gets it
    swallow,  ///< it is lost
    stall,    ///< its pipe stalls
    unplug,   ///< the device is gone before it is taken
};

/// MockHooks are what a test does to a device; called without any lock, one at a time.
struct MockHooks {
    std::function<MockVerdict(const Bytes& message)> on_message;
    std::function<void(MockAnswer& answer)> on_answer;

    /// on_request answers a class request on endpoint 0; nullopt stalls it. Without it the Device is asked.
    std::function<std::optional<Bytes>(Byte request, std::uint16_t value, const Bytes& data)> on_request;
};

class MockFunction {
  public:
    /// Packets of |bulk_packet| bytes. |news| is called, without any lock, when there is something for the
    /// host; |unplug| when a hook says so.
    MockFunction(std::unique_ptr<reader::Device> device, std::size_t bulk_packet, std::function<void()> news,
                 std::function<void()> unplug);
    ~MockFunction();
    MockFunction(const MockFunction&) = delete;  // its thread points to it
    MockFunction& operator=(const MockFunction&) = delete;

    void set_hooks(MockHooks hooks);

    /// write takes a transfer of the host; false stalls the pipe.
    bool write(const Bytes& transfer);

    /// request carries out a class request; nullopt stalls it.
    std::optional<Bytes> request(Byte request, std::uint16_t value, const Bytes& data);

    /// tick asks the host for more time while the Device works for long; true when it did.
    bool tick();

    /// next_bulk and next_interrupt take the next packet for the host, nullopt when there is none.
    std::optional<MockPacket> next_bulk();
    std::optional<MockPacket> next_interrupt();

    /// waiting_packets is how many packets nobody fetched.
    std::size_t waiting_packets();

  private:
    void run();
    void take(const Bytes& message);
    bool fetch();
    void notify();

    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<Bytes> m_messages;
    std::deque<MockPacket> m_bulk;
    std::deque<MockPacket> m_interrupts;
    MockHooks m_hooks;
    Bytes m_partial;                               ///< the parts of a message that came so far
    std::optional<Bytes> m_at_work;                ///< the header of the message that the Device works at
    Deadline::Clock::time_point m_asked_for_time;  ///< last, or when the work began
    bool m_end = false;

    std::mutex m_device_mutex;  ///< never held together with m_mutex by a caller of the hooks
    std::unique_ptr<reader::Device> m_device;
    Bytes m_request;             ///< that the Device works at
    Bytes m_buffer;              ///< for its answers
    std::atomic<int> m_owes{0};  ///< answers that it has not given
    const std::size_t m_packet;
    const std::function<void()> m_news;
    const std::function<void()> m_unplug;
    std::thread m_thread;
};

}  // namespace jeton::test
