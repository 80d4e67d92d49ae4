#include "reader/handover_record.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace jeton::reader {

namespace {

constexpr std::array<Byte, 4> magic{'J', 'T', 'L', 'R'};
constexpr std::uint32_t version = 2;
constexpr std::size_t slot_offset = 24;
constexpr std::size_t slot_size = 33 + longest_atr;
constexpr std::uint32_t powered_flag = 1;
constexpr unsigned tokens_shift = 8;  ///< above the flags
constexpr std::uint32_t tokens_mask = 0xFFU << tokens_shift;

/// FieldWriter and FieldReader walk the fixed layout, so that it stands once for each direction, in the same
/// order.
class FieldWriter {
  public:
    explicit FieldWriter(std::span<Byte> out) : m_out(out) {}

    void put(std::size_t size, std::uint64_t value) {
        store_le(m_out.first(size), value);
        m_out = m_out.subspan(size);
    }

    void copy(View bytes) { std::ranges::copy(bytes, m_out.begin()); }

  private:
    std::span<Byte> m_out;
};

class FieldReader {
  public:
    explicit FieldReader(View in) : m_in(in) {}

    std::uint64_t get(std::size_t size) {
        const std::uint64_t value = load_le(m_in.first(size));
        m_in = m_in.subspan(size);
        return value;
    }
    std::uint32_t get32() { return static_cast<std::uint32_t>(get(4)); }
    Byte get8() { return static_cast<Byte>(get(1)); }

    View rest() const { return m_in; }

  private:
    View m_in;
};

}  // namespace

RecordBytes encode_record(const HandoverRecord& record) {
    RecordBytes bytes{};
    std::copy(magic.begin(), magic.end(), bytes.begin());
    FieldWriter head{std::span(bytes).subspan(magic.size())};
    head.put(4, version);
    head.put(4, record.pid);
    head.put(4, record.uid);
    head.put(1, record.next_seq);
    head.put(1, static_cast<Byte>(record.phase));
    head.put(1, record.flight_seq);
    head.put(1, record.flight_slot);
    for (std::size_t i = 0; i < most_slots; ++i) {
        const SlotRecord& slot = record.slots[i];
        FieldWriter out{std::span(bytes).subspan(slot_offset + i * slot_size, slot_size)};
        out.put(8, slot.holder);
        out.put(8, slot.power_generation);
        out.put(8, slot.write_generation);
        out.put(4, slot.removals);
        out.put(4, (slot.powered ? powered_flag : 0) | (std::uint32_t{slot.tokens} << tokens_shift));
        const View atr = View(slot.atr).first(std::min(slot.atr.size(), longest_atr));
        out.put(1, atr.size());
        out.copy(atr);
    }
    return bytes;
}

std::optional<HandoverRecord> decode_record(View bytes) {
    if (bytes.size() != record_size || !equal(bytes.first(magic.size()), magic)) {
        return std::nullopt;
    }
    FieldReader head(bytes.subspan(magic.size()));
    HandoverRecord record;
    if (head.get32() != version) {
        return std::nullopt;
    }
    record.pid = head.get32();
    record.uid = head.get32();
    record.next_seq = head.get8();
    record.phase = static_cast<HandoverRecord::Phase>(head.get8());
    record.flight_seq = head.get8();
    record.flight_slot = head.get8();
    const std::uint32_t reserved = head.get32();
    if (record.phase > HandoverRecord::Phase::waiting || record.flight_slot >= most_slots || reserved != 0) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < most_slots; ++i) {
        FieldReader in(bytes.subspan(slot_offset + i * slot_size, slot_size));
        SlotRecord& slot = record.slots[i];
        slot.holder = in.get(8);
        slot.power_generation = in.get(8);
        slot.write_generation = in.get(8);
        slot.removals = in.get32();
        const std::uint32_t flags = in.get32();
        if ((flags & ~(powered_flag | tokens_mask)) != 0) {
            return std::nullopt;
        }
        slot.powered = (flags & powered_flag) != 0;
        slot.tokens = static_cast<Byte>((flags & tokens_mask) >> tokens_shift);
        const std::size_t atr_size = in.get8();
        const View room = in.rest();
        if (atr_size > longest_atr ||
            !std::ranges::all_of(room.subspan(atr_size), [](Byte it) { return it == 0; })) {
            return std::nullopt;
        }
        slot.atr = to_bytes(room.first(atr_size));
    }
    return record;
}

HandoverRecord fresh_record() {
    HandoverRecord record;
    for (SlotRecord& slot : record.slots) {
        slot.power_generation = random_id();
        slot.write_generation = random_id();
        slot.removals = static_cast<std::uint32_t>(random_id());
    }
    return record;
}

std::uint64_t random_id() {
    std::uint64_t id = 0;
    while (id == 0) {
        const ssize_t got = getrandom(&id, sizeof id, 0);
        if (got < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        if (got != static_cast<ssize_t>(sizeof id)) {
            id = 0;
        }
    }
    return id;
}

}  // namespace jeton::reader
