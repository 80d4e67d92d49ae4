// The Device over libusb, and what belongs to a device besides its messages: claims, drivers, configurations,
// forks, signals, notifications, several readers and several card openings.
#include <atomic>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/fake_device.hpp"
#include "usb/parts.hpp"
#include "usb/usb_bench.hpp"

#include "reader/ccid.hpp"
#include "reader/descriptor.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "reader/usb_readers.hpp"

namespace jeton::test {

namespace {

using reader::Device;
using reader::Error;
using reader::find_usb_readers;
using reader::ReaderPlace;
using support::ccid_message;
using Kind = Error::Kind;

Deadline soon() {
    return Deadline::after(Milliseconds(2000));
}

template <typename Work>
std::optional<Kind> failure_of(Work&& work) {
    try {
        work();
        return std::nullopt;
    } catch (const Error& error) {
        return error.kind();
    }
}

/// status asks for the state of the card, and gives the answer.
Bytes status(Device& device, Byte seq) {
    device.bulk_write(ccid_message(0x65, 0, seq, {}), soon());
    Bytes buffer(1024);
    buffer.resize(device.bulk_read(buffer, soon()));
    return buffer;
}

/// open_the_reader is how other processes get at the only reader.
std::unique_ptr<Device> open_the_reader() {
    return find_usb_readers(getenv("XDG_RUNTIME_DIR")).at(0).open();
}

const Part finds_it_busy("finds it busy", [] {
    const auto device = open_the_reader();
    return failure_of([&] { device->claim(); }) == Kind::busy ? 0 : 1;
});

const Part claims_it("claims it", [] {
    const auto device = open_the_reader();
    device->claim();
    return status(*device, 5)[6] == 5 ? 0 : 1;
});

/// open_nodes counts the devices that this process has open.
int open_nodes() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        const std::string target = std::filesystem::read_symlink(entry.path(), error);
        count += target.find("/dev/bus/usb/") != std::string::npos ? 1 : 0;
    }
    return count;
}

const Part forks_with_a_claim("forks with a claim", [] {
    const auto device = open_the_reader();
    device->claim();
    if (open_nodes() == 0) {
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(open_nodes());
    }
    int status_of_child = -1;
    waitpid(child, &status_of_child, 0);
    if (!WIFEXITED(status_of_child) || WEXITSTATUS(status_of_child) != 0) {
        return 2;
    }
    return status(*device, 3)[6] == 3 ? 0 : 3;  // the parent goes on
});

class UsbDeviceTest : public testing::Test {
  protected:
    ReaderPlace place(std::size_t index = 0) const { return find_usb_readers(m_bench.runtime()).at(index); }

    UsbBench m_bench;
};

std::size_t thread_count() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(UsbDeviceTest, KnowsItsIdentity) {
    m_bench.plug("1-2.3");
    EXPECT_EQ(place().key, "usb:1-2.3:0");
    EXPECT_EQ(place().name, "Emulated reader (0001)");
    const auto device = place().open();
    const auto usb = device->usb();
    ASSERT_TRUE(usb);
    EXPECT_EQ(usb->vendor, 0x1209);
    EXPECT_EQ(usb->bus, 1);
    EXPECT_EQ(usb->address, 2);
    EXPECT_EQ(usb->bulk_out, 0x01);
    EXPECT_EQ(usb->bulk_in, 0x82);
    EXPECT_EQ(usb->interrupt_in, 0x83);
    EXPECT_EQ(usb->device_descriptor.size(), 18U);
    EXPECT_EQ(load_le(View(usb->configuration_descriptor).subspan(2, 2)),
              usb->configuration_descriptor.size());
    EXPECT_TRUE(reader::parse_class_descriptor(device->descriptor()));
}

TEST_F(UsbDeviceTest, StartsLibusbWithTheFirstDeviceAndEndsItWithTheLast) {
    m_bench.plug("1-1");
    m_bench.plug("1-2");
    const std::size_t before = thread_count();
    EXPECT_EQ(find_usb_readers(m_bench.runtime()).size(), 2U);
    EXPECT_EQ(thread_count(), before) << "finding readers starts nothing";
    {
        const auto first = place(0).open();
        const auto second = place(1).open();
        EXPECT_EQ(thread_count(), before + 1) << "libusb's own";
        first->claim();
        second->claim();
        EXPECT_EQ(status(*first, 1)[6], 1);
        EXPECT_EQ(status(*second, 2)[6], 2);
    }
    EXPECT_EQ(thread_count(), before);
}

/// signals_blocked_by gives SigBlk of the thread whose name holds |name|; nullopt while there is none.
std::optional<std::uint64_t> signals_blocked_by(const std::string& name) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream in(task.path() / "status");
        bool is_it = false;
        for (std::string line; std::getline(in, line);) {
            is_it = is_it || (line.starts_with("Name:") && line.find(name) != std::string::npos);
            if (is_it && line.starts_with("SigBlk:")) {
                return std::stoull(line.substr(7), nullptr, 16);
            }
        }
    }
    return std::nullopt;
}

