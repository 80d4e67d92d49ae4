// A CcidPort over a fake device, without leases.
#pragma once

#include "reader_under_test.hpp"

#include "reader/ccid_port.hpp"

namespace jeton::reader::test {

class FakePort final : public CcidPort, private FlightLog {
  public:
    explicit FakePort(const std::shared_ptr<support::FakeBus>& bus)
        : m_device(bus),
          m_descriptor(parse_class_descriptor(bus->descriptor).value()),
          m_transport(m_device, *this) {
        m_device.claim();
    }

    const ClassDescriptor& descriptor() const override { return m_descriptor; }
    const Quirks& quirks() const override { return m_quirks; }
    ccid::Reply exchange(const ccid::Command& command, Wait wait) override {
        return m_transport.exchange(command, wait);
    }

  private:
    Byte launch(Byte) override { return m_seq++; }
    void sent() override {}
    void landed() override {}

    support::FakeDevice m_device;
    ClassDescriptor m_descriptor;
    Quirks m_quirks;
    Byte m_seq = 0;
    Transport m_transport;
};

}  // namespace jeton::reader::test
