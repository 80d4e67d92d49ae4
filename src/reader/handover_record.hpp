// HandoverRecord is what processes that share a reader tell each other, in the lease file, about the state in
// which each leaves the reader and its cards.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "reader/atr.hpp"
#include "util/bytes.hpp"

namespace jeton::reader {

/// most_slots is how many card openings of one reader are used; readers of the field have up to eight.
inline constexpr std::size_t most_slots = 8;

/// SlotRecord is the state of one card opening. Generations are compared for equality alone.
struct SlotRecord {
    std::uint64_t holder = 0;            ///< who used the card last; 0: its state is known to nobody
    std::uint64_t power_generation = 0;  ///< changes with each power on
    std::uint64_t write_generation = 0;  ///< changes when objects on the card were changed
    std::uint32_t removals = 0;          ///< changes when a powered card was found to be gone
    bool powered = false;                ///< the last holder left the card powered
    Byte tokens = 0;                     ///< of the card that was recognised last; 0: nobody told
    Bytes atr;                           ///< of the last power on, at most longest_atr bytes

    bool operator==(const SlotRecord&) const = default;
};

struct HandoverRecord {
    enum class Phase : Byte {
        idle = 0,
        sending = 1,  ///< a command may have been sent in part
        waiting = 2,  ///< a command was sent, its answer was not read to the end
    };

    std::uint32_t pid = 0;  ///< of the process that held the lease last, for people
    std::uint32_t uid = 0;
    Byte next_seq = 0;
    Phase phase = Phase::idle;
    Byte flight_seq = 0;   ///< of the command in flight, unless idle
    Byte flight_slot = 0;  ///< of the command in flight, unless idle
    std::array<SlotRecord, most_slots> slots;

    bool operator==(const HandoverRecord&) const = default;
};

/// record_size is the size of the lease file: "JTLR", version, then the fields little-endian.
inline constexpr std::size_t record_size = 24 + most_slots * (33 + longest_atr);

using RecordBytes = std::array<Byte, record_size>;

RecordBytes encode_record(const HandoverRecord& record);

/// decode_record gives nullopt for anything that encode_record of this version cannot have made.
std::optional<HandoverRecord> decode_record(View bytes);

/// fresh_record knows nothing: its generations are random, so that they equal none that somebody remembers.
HandoverRecord fresh_record();

/// random_id gives 64 random bits, never 0. Throws std::system_error.
std::uint64_t random_id();

}  // namespace jeton::reader
