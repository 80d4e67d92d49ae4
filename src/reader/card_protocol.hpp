// CardProtocol is how a powered card is talked to: what its activation came to.
#pragma once

#include "reader/t1.hpp"
#include "util/deadline.hpp"

namespace jeton::reader {

struct CardProtocol {
    Byte number = 0;          ///< T=0 or T=1; counts where the host speaks the protocol
    Milliseconds silence{0};  ///< how long card and reader may say nothing, unless they ask for more time
    t1::State t1;             ///< where a card of T=1 stands, where the host speaks the protocol
};

}  // namespace jeton::reader
