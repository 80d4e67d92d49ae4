// What the card layer sees of a card opening, whatever is behind it: a CCID slot, PC/SC, a recorded exchange.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "reader/error.hpp"
#include "util/bytes.hpp"
#include "util/deadline.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

/// Continuity says what the state of the card is worth when a Lease begins.
enum class Continuity {
    kept,    ///< nobody else used the card since our last Lease: its selection and PIN state are as we left
             ///< them
    shared,  ///< others may have used the card since and left it powered: what is selected and what is
             ///< verified may be theirs, and it may be another card
    reset,   ///< the card was just powered or reset: nothing is selected, no PIN is verified; it may be
             ///< another card
};

/// Lease is the right to use the card for one burst of APDUs, exclusive among threads and co-operating
/// processes. It ends with the object. The destructor does not throw.
class Lease {
  public:
    virtual ~Lease() = default;

    virtual Continuity continuity() const = 0;

    /// others_wrote tells whether another process changed objects on the card since our last Lease.
    virtual bool others_wrote() const = 0;

    /// mark_written tells the other processes that this burst changes objects on the card.
    virtual void mark_written() = 0;
};

inline constexpr std::size_t command_header = 4;         ///< of a command APDU: CLA INS P1 P2
inline constexpr std::size_t command_header_and_lc = 5;  ///< the same with a short Lc

/// longest_short_command has Lc, 255 bytes of data, and Le, in bytes.
inline constexpr std::size_t longest_short_command = 261;

/// longest_command is an extended command APDU with 65535 bytes of data (ISO/IEC 7816-4, 5.2), in bytes.
inline constexpr std::size_t longest_command = 65544;

/// longest_response is a response APDU with 65536 bytes of data.
inline constexpr std::size_t longest_response = 65538;

/// LinkLimits is what the reader can carry.
struct LinkLimits {
    bool extended_apdu = false;  ///< false: Lc <= 255 and Le <= 256
    bool by_envelope = false;    ///< extended APDUs become ENVELOPE commands (T=0), which few cards know
};

/// PinEntry is a command with PINs that somebody types on the reader's pad: VERIFY has one, CHANGE REFERENCE
/// DATA the old and the new one.
struct PinEntry {
    std::array<Byte, 4> header{};  ///< CLA INS P1 P2
    Byte least = 4;                ///< digits
    Byte most = 8;                 ///< digits
    Byte block = 8;                ///< bytes of each PIN's field; 0: as many as were typed
    Byte fill = 0xFF;              ///< of the field behind the digits, which are ASCII
};

/// PadUse is what a PIN pad may be asked for.
enum class PadUse { verify, modify };

class CardLink {
  public:
    virtual ~CardLink() = default;

    virtual std::string name() const = 0;
    virtual LinkLimits limits() const = 0;

    /// present tells whether a card is in the opening now, without powering it. While another thread holds
    /// the Lease it answers what was last seen. Throws Error(gone) when the reader is not there any more.
    virtual bool present() = 0;

    /// insertion changes each time a card was pulled, inserted or swapped, as far as the link saw it.
    virtual std::uint64_t insertion() const = 0;

    /// acquire waits for the Lease (at most until |deadline|, then Error(busy)) and powers the card if its
    /// state cannot be trusted. Throws Error: gone, no_card, mute, timeout, protocol, busy.
    virtual std::unique_ptr<Lease> acquire(Deadline deadline) = 0;

    /// hold asks the link not to let the card's state go between Leases more than it must, because a login on
    /// it cannot be proved again. It takes effect with the end of a Lease and lasts until it is taken back.
    virtual void hold(bool /*on*/) {}

    /// others_wrote peeks, without a Lease, whether another process changed objects on the card since our
    /// last Lease. Sends nothing; false where that cannot be known.
    virtual bool others_wrote() { return false; }

    /// told_tokens is how many tokens the card that was recognised last had, as a process of this user told
    /// with tell_tokens; 0: nobody did. A hint, without a Lease; sends nothing. tell_tokens only under one.
    virtual std::size_t told_tokens() { return 0; }
    virtual void tell_tokens(std::size_t /*count*/) {}

    /// atr of the last power on, 2 to 33 bytes. Valid under a Lease.
    virtual View atr() const = 0;

    /// transmit sends one command APDU and gives the response APDU (data, SW1, SW2; at least 2 bytes). Only
    /// under a Lease. |limit| bounds the wait for the card, time extensions included; without them it is
    /// shorter, as the ATR says. Throws Error.
    virtual SecretBytes transmit(View command, Milliseconds limit) = 0;

    /// has_pinpad tells whether PINs can be typed on the reader and never reach the host.
    virtual bool has_pinpad(PadUse) const { return false; }

    /// verify_on_pinpad and modify_on_pinpad wait, minutes if need be, until somebody has typed, and give the
    /// status word (2 bytes): the card's, or the reader's own: 6400 nobody typed in time, 6401 cancelled,
    /// 6402 the two new PINs differ, 6403 too few or too many digits. Only under a Lease. Throw Error.
    virtual SecretBytes verify_on_pinpad(const PinEntry&) {
        throw Error(Error::Kind::unsupported, name() + " has no PIN pad");
    }
    virtual SecretBytes modify_on_pinpad(const PinEntry&) {
        throw Error(Error::Kind::unsupported, name() + " has no PIN pad");
    }

    /// reset powers the card off and on. Only under a Lease.
    virtual void reset() = 0;

    /// user is a mark of who used the card last, of those in this process that share the link; 0: nobody who
    /// left one. The holder of the Lease sets it; to anybody else it is a hint.
    std::uint64_t user() const { return m_user.load(); }
    void set_user(std::uint64_t user) { m_user.store(user); }

  private:
    std::atomic<std::uint64_t> m_user{0};
};

}  // namespace jeton::reader
