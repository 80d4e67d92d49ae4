#include "reader/trace.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "reader_under_test.hpp"
#include "support/fake_device.hpp"

#include "reader/pcapng.hpp"
#include "reader/pcapng_usb.hpp"
#include "reader/secret_mask.hpp"
#include "util/files.hpp"

namespace jeton::reader {

namespace {

using pcapng::TransferType;
using support::ccid_message;

/// Line is a packet in words: "S bulk 01 -115 626500..".
struct Line {
    char half;
    TransferType type;
    Byte endpoint;
    std::int32_t status;
    std::string data;
    std::string comment;
    std::uint64_t id;
    Byte address;
    std::string setup;
};

std::vector<Line> lines(const std::filesystem::path& path) {
    std::vector<Line> out;
    const auto file = read_file(path, 1 << 24);
    EXPECT_TRUE(file) << path;
    pcapng::Reader reader(file ? View(*file) : View());
    while (const auto packet = reader.next()) {
        const auto usb = pcapng::parse_usb(packet->link, packet->data);
        EXPECT_TRUE(usb);
        out.push_back({usb->completes ? 'C' : 'S', usb->type, usb->endpoint, usb->status, to_hex(usb->data),
                       std::string(packet->comment), usb->id, usb->address,
                       usb->setup ? to_hex(*usb->setup) : ""});
    }
    EXPECT_EQ(reader.error(), "");
    return out;
}

std::size_t files_in(const std::filesystem::path& directory) {
    const std::filesystem::directory_iterator begin(directory);
    return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

class TraceTest : public testing::Test {
  protected:
    std::unique_ptr<Device> traced() {
        auto device = make_traced_device(std::make_unique<support::FakeDevice>(m_bus), m_trace);
        device->claim();
        return device;
    }

    const jeton::test::ScratchDirectory m_scratch;
    const std::filesystem::path m_path = m_scratch / "trace.pcapng";
    std::shared_ptr<support::FakeBus> m_bus = test::make_bus();
    std::shared_ptr<Trace> m_trace = std::make_shared<Trace>(m_path);
};

TEST_F(TraceTest, BeginsWithTheDescriptors) {
    traced();
    const auto all = lines(m_path);
    ASSERT_EQ(all.size(), 6U);
    EXPECT_EQ(all[0].setup, "8006000100001200");
    EXPECT_EQ(all[1].data.size(), 2 * 18U);
    EXPECT_EQ(all[2].setup, "8006000200005D00");
    EXPECT_EQ(all[3].data.size(), 2 * 93U);
    EXPECT_NE(all[3].data.find(to_hex(m_bus->descriptor)), std::string::npos);
    EXPECT_EQ(all[4].setup, "0009010000000000");
    for (std::size_t i = 0; i < all.size(); i += 2) {
        EXPECT_EQ(all[i].half, 'S');
        EXPECT_EQ(all[i + 1].half, 'C');
        EXPECT_EQ(all[i].id, all[i + 1].id);
        EXPECT_EQ(all[i].type, TransferType::control);
    }
    struct stat status{};
    ASSERT_EQ(stat(m_path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(TraceTest, HasEveryTransferAndNoSecret) {
    const auto device = traced();
    const Deadline deadline = test::soon();
    Bytes buffer(100);
    m_bus->icc = 0;
    const Bytes verify = ccid_message(0x6F, 0, 1, {}, from_hex("0020008004 31323334").value());
    device->bulk_write(verify, deadline);
    EXPECT_EQ(device->bulk_read(buffer, deadline), 12U);
    device->control(1, 0x0500, deadline);
    EXPECT_EQ(m_bus->written.front(), verify);  // it is the trace that is masked

    auto all = lines(m_path);
    ASSERT_EQ(all.size(), 12U);
    all.erase(all.begin(), all.begin() + 6);
    EXPECT_EQ(all[0].data, "6F0900000000010000000020008004FFFFFFFF");
    EXPECT_EQ(all[0].comment, mask_remark(4));
    EXPECT_EQ(all[1].data, "");
    EXPECT_EQ(all[1].status, 0);
    EXPECT_EQ(all[2].endpoint, 0x82);
    EXPECT_EQ(all[3].data, "800200000000010000009000");
    EXPECT_EQ(all[3].comment, "");
    EXPECT_EQ(all[4].setup, "2101000500000000");
    EXPECT_EQ(all[5].status, 0);
}

TEST_F(TraceTest, FailuresAreTracedAndThrown) {
    const auto device = traced();
    Bytes buffer(100);
    EXPECT_EQ(test::kind_of([&] { device->bulk_read(buffer, test::soon()); }), Error::Kind::timeout);
    m_bus->control_unsupported = true;
    EXPECT_EQ(test::kind_of([&] { device->control(1, 0, test::soon()); }), Error::Kind::unsupported);
    m_bus->gone = true;
    EXPECT_EQ(test::kind_of([&] { device->bulk_write(Bytes(10), test::soon()); }), Error::Kind::gone);
    EXPECT_EQ(device->interrupt_read(buffer, test::soon()), 0U);
    const auto all = lines(m_path);
    ASSERT_EQ(all.size(), 12U);
    EXPECT_EQ(all[7].status, -2);
    EXPECT_EQ(all[9].status, -32);
    EXPECT_EQ(all[11].status, -108);
}

TEST_F(TraceTest, ReadersHaveAddressesOfTheirOwn) {
    const auto one = traced();
    const auto other = traced();
    const auto all = lines(m_path);
    ASSERT_EQ(all.size(), 12U);
    EXPECT_EQ(all[0].address, 1);
    EXPECT_EQ(all[6].address, 2);
}

TEST_F(TraceTest, WhatIsThereStays) {
    std::ofstream(m_path) << "mine";
    traced();
    std::ifstream old(m_path);
    std::string text;
    old >> text;
    EXPECT_EQ(text, "mine");
    EXPECT_EQ(lines(m_scratch / ("trace-" + std::to_string(getpid()) + ".pcapng")).size(), 6U);
    m_trace = std::make_shared<Trace>(m_path);
    traced();
    EXPECT_EQ(lines(m_scratch / ("trace-" + std::to_string(getpid()) + "-2.pcapng")).size(), 6U);
}

TEST_F(TraceTest, FollowsNoLink) {
    std::filesystem::create_symlink(m_scratch / "elsewhere", m_path);
    traced();
    EXPECT_FALSE(std::filesystem::exists(m_scratch / "elsewhere"));
    EXPECT_EQ(lines(m_scratch / ("trace-" + std::to_string(getpid()) + ".pcapng")).size(), 6U);
}

TEST_F(TraceTest, WhatCannotBeWrittenChangesNothing) {
    m_trace = std::make_shared<Trace>(m_scratch / "missing" / "trace.pcapng");
    const auto device = traced();
    device->bulk_write(ccid_message(0x65, 0, 1, {}), test::soon());
    EXPECT_EQ(m_bus->written.size(), 1U);
    EXPECT_EQ(files_in(m_scratch.path()), 0U);
}

TEST_F(TraceTest, AForkedChildHasAFileOfItsOwn) {
    const auto device = traced();
    const pid_t child = fork();
    if (child == 0) {
        const auto own = traced();
        own->bulk_write(ccid_message(0x65, 0, 1, {}), test::soon());
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(lines(m_path).size(), 6U);
    EXPECT_EQ(lines(m_scratch / ("trace-" + std::to_string(child) + ".pcapng")).size(), 8U);
}

TEST_F(TraceTest, ThreadsWriteOneFile) {
    constexpr int threads = 8;
    constexpr int blocks = 200;
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&] {
            const Bytes block = pcapng::packet_block(1, pcapng::encode_usb({}), "");
            for (int j = 0; j < blocks; ++j) {
                m_trace->write(block);
            }
        });
    }
    for (std::thread& thread : running) {
        thread.join();
    }
    EXPECT_EQ(files_in(m_scratch.path()), 1U);
    EXPECT_EQ(lines(m_path).size(), static_cast<std::size_t>(threads * blocks));
}

}  // namespace

}  // namespace jeton::reader
