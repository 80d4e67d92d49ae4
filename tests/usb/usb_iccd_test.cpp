// Tokens (ICCD): CCID messages become class requests, and what they answer becomes messages.
#include "reader/usb_iccd.hpp"

#include <deque>
#include <gtest/gtest.h>

#include "support/fake_device.hpp"

#include "reader/descriptor.hpp"
#include "reader/emulated_descriptor.hpp"
#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using Carrier = CcidInterface::Carrier;
using support::ccid_message;

struct Request {
    Byte request;
    std::uint16_t value;
    Bytes data;
    bool operator==(const Request&) const = default;
};

/// FakePipe gives its answers in turn; nullopt stalls.
struct FakePipe final : UsbPipe {
    std::vector<Request> sent;
    std::deque<std::optional<Bytes>> answers;

    void control_out(Byte request, std::uint16_t value, View data, Deadline) override {
        sent.push_back({request, value, to_bytes(data)});
    }
    std::size_t control_in(Byte request, std::uint16_t value, std::span<Byte> buffer, Deadline) override {
        sent.push_back({request, value, {}});
        if (answers.empty()) {
            throw Error(Error::Kind::gone, "no answer prepared");
        }
        const auto answer = answers.front();
        answers.pop_front();
        if (!answer) {
            throw Error(Error::Kind::unsupported, "stalled");
        }
        const std::size_t length = std::min(answer->size(), buffer.size());
        std::copy_n(answer->begin(), length, buffer.begin());
        return length;
    }
};

Deadline soon() {
    return Deadline::after(Milliseconds(5000));
}

struct Bench {
    explicit Bench(Carrier version) : messages(pipe, version) {}

    Bytes exchange(Byte type, View data = {}, std::array<Byte, 3> specific = {}) {
        messages.write(ccid_message(type, 0, 9, specific, data), soon());
        Bytes buffer(70000);
        buffer.resize(messages.read(buffer, soon()));
        return buffer;
    }

    FakePipe pipe;
    IccdMessages messages;
};

constexpr Byte power_on = 0x62, power_off = 0x63, get_status = 0x65, xfr = 0x6F, set_parameters = 0x61;
const Bytes atr{0x3B, 0x80, 0x01};
const Bytes apdu{0x00, 0xA4, 0x04, 0x00};
const Bytes ok{0x90, 0x00};

TEST(Iccd, VersionA) {
    Bench bench(Carrier::iccd_a);
    bench.pipe.answers = {atr, Bytes{0x40}, Bytes{0x00}, Bytes{0x10}, ok, Bytes{0x00}};
    EXPECT_EQ(bench.exchange(power_on), ccid_message(0x80, 0, 9, {0, 0, 0}, atr));
    EXPECT_EQ(bench.exchange(xfr, apdu), ccid_message(0x80, 0, 9, {0, 0, 0}, ok));
    EXPECT_EQ(bench.exchange(get_status), ccid_message(0x81, 0, 9, {0, 0, 0}));
    EXPECT_EQ(bench.exchange(power_off), ccid_message(0x81, 0, 9, {1, 0, 0}));
    const std::vector<Request> expected{{0x62, 0, {}}, {0x65, 0, apdu}, {0xA0, 0, {}}, {0xA0, 0, {}},
                                        {0xA0, 0, {}}, {0x6F, 0, {}},   {0xA0, 0, {}}, {0x63, 0, {}}};
    EXPECT_EQ(bench.pipe.sent, expected) << "busy, then nothing yet, then data";
}

