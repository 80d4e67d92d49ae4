// UsbLibrary is libusb as this process uses it: one context for all open devices.
#pragma once

#include <memory>

struct libusb_context;

namespace jeton::reader {

class UsbLibrary {
  public:
    /// get gives the context, which it makes when there is none in this process (a forked child gets one of
    /// its own); it ends with its last owner. Throws Error unsupported.
    static std::shared_ptr<UsbLibrary> get();
    ~UsbLibrary();
    UsbLibrary(const UsbLibrary&) = delete;  // one owner ends it
    UsbLibrary& operator=(const UsbLibrary&) = delete;

    libusb_context* context() const { return m_context; }

    /// inherit_not has |fd| closed in children that are forked from now on, until forget. False when so many
    /// are open that there is no room.
    static bool inherit_not(int fd);
    static void forget(int fd) noexcept;

  private:
    UsbLibrary() = default;

    libusb_context* m_context = nullptr;
};

}  // namespace jeton::reader
