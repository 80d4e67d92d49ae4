// A CcidPort whose card answers what the input says.
//
// Input: chunks of a byte of flags, a byte of length and so many bytes. Flag 1: the reader fails with the
// first of the bytes as bError. Flag 2: the bytes become a T=1 block, LEN and checksum put right. Flag 4: the
// card is absent.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "reader/ccid_port.hpp"
#include "reader/error.hpp"
#include "reader/simulated_card.hpp"
#include "reader/t1_block.hpp"

namespace jeton::fuzz {

inline void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// attempt runs |action|, which may throw no more than an Error.
template <typename Action>
void attempt(Action&& action) {
    try {
        action();
    } catch (const reader::Error& error) {
        require(error.what()[0] != '\0');
    }
}

/// Echo is a card that answers each command with itself.
class Echo final : public reader::SimulatedCard {
  public:
    bool present() override { return true; }
    Bytes power_on() override { return {0x3B, 0x00}; }
    void power_off() override {}
    SecretBytes transmit(View command) override { return to_secret(command); }
};

class ScriptedPort final : public reader::CcidPort {
  public:
    ScriptedPort(const reader::ClassDescriptor& descriptor, reader::t1::Checksum checksum, View input)
        : m_descriptor(descriptor), m_checksum(checksum), m_rest(input) {}

    const reader::ClassDescriptor& descriptor() const override { return m_descriptor; }
    const reader::Quirks& quirks() const override { return m_quirks; }

    reader::ccid::Reply exchange(const reader::ccid::Command& command, reader::Wait) override {
        require(command.data.size() + reader::ccid::header_size <= reader::largest_message);
        if (m_rest.size() < 2) {
            throw reader::Error(reader::Error::Kind::timeout, "the input ends here");
        }
        const Byte flags = m_rest[0];
        const std::size_t length = std::min<std::size_t>(m_rest[1], m_rest.size() - 2);
        m_data = to_secret(m_rest.subspan(2, length));
        m_rest = m_rest.subspan(2 + length);
        reader::ccid::Reply reply;
        reply.answer = reader::ccid::answer_to(command.request);
        reply.icc = (flags & 4) != 0 ? reader::ccid::IccStatus::absent : reader::ccid::IccStatus::active;
        reply.status = reader::ccid::CommandStatus::ok;
        if ((flags & 1) != 0) {
            reply.status = reader::ccid::CommandStatus::failed;
            reply.error = m_data.empty() ? Byte{0} : m_data[0];
            return reply;
        }
        if ((flags & 2) != 0 && !m_data.empty()) {
            const View information = View(m_data).subspan(1);
            m_data = reader::t1::encode_block(
                m_data[0], information.first(std::min<std::size_t>(information.size(), 254)), m_checksum);
        }
        reply.data = m_data;
        return reply;
    }

  private:
    reader::ClassDescriptor m_descriptor;
    reader::Quirks m_quirks;
    reader::t1::Checksum m_checksum;
    View m_rest;
    SecretBytes m_data;
};

}  // namespace jeton::fuzz
