// Transport sends one CCID command over a Device and receives its answer, whatever else the reader sends in
// between.
#pragma once

#include "reader/ccid.hpp"
#include "reader/device.hpp"

namespace jeton::reader {

/// FlightLog gives each command its bSeq and remembers what the reader still owes.
class FlightLog {
  public:
    virtual ~FlightLog() = default;

    virtual Byte launch(Byte slot) = 0;  ///< a command is about to be sent, with the bSeq that this gives
    virtual void sent() = 0;             ///< it was sent in full
    virtual void landed() = 0;           ///< its answer came in full
};

/// Wait bounds an exchange. |first| is how long the reader may be silent, until a time extension multiplies
/// it; |total| bounds everything, extensions included.
struct Wait {
    Milliseconds first;
    Milliseconds total;
};

class Transport {
  public:
    /// Both must outlive the Transport.
    Transport(Device& device, FlightLog& flight);

    /// exchange sends |command| and gives its answer, which may say that it failed; its data are valid until
    /// the next exchange. Late answers to other commands, empty transfers and up to ten damaged ones are
    /// skipped. Throws Error: gone, timeout, protocol. After an Error the command counts as in flight:
    /// drain() before the next one.
    ccid::Reply exchange(const ccid::Command& command, Wait wait);

    /// drain reads and drops what the reader still sends, until it is silent for |silence|. Bounded in time
    /// and count.
    void drain(Milliseconds silence);

    /// abort ends the command that runs in |slot| (5.3.1): the class request and the message of the same
    /// bSeq.
    void abort(Byte slot, Wait wait);

  private:
    void send(const ccid::Command& command, Byte seq, Milliseconds limit);
    ccid::Reply receive(const ccid::Command& command, Byte seq, Wait wait);
    View read_transfer(Deadline deadline);

    Device& m_device;
    FlightLog& m_flight;
    SecretBytes m_buffer;
};

}  // namespace jeton::reader