TEST_F(UsbDeviceTest, LibusbsThreadTakesNoSignals) {
    m_bench.plug();
    const auto device = place().open();
    std::optional<std::uint64_t> blocked;
    const auto end = Deadline::after(Milliseconds(10000));
    while (!(blocked = signals_blocked_by("libusb")) && !end.passed()) {
        std::this_thread::sleep_for(Milliseconds(1));  // it gives itself its name
    }
    ASSERT_TRUE(blocked);
    EXPECT_NE(*blocked & (1U << (SIGUSR1 - 1)), 0U);
}

TEST_F(UsbDeviceTest, AnotherProcessWithTheClaimIsBusy) {
    MockNode& node = m_bench.plug();
    const auto device = place().open();
    device->claim();
    EXPECT_EQ(play({"finds it busy"}), std::vector<int>{0});
    device->release();
    EXPECT_EQ(play({"claims it"}), std::vector<int>{0});
    device->claim();
    EXPECT_EQ(status(*device, 7)[6], 7);
    EXPECT_EQ(node.counts().detached, 0U) << "what a process claimed is not the kernel's";
}

TEST_F(UsbDeviceTest, AForkedChildKeepsNoClaim) {
    m_bench.plug();
    EXPECT_EQ(play({"forks with a claim"}), std::vector<int>{0});
}

TEST_F(UsbDeviceTest, ADriverOfTheKernelIsDetachedForEachBurst) {
    MockReader reader = reader_with(m_bench.device());
    reader.kernel_drivers = {0};
    MockNode& node = m_bench.bus().plug("1-1", std::move(reader));
    const auto device = place().open();
    EXPECT_EQ(node.counts().detached, 0U);
    device->claim();
    EXPECT_EQ(status(*device, 1)[6], 1);
    EXPECT_EQ(node.counts().detached, 1U);
    EXPECT_EQ(node.counts().attached, 0U);
    device->release();
    EXPECT_EQ(node.counts().attached, 1U);
}

TEST_F(UsbDeviceTest, ADeviceWithoutAConfigurationGetsItsFirst) {
    MockReader reader = reader_with(m_bench.device());
    reader.configured = false;
    MockNode& node = m_bench.bus().plug("1-1", std::move(reader));
    const auto device = place().open();
    device->claim();
    EXPECT_EQ(status(*device, 1)[6], 1);
    EXPECT_EQ(node.counts().configurations_set, 1U);
}

TEST_F(UsbDeviceTest, EveryWaitEnds) {
    m_bench.plug();
    const auto device = place().open();
    device->claim();
    Bytes buffer(1024);
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(failure_of([&] { device->bulk_read(buffer, Deadline::after(Milliseconds(50))); }),
              Kind::timeout);
    EXPECT_EQ(status(*device, 9)[6], 9) << "nothing was lost by the wait";
    EXPECT_EQ(device->interrupt_read(buffer, soon()), 2U) << "there is a card";
    EXPECT_EQ(device->interrupt_read(buffer, Deadline::after(Milliseconds(50))), 0U);
    EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(4000));
    EXPECT_EQ(status(*device, 10)[6], 10);
}

TEST_F(UsbDeviceTest, WithoutAnInterruptPipeThereIsNoNews) {
    MockReader reader = reader_with(m_bench.device());
    reader.layout.interfaces[0].endpoints.pop_back();
    m_bench.bus().plug("1-1", std::move(reader));
    const auto device = place().open();
    device->claim();
    Bytes buffer(8);
    EXPECT_EQ(device->interrupt_read(buffer, Deadline::after(Milliseconds(20))), 0U);
}

TEST_F(UsbDeviceTest, ControlAbortsAndRefusalsAreTold) {
    m_bench.plug();
    const auto device = place().open();
    device->claim();
    device->control(0x01, 0x0300, soon());
    device->bulk_write(ccid_message(0x72, 0, 3, {}), soon());
    Bytes buffer(1024);
    buffer.resize(device->bulk_read(buffer, soon()));
    EXPECT_EQ(buffer.at(0), 0x81);
    EXPECT_EQ(buffer.at(6), 3);
    EXPECT_EQ(failure_of([&] { device->control(0x55, 0, soon()); }), Kind::unsupported) << "a stall";
}

