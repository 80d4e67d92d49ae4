#include "reader/usb_library.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <libusb.h>
#include <mutex>
#include <pthread.h>
#include <unistd.h>

#include "reader/error.hpp"

namespace jeton::reader {

namespace {

/// Shared state is plain memory without destructors: calls at the exit of the process find it whole.
std::mutex& library_mutex() {
    static std::mutex& mutex = *new std::mutex;
    return mutex;
}

struct Current {
    std::weak_ptr<UsbLibrary> library;
    pid_t pid = 0;
};

Current& current() {
    static Current& instance = *new Current;
    return instance;
}

constexpr int none = -1;
constexpr std::size_t most_devices = 128;

std::array<std::atomic<int>, most_devices>& open_files() {
    static auto& files = *[] {
        auto* made = new std::array<std::atomic<int>, most_devices>;
        for (auto& file : *made) {
            file = none;
        }
        return made;
    }();
    return files;
}

// No fork happens while a context is being made or ended: the child would find libusb's locks taken.
void before_fork() {
    library_mutex().lock();
}

void after_fork_in_parent() {
    library_mutex().unlock();
}

void after_fork_in_child() {
    for (auto& file : open_files()) {
        const int fd = file.exchange(none);
        if (fd != none) {
            close(fd);
        }
    }
    library_mutex().unlock();
}

void watch_forks() {
    static std::once_flag once;
    std::call_once(once, [] {
        library_mutex();
        open_files();
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    });
}

/// start makes a context whose thread takes no signals of the application.
libusb_context* start() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    libusb_context* context = nullptr;
    const int result = libusb_init(&context);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (result != LIBUSB_SUCCESS) {
        throw Error(Error::Kind::unsupported, std::string("libusb: ") + libusb_strerror(result));
    }
    return context;
}

}  // namespace

std::shared_ptr<UsbLibrary> UsbLibrary::get() {
    watch_forks();
    const std::lock_guard lock(library_mutex());
    Current& now = current();
    auto library = now.pid == getpid() ? now.library.lock() : nullptr;
    if (!library) {
        library.reset(new UsbLibrary);
        library->m_context = start();
        now.library = library;
        now.pid = getpid();
    }
    return library;
}

UsbLibrary::~UsbLibrary() {
    if (m_context != nullptr) {
        const std::lock_guard lock(library_mutex());
        libusb_exit(m_context);
    }
}

bool UsbLibrary::inherit_not(int fd) {
    for (auto& file : open_files()) {
        int expected = none;
        if (file.compare_exchange_strong(expected, fd)) {
            return true;
        }
    }
    return false;
}

void UsbLibrary::forget(int fd) noexcept {
    for (auto& file : open_files()) {
        int expected = fd;
        if (file.compare_exchange_strong(expected, none)) {
            return;
        }
    }
}

}  // namespace jeton::reader
