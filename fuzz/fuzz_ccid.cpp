// A reader that answers arbitrary bytes: the class descriptor, single messages, power on and APDUs over a
// Transport.
//
// Input: 54 bytes of descriptor (a good one is used when they are refused), then transfers: a byte of flags,
// the length (two bytes, little-endian), the bytes. Flag 1 puts in the slot and bSeq of the last command,
// flag 2 the right dwLength, so that the fuzzer need not guess them.
#include <algorithm>
#include <cstdlib>

#include "reader/activation.hpp"
#include "reader/apdu_exchange.hpp"
#include "reader/ccid.hpp"
#include "reader/error.hpp"
#include "reader/handover_record.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;

constexpr Milliseconds limit{20};

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// FuzzedDevice reads what the input says, and nothing comes after its end.
class FuzzedDevice final : public Device {
  public:
    void feed(View input) { m_rest = input; }

    Bytes descriptor() const override { return {}; }
    void claim() override {}
    void release() noexcept override {}
    void bulk_write(View message, Deadline) override {
        require(message.size() >= ccid::header_size);
        require(load_le(message.subspan(1, 4)) == message.size() - ccid::header_size);
        m_slot = message[5];
        m_seq = message[6];
    }
    void control(Byte, std::uint16_t, Deadline) override {}
    std::size_t interrupt_read(std::span<Byte>, Deadline) override { return 0; }

    std::size_t bulk_read(std::span<Byte> buffer, Deadline) override {
        if (m_rest.size() < 3) {
            throw Error(Error::Kind::timeout, "the input ends here");
        }
        const Byte flags = m_rest[0];
        const std::size_t wanted = load_le(m_rest.subspan(1, 2));
        m_rest = m_rest.subspan(3);
        const std::size_t length = std::min({wanted, m_rest.size(), buffer.size()});
        std::copy_n(m_rest.begin(), length, buffer.begin());
        m_rest = m_rest.subspan(length);
        if (length >= ccid::header_size && (flags & 1) != 0) {
            buffer[5] = m_slot;
            buffer[6] = m_seq;
        }
        if (length >= ccid::header_size && (flags & 2) != 0) {
            store_le(buffer.subspan(1, 4), length - ccid::header_size);
        }
        return length;
    }

  private:
    View m_rest;
    Byte m_slot = 0;
    Byte m_seq = 0;
};

class FuzzedPort final : public CcidPort, private FlightLog {
  public:
    FuzzedPort() : m_transport(m_device, *this) {}

    void begin(const ClassDescriptor& descriptor, View input) {
        m_descriptor = descriptor;
        m_device.feed(input);
        m_seq = 0;
    }

    const ClassDescriptor& descriptor() const override { return m_descriptor; }
    const Quirks& quirks() const override { return m_quirks; }
    ccid::Reply exchange(const ccid::Command& command, Wait wait) override {
        return m_transport.exchange(command, {std::min(wait.first, limit), std::min(wait.total, limit)});
    }
    Transport& transport() { return m_transport; }

  private:
    Byte launch(Byte) override { return m_seq++; }
    void sent() override {}
    void landed() override {}

    ClassDescriptor m_descriptor;
    Quirks m_quirks;
    FuzzedDevice m_device;
    Byte m_seq = 0;
    Transport m_transport;
};

/// attempt runs |action|, which may throw no more than an Error.
template <typename Action>
void attempt(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        require(error.what()[0] != '\0');
    }
}

ClassDescriptor good_descriptor() {
    ClassDescriptor descriptor;
    descriptor.features = feature::level_extended_apdu | feature::auto_pps;
    descriptor.max_message = 64;
    descriptor.voltages = 7;
    return descriptor;
}

void parse_alone(View input) {
    if (const auto reply = ccid::parse_reply(input)) {
        require(reply->data.size() + ccid::header_size <= input.size());
        attempt([&] { throw ccid::failure(*reply, "fuzz"); });
    }
    if (const auto record = decode_record(input)) {
        require(equal(encode_record(*record), input));
    } else if (input.size() == record_size) {
        const HandoverRecord fresh = fresh_record();
        require(decode_record(encode_record(fresh)) == fresh);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const View input(data, size);
    parse_alone(input);
    const View head = input.first(std::min(size, ClassDescriptor::length));
    const auto descriptor = parse_class_descriptor(head);
    static FuzzedPort port;  // its buffer takes longer to make than a run
    port.begin(descriptor.value_or(good_descriptor()), input.subspan(head.size()));
    Activated card;
    attempt([&] {
        card = power_cycle(port, 0, true);
        require(card.atr.size() >= 2 && card.atr.size() <= 33);
    });
    const Bytes command(100, 0x11);
    for (int i = 0; i < 4; ++i) {
        attempt([&] {
            const ApduResult result = exchange_apdu(port, 0, card.protocol, command, limit);
            require(result.response.size() >= 2 && result.response.size() <= 65538);
        });
    }
    attempt([&] { port.transport().abort(0, {limit, limit}); });
    attempt([&] { port.transport().drain(limit); });
    return 0;
}