TEST_F(UsbDeviceTest, GoneIsToldByEachTransfer) {
    m_bench.plug();
    const ReaderPlace here = place();
    const auto device = here.open();
    device->claim();
    m_bench.bus().unplug("1-1");
    Bytes buffer(1024);
    EXPECT_EQ(failure_of([&] { device->bulk_write(ccid_message(0x65, 0, 1, {}), soon()); }), Kind::gone);
    EXPECT_EQ(failure_of([&] { device->bulk_read(buffer, soon()); }), Kind::gone);
    EXPECT_EQ(failure_of([&] { device->interrupt_read(buffer, soon()); }), Kind::gone);
    EXPECT_EQ(failure_of([&] { device->control(1, 0, soon()); }), Kind::gone);
    device->release();
    EXPECT_EQ(failure_of([&] { device->claim(); }), Kind::gone);
    EXPECT_EQ(failure_of([&] { here.open(); }), Kind::gone);
    EXPECT_TRUE(find_usb_readers(m_bench.runtime()).empty());
    m_bench.plug();
    const auto again = here.open();
    again->claim();
    EXPECT_EQ(status(*again, 4)[6], 4) << "at another address, at the same place";
    EXPECT_EQ(failure_of([&] { device->claim(); }), Kind::gone) << "the old one stays dead";
}

TEST_F(UsbDeviceTest, UnplugEndsAWait) {
    m_bench.plug();
    const auto device = place().open();
    device->claim();
    std::thread puller([&] {
        std::this_thread::sleep_for(Milliseconds(100));
        m_bench.bus().unplug("1-1");
    });
    Bytes buffer(1024);
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(failure_of([&] { device->bulk_read(buffer, Deadline::after(Milliseconds(10000))); }),
              Kind::gone);
    EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(3000));
    puller.join();
}

TEST_F(UsbDeviceTest, ATokenWithoutPipesTakesRequests) {
    UsbLayout layout;
    Bytes descriptor = m_bench.device()->descriptor();
    layout.interfaces.push_back({.protocol = 2, .extra = descriptor, .endpoints = {}});
    MockReader token{layout, {}};
    token.devices.emplace(0, m_bench.device());
    MockNode& node = m_bench.bus().plug("1-1", std::move(token));
    MockHooks hooks;
    hooks.on_request = [](Byte request, std::uint16_t, const Bytes&) -> std::optional<Bytes> {
        const std::map<Byte, Bytes> answers{
            {0x62, {}}, {0x6F, {0x00, 0x3B, 0x00}}, {0x81, {0x00, 0x00, 0x00}}};
        const auto at = answers.find(request);
        return at == answers.end() ? std::nullopt : std::optional(at->second);
    };
    node.function(0).set_hooks(hooks);
    const auto device = place().open();
    device->claim();
    device->bulk_write(ccid_message(0x62, 0, 1, {}), soon());
    Bytes buffer(100);
    buffer.resize(device->bulk_read(buffer, soon()));
    EXPECT_EQ(buffer, ccid_message(0x80, 0, 1, {}, Bytes{0x3B, 0x00}));
    EXPECT_EQ(status(*device, 2), ccid_message(0x81, 0, 2, {}));
    EXPECT_EQ(failure_of([&] { device->control(1, 0, soon()); }), Kind::unsupported);
}

TEST_F(UsbDeviceTest, AnAnswerThatComesTooLateIsNotTheNextOne) {
    MockNode& node = m_bench.plug();
    reader::Reader one(place());
    const Bytes select = *from_hex("00A4040009A0000003080000100000");
    const Bytes no_such_file = *from_hex("00CB3FFF055C035FC10A00");
    {
        const auto lease = one.slot().acquire(soon());
        MockHooks late;
        const auto left = std::make_shared<std::atomic<int>>(1);
        late.on_answer = [left](MockAnswer& answer) {
            answer.delay = Milliseconds(left->fetch_sub(1) == 1 ? 500 : 0);
        };
        node.function(0).set_hooks(late);
        EXPECT_EQ(failure_of([&] { one.slot().transmit(select, Milliseconds(100)); }), Kind::timeout);
    }
    const auto lease = one.slot().acquire(Deadline::after(Milliseconds(5000)));
    EXPECT_EQ(lease->continuity(), reader::Continuity::reset);
    const SecretBytes answer = one.slot().transmit(select, Milliseconds(2000));
    EXPECT_EQ(load_be(View(answer).last(2)), 0x9000U);
    EXPECT_EQ(to_hex(one.slot().transmit(no_such_file, Milliseconds(2000))), "6A82");
}

TEST_F(UsbDeviceTest, TwoCardOpeningsOfOneReader) {
    m_bench.bus().plug("1-1", reader_with(two_slots(m_bench.device(), m_bench.device())));
    const ReaderPlace here = place();
    EXPECT_EQ(here.openings, 2U);
    reader::Reader two(here);
    for (const std::size_t slot : {0U, 1U, 0U}) {
        auto lease = two.slot(slot).acquire(soon());
        EXPECT_FALSE(two.slot(slot).atr().empty()) << slot;
    }
}

}  // namespace

}  // namespace jeton::test
