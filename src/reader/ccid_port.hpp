// CcidPort is what the steps above single messages need: a reader's descriptor and its answers.
#pragma once

#include "reader/ccid.hpp"
#include "reader/quirks.hpp"
#include "reader/transport.hpp"

namespace jeton::reader {

class CcidPort {
  public:
    virtual ~CcidPort() = default;

    /// descriptor is corrected where the quirks know better.
    virtual const ClassDescriptor& descriptor() const = 0;
    virtual const Quirks& quirks() const = 0;

    /// exchange as Transport::exchange; the reply may say that the command failed.
    virtual ccid::Reply exchange(const ccid::Command& command, Wait wait) = 0;
};

/// request_status asks for the state of the card opening |slot|.
ccid::IccStatus request_status(CcidPort& port, Byte slot);

}  // namespace jeton::reader
