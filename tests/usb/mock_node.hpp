// The node of an emulated USB device, as usbfs of the kernel is: requests of ioctl, transfers that are under
// way, and who claimed which interface.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <umockdev.h>
#include <vector>

#include "usb/mock_function.hpp"
#include "usb/usb_layout.hpp"

#include "reader/usb_descriptors.hpp"

struct usbdevfs_urb;

namespace jeton::test {

/// GObjectPointer holds a reference to an object of GLib.
template <typename T>
class GObjectPointer {
  public:
    GObjectPointer() = default;
    explicit GObjectPointer(T* owned) : m_object(owned, &g_object_unref) {}
    static GObjectPointer share(T* object) { return GObjectPointer(static_cast<T*>(g_object_ref(object))); }

    T* get() const { return m_object.get(); }
    T* operator->() const { return m_object.get(); }
    explicit operator bool() const { return m_object != nullptr; }

  private:
    std::shared_ptr<T> m_object;
};

/// MockCounts are what a test may want to know of a device.
struct MockCounts {
    std::size_t opens = 0;
    std::size_t claims = 0;
    std::size_t refused_claims = 0;
    std::size_t configurations_set = 0;
    std::size_t halts_cleared = 0;
    std::size_t detached = 0;  ///< drivers of the kernel
    std::size_t attached = 0;
};

class MockNode {
  public:
    struct Options {
        UsbLayout layout;
        bool configured = true;
        std::set<unsigned> kernel_drivers;  ///< interfaces that a driver of the kernel has
        Byte bus = 1;
        Byte address = 1;
        std::filesystem::path file{};  ///< the node as the kernel sees it
    };

    /// |functions| are the CCID interfaces by number.
    MockNode(Options options, std::map<unsigned, std::unique_ptr<reader::Device>> devices,
             std::function<void()> unplug);
    ~MockNode();
    MockNode(const MockNode&) = delete;  // GLib's signals point to it
    MockNode& operator=(const MockNode&) = delete;

    UMockdevIoctlBase* handler() const { return m_handler.get(); }
    MockFunction& function(unsigned number) { return *m_functions.at(number).function; }

    /// unplug ends all transfers; the node stays dead for those who have it open.
    void unplug();

    /// tick ends the waits of those who found nothing to reap, and asks for time where the card works for
    /// long.
    void tick();

    MockCounts counts();

  private:
    /// Urb is a transfer under way; its data are those in the memory of the client.
    struct Urb {
        GObjectPointer<UMockdevIoctlData> data;
        usbdevfs_urb* fields() const;
    };
    struct Reaper {
        GObjectPointer<UMockdevIoctlClient> client;
        GObjectPointer<UMockdevIoctlData> pointer;
        Deadline until;
    };
    struct Client {
        std::set<unsigned> claims;
        std::deque<Urb> pending;
        std::deque<Urb> done;
        std::optional<Reaper> reaper;
        Deadline::Clock::time_point seen;  ///< its last ioctl
    };
    struct Interface {
        reader::CcidInterface pipes;
        std::unique_ptr<MockFunction> function;
        bool held = false;  ///< by the kernel's driver
    };
    struct Row;
    static const std::vector<Row>& rows();

    static int on_ioctl(UMockdevIoctlBase* handler, UMockdevIoctlClient* client, void* self);
    static void on_connected(UMockdevIoctlBase* handler, UMockdevIoctlClient* client, void* self);
    static void on_vanished(UMockdevIoctlBase* handler, UMockdevIoctlClient* client, void* self);

    // Each gives 0 or a positive errno; -1 means that the answer comes later.
    int capabilities(UMockdevIoctlClient* from);
    int connect_info(UMockdevIoctlClient* from);
    int speed(UMockdevIoctlClient* from);
    int claim(UMockdevIoctlClient* from);
    int release(UMockdevIoctlClient* from);
    int set_configuration(UMockdevIoctlClient* from);
    int clear_halt(UMockdevIoctlClient* from);
    int get_driver(UMockdevIoctlClient* from);
    int driver_ioctl(UMockdevIoctlClient* from);
    int control(UMockdevIoctlClient* from);
    int submit(UMockdevIoctlClient* from);
    int discard(UMockdevIoctlClient* from);
    int reap(UMockdevIoctlClient* from);
    void bury_the_dead(const UMockdevIoctlClient* alive);
    int nothing(UMockdevIoctlClient*) { return 0; }

    std::optional<Bytes> setup(View request, const Bytes& data);
    std::optional<Bytes> standard_request(View request);
    void start(Client& client, Urb urb);
    void finish(Client& client, Urb urb, int status);
    void pump();
    bool fill(Client& client, const Urb& urb);
    void serve(Client& client);
    Interface* interface_of(Byte endpoint);

    Options m_options;
    std::recursive_mutex m_mutex;
    std::map<UMockdevIoctlClient*, Client> m_clients;
    bool m_gone = false;
    MockCounts m_counts;
    GObjectPointer<UMockdevIoctlBase> m_handler;
    const std::function<void()> m_unplug;
    std::map<unsigned, Interface> m_functions;  ///< the last: its threads use all of the above
};

}  // namespace jeton::test
