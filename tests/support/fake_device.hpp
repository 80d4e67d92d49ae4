// A Device for tests: a small well-behaved CCID reader, each answer of which a test can replace by anything.
// What it received and how it was used stands in a FakeBus, which outlives the Device.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reader/ccid.hpp"
#include "reader/device.hpp"
#include "reader/error.hpp"

namespace jeton::support {

/// ccid_message builds a message of either direction; |specific| are bytes 7 to 9.
inline Bytes ccid_message(Byte type, Byte slot, Byte seq, std::array<Byte, 3> specific, View data = {}) {
    Bytes message(reader::ccid::header_size);
    message[0] = type;
    store_le(std::span<Byte>(message).subspan(1, 4), data.size());
    message[5] = slot;
    message[6] = seq;
    std::copy(specific.begin(), specific.end(), message.begin() + 7);
    append(message, data);
    return message;
}

/// FakeBus is both ends of the wire.
struct FakeBus {
    // What a test sets.
    Bytes descriptor;                         ///< the 54 bytes
    Bytes atr{0x3B, 0x80, 0x80, 0x01, 0x01};  ///< of each power on
    Byte icc = 1;                             ///< bmICCStatus: 0 active, 1 inactive, 2 absent
    std::function<std::vector<Bytes>(const Bytes&)>
        on_message;                      ///< when set: answers a message, or `usual()` does
    std::function<Bytes(View)> on_apdu;  ///< response APDU; without it 9000
    std::function<void()> on_read;       ///< called before each bulk read
    std::deque<Bytes> to_read;           ///< transfers that wait to be read
    bool gone = false;                   ///< unplugged
    int busy_claims = 0;                 ///< claims that meet another program
    bool wait_in_real_time = false;      ///< an empty read sleeps until its deadline
    bool control_unsupported = false;

    // What a test looks at.
    std::vector<Bytes> written;
    std::vector<std::pair<Byte, std::uint16_t>> controls;
    std::vector<Milliseconds> read_waits;  ///< how long each bulk read might have waited
    int claims = 0;
    int releases = 0;
    bool claimed = false;
    std::atomic<int> opened{0};

    /// count is the number of messages of |type| that were written.
    std::size_t count(reader::ccid::Request type) const {
        return static_cast<std::size_t>(std::count_if(written.begin(), written.end(), [&](const Bytes& it) {
            return it[0] == static_cast<Byte>(type);
        }));
    }

    /// reply builds the answer to |message| with |data| and a status.
    Bytes reply(const Bytes& message, View data = {}, Byte status = 0, Byte error = 0,
                Byte specific = 0) const {
        const auto request = static_cast<reader::ccid::Request>(message[0]);
        return ccid_message(static_cast<Byte>(reader::ccid::answer_to(request)), message[5], message[6],
                            {static_cast<Byte>(status | icc), error, specific}, data);
    }

    /// usual is what a well-behaved reader with a well-behaved card answers.
    std::vector<Bytes> usual(const Bytes& message) {
        using reader::ccid::Request;
        switch (static_cast<Request>(message[0])) {
            case Request::icc_power_on:
                if (icc == 2) {
                    return {reply(message, {}, 0x40, 0xFE)};
                }
                icc = 0;
                return {reply(message, atr)};
            case Request::icc_power_off:
                icc = icc == 2 ? Byte{2} : Byte{1};
                return {reply(message)};
            case Request::xfr_block:
                if (icc != 0) {
                    return {reply(message, {}, 0x40, 0xFE)};
                }
                return {reply(message, on_apdu ? on_apdu(View(message).subspan(10)) : Bytes{0x90, 0x00})};
            default:
                return {reply(message)};
        }
    }
};

class FakeDevice final : public reader::Device {
  public:
    explicit FakeDevice(std::shared_ptr<FakeBus> bus) : m_bus(std::move(bus)) { ++m_bus->opened; }

    Bytes descriptor() const override { return m_bus->descriptor; }

    void claim() override {
        check_plugged();
        if (m_bus->busy_claims > 0) {
            --m_bus->busy_claims;
            throw reader::Error(reader::Error::Kind::busy, "fake device: claimed by another program");
        }
        ++m_bus->claims;
        m_bus->claimed = true;
    }

    void release() noexcept override {
        ++m_bus->releases;
        m_bus->claimed = false;
    }

    void bulk_write(View message, Deadline) override {
        check_plugged();
        check_claimed();
        const Bytes copy = to_bytes(message);
        m_bus->written.push_back(copy);
        for (Bytes& transfer : m_bus->on_message ? m_bus->on_message(copy) : m_bus->usual(copy)) {
            m_bus->to_read.push_back(std::move(transfer));
        }
    }

    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override {
        m_bus->read_waits.push_back(deadline.remaining());
        if (m_bus->on_read) {
            m_bus->on_read();
        }
        check_plugged();
        check_claimed();
        if (m_bus->to_read.empty()) {
            if (m_bus->wait_in_real_time) {
                std::this_thread::sleep_until(deadline.at());
            }
            throw reader::Error(reader::Error::Kind::timeout, "fake device: nothing to read");
        }
        const Bytes transfer = std::move(m_bus->to_read.front());
        m_bus->to_read.pop_front();
        const std::size_t length = std::min(transfer.size(), buffer.size());
        std::copy_n(transfer.begin(), length, buffer.begin());
        return length;
    }

    void control(Byte request, std::uint16_t value, Deadline) override {
        check_plugged();
        m_bus->controls.emplace_back(request, value);
        if (m_bus->control_unsupported) {
            throw reader::Error(reader::Error::Kind::unsupported, "fake device: control request stalled");
        }
    }

    std::size_t interrupt_read(std::span<Byte>, Deadline) override { return 0; }

  private:
    void check_plugged() const {
        if (m_bus->gone) {
            throw reader::Error(reader::Error::Kind::gone, "fake device: unplugged");
        }
    }
    void check_claimed() const {
        if (!m_bus->claimed) {
            throw std::logic_error("fake device: used without a claim");
        }
    }

    std::shared_ptr<FakeBus> m_bus;
};

}  // namespace jeton::support