TEST(Iccd, VersionB) {
    Bench bench(Carrier::iccd_b);
    Bytes whole{0x00};
    append(whole, atr);
    bench.pipe.answers = {whole,       Bytes{0x80, 2, 0}, Bytes{0x00, 0x90, 0x00}, Bytes{0x01, 1, 2, 3},
                          Bytes{0x10}, Bytes{0x00, 0, 0}};
    EXPECT_EQ(bench.exchange(power_on), ccid_message(0x80, 0, 9, {0, 0, 0}, atr));
    const auto start = Deadline::Clock::now();
    EXPECT_EQ(bench.exchange(xfr, apdu), ccid_message(0x80, 0, 9, {0, 0, 0}, ok));
    EXPECT_GE(Deadline::Clock::now() - start, Milliseconds(20)) << "it asked to be left alone so long";
    EXPECT_EQ(bench.exchange(xfr, {}, {0, 0x10, 0}), ccid_message(0x80, 0, 9, {0, 0, 1}, Bytes{1, 2, 3}))
        << "the first part of more";
    EXPECT_EQ(bench.exchange(xfr, apdu, {0, 1, 0}), ccid_message(0x80, 0, 9, {0, 0, 0x10}));
    EXPECT_EQ(bench.exchange(get_status), ccid_message(0x81, 0, 9, {0, 0, 0}));
    const std::vector<Request> expected{
        {0x62, 1, {}},      {0x6F, 0, {}}, {0x65, 0, apdu},      {0x6F, 0, {}}, {0x6F, 0, {}},
        {0x65, 0x1000, {}}, {0x6F, 0, {}}, {0x65, 0x0100, apdu}, {0x6F, 0, {}}, {0x81, 0, {}}};
    EXPECT_EQ(bench.pipe.sent, expected);
}

TEST(Iccd, FailuresAreMessagesToo) {
    Bench a(Carrier::iccd_a);
    a.pipe.answers = {std::nullopt, Bytes{0x80}};
    EXPECT_EQ(a.exchange(power_on)[8], 0xFE) << "a stall";
    EXPECT_EQ(a.exchange(xfr, apdu)[8], 0xFE) << "mute";
    EXPECT_EQ(a.exchange(set_parameters, Bytes(5)), ccid_message(0x82, 0, 9, {0x40, 0, 0}))
        << "not supported";
    Bench b(Carrier::iccd_b);
    b.pipe.answers = {Bytes{0x40, 0x02, 0xFB}, Bytes{0x40}, std::nullopt};
    EXPECT_EQ(b.exchange(xfr, apdu), ccid_message(0x80, 0, 9, {0x41, 0xFB, 0}));
    EXPECT_EQ(b.exchange(xfr, apdu)[8], 0xFE);
    EXPECT_EQ(b.exchange(xfr, apdu)[8], 0xFE);
}

TEST(Iccd, EveryWaitEnds) {
    Bytes buffer(100);
    const Deadline end = Deadline::after(Milliseconds(50));
    for (const Carrier version : {Carrier::iccd_a, Carrier::iccd_b}) {
        Bench bench(version);
        EXPECT_THROW(bench.messages.read(buffer, end), Error) << "nothing was asked";
        bench.pipe.answers.assign(1000, version == Carrier::iccd_a ? Bytes{0x40} : Bytes{0x80, 0xFF, 0xFF});
        bench.messages.write(ccid_message(xfr, 0, 1, {}, apdu), soon());
        try {
            bench.messages.read(buffer, Deadline::after(Milliseconds(60)));
            FAIL() << "it was busy for ever";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::timeout);
        }
    }
    Bench bench(Carrier::iccd_b);
    EXPECT_THROW(bench.messages.write(Bytes(9), soon()), Error) << "no message";
    bench.pipe.answers = {Bytes(200)};
    bench.messages.write(ccid_message(xfr, 0, 1, {}, apdu), soon());
    EXPECT_THROW(bench.messages.read(buffer, soon()), Error) << "longer than the buffer";
    bench.messages.write(ccid_message(xfr, 0, 1, {}, apdu), soon());
    try {
        bench.messages.read(buffer, soon());
        FAIL() << "it was unplugged";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::gone);
    }
}

TEST(Iccd, DescriptorsWithoutALevel) {
    Bytes descriptor = emulated_descriptor({});
    EXPECT_EQ(token_descriptor(descriptor), descriptor);
    store_le(std::span<Byte>(descriptor).subspan(40, 4), 0x0840);
    EXPECT_EQ(parse_class_descriptor(token_descriptor(descriptor))->level(), ExchangeLevel::short_apdu);
}

}  // namespace

}  // namespace jeton::reader
