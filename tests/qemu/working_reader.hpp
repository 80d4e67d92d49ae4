// A reader that asks for more time while its card computes, as readers do: it wraps a Device whose bulk_write
// lasts as long as the card's work.
#pragma once

#include <future>
#include <memory>

#include "reader/device.hpp"

namespace jeton::test {

/// WorkingReader is used by one thread at a time, as any Device; the wrapped one works in a thread of its
/// own.
class WorkingReader final : public reader::Device {
  public:
    explicit WorkingReader(std::unique_ptr<reader::Device> reader) : m_reader(std::move(reader)) {}

    Bytes descriptor() const override { return m_reader->descriptor(); }
    void claim() override { m_reader->claim(); }
    void release() noexcept override { m_reader->release(); }
    void bulk_write(View message, Deadline deadline) override;
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;
    void control(Byte request, std::uint16_t value, Deadline deadline) override;
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override;

  private:
    bool works_until(Deadline deadline) const;

    std::unique_ptr<reader::Device> m_reader;
    Bytes m_header;                                     ///< of the message at hand
    Deadline m_ask = Deadline::after(Milliseconds(0));  ///< when to ask for more time
    std::future<void> m_work;                           ///< the last: it uses the reader
};

}  // namespace jeton::test
