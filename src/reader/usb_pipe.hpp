// The requests of a class to its interface, on endpoint 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "util/bytes.hpp"
#include "util/deadline.hpp"

namespace jeton::reader {

class UsbPipe {
  public:
    virtual ~UsbPipe() = default;

    /// control_out sends a class request with |data|, control_in receives at most |buffer|'s size and gives
    /// the length. Both throw Error: gone, timeout, unsupported (the device refuses the request).
    virtual void control_out(Byte request, std::uint16_t value, View data, Deadline deadline) = 0;
    virtual std::size_t control_in(Byte request, std::uint16_t value, std::span<Byte> buffer,
                                   Deadline deadline) = 0;
};

}  // namespace jeton::reader
