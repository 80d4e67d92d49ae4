#include "reader/emulated_reader.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>
#include <utility>

#include "reader/answer_queue.hpp"
#include "reader/emulated_descriptor.hpp"
#include "reader/emulated_slot.hpp"
#include "reader/error.hpp"
#include "reader/handover_record.hpp"

namespace jeton::reader {

namespace emulated {

namespace {

using ccid::CommandStatus;
using ccid::IccStatus;
using Kind = Error::Kind;

constexpr Byte notify_slot_change = 0x50;
constexpr std::size_t slots_in_a_byte = 4;
constexpr Byte abort_request = 0x01;
constexpr Milliseconds notification_pause{10};

Incoming parse(View message) {
    Incoming in;
    in.type = message[0];
    in.slot = message[5];
    in.seq = message[6];
    std::copy_n(message.begin() + 7, 3, in.specific.begin());
    in.data = message.subspan(ccid::header_size);
    in.length_fits = load_le(message.subspan(1, 4)) == in.data.size();
    return in;
}

class EmulatedReader final : public Device {
  public:
    EmulatedReader(std::vector<std::shared_ptr<SimulatedCard>> cards, const EmulationOptions& options)
        : m_max_message(options.max_message), m_descriptor(emulated_descriptor(options, cards.size())) {
        for (std::shared_ptr<SimulatedCard>& card : cards) {
            m_slots.push_back(std::make_unique<EmulatedSlot>(std::move(card), options));
        }
    }

    Bytes descriptor() const override { return m_descriptor; }
    void claim() override { m_claimed = true; }
    void release() noexcept override { m_claimed = false; }
    void bulk_write(View message, Deadline deadline) override;
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;
    void control(Byte request, std::uint16_t value, Deadline deadline) override;
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override;

  private:
    /// Aborted is one half of an abort: the class request, or the message.
    struct Aborted {
        Byte slot = 0;
        Byte seq = 0;

        bool operator==(const Aborted&) const = default;
    };

    Outgoing dispatch(const Incoming& in);
    void reply(const Incoming& in, const Outgoing& out);
    void finish_abort();
    Bytes notification();
    void queue(const Incoming& in, ccid::Answer answer, CommandStatus status, Byte error, Byte specific,
               View data);

    const std::size_t m_max_message;
    const Bytes m_descriptor;
    std::vector<std::unique_ptr<EmulatedSlot>> m_slots;
    AnswerQueue m_answers;
    AnswerQueue::Moment m_ready;  ///< when the answer to the message at hand can be read
    bool m_claimed = false;
    std::optional<Aborted> m_abort_control;  ///< the request, until the message comes
    std::optional<Aborted> m_abort_bulk;     ///< the message, until the request comes
};

void EmulatedReader::bulk_write(View message, Deadline) {
    if (!m_claimed) {
        throw Error(Kind::protocol, "emulated reader: written to without a claim");
    }
    if (message.size() < ccid::header_size) {
        return;  // no reader answers that
    }
    for (const auto& slot : m_slots) {
        slot->look();
    }
    const Incoming in = parse(message);
    m_ready = Deadline::Clock::now();
    if (in.request() == ccid::Request::abort && in.length_fits && in.slot < m_slots.size()) {
        m_abort_bulk = Aborted{in.slot, in.seq};
        finish_abort();
        return;
    }
    reply(in, dispatch(in));
}

Outgoing EmulatedReader::dispatch(const Incoming& in) {
    const ccid::Answer answer = ccid::answer_to(in.request());
    if (m_answers.busy(m_ready)) {
        return failure(answer, ccid::error_code::slot_busy);
    }
    if (!in.length_fits || in.data.size() + ccid::header_size > m_max_message) {
        return failure(answer, offset::length);
    }
    if (in.slot >= m_slots.size()) {
        return failure(answer, offset::slot);
    }
    if (m_abort_control && m_abort_control->slot == in.slot) {
        return failure(answer, ccid::error_code::aborted);
    }
    return m_slots[in.slot]->answer(in);
}

/// reply queues the answer; until it can be read the reader asks for time whenever the card would.
void EmulatedReader::reply(const Incoming& in, const Outgoing& out) {
    const AnswerQueue::Moment now = m_ready;
    for (Milliseconds asked = asks_after; out.asks_for_time && asked < out.time; asked += asks_after) {
        m_ready = now + asked;
        queue(in, ccid::Answer::data_block, CommandStatus::time_extension, 1, 0, {});
    }
    m_ready = now + out.time;
    queue(in, out.answer, out.failed ? CommandStatus::failed : CommandStatus::ok, out.error, out.specific,
          out.data);
}

std::size_t EmulatedReader::bulk_read(std::span<Byte> buffer, Deadline deadline) {
    if (!m_claimed) {
        throw Error(Kind::protocol, "emulated reader: read from without a claim");
    }
    const SecretBytes answer = m_answers.pop(deadline);
    if (answer.size() > buffer.size()) {
        throw Error(Kind::protocol, "emulated reader: the host's buffer is too small");
    }
    std::copy(answer.begin(), answer.end(), buffer.begin());
    return answer.size();
}

/// control: ABORT counts once the Abort message of the same bSeq has come as well, in either order (5.3.1).
void EmulatedReader::control(Byte request, std::uint16_t value, Deadline) {
    const auto slot = static_cast<Byte>(value & 0xFF);
    if (request != abort_request || slot >= m_slots.size()) {
        throw Error(Kind::unsupported, "emulated reader: unknown class request");
    }
    m_abort_control = Aborted{slot, static_cast<Byte>(value >> 8)};
    finish_abort();
}

void EmulatedReader::finish_abort() {
    if (!m_abort_bulk || m_abort_bulk != m_abort_control) {
        return;
    }
    const Aborted done = *m_abort_bulk;
    m_abort_bulk.reset();
    m_abort_control.reset();
    m_slots[done.slot]->drop();
    m_ready = Deadline::Clock::now();
    m_answers.drop_later(m_ready);
    queue({.slot = done.slot, .seq = done.seq, .data = {}}, ccid::Answer::slot_status, CommandStatus::ok, 0,
          0, {});
}

/// notification is NotifySlotChange (6.3.1), two bits a slot; empty when there is nothing to tell.
Bytes EmulatedReader::notification() {
    Bytes message(1 + (m_slots.size() + slots_in_a_byte - 1) / slots_in_a_byte);
    message[0] = notify_slot_change;
    bool changed = false;
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        m_slots[i]->look();
        const Byte notice = m_slots[i]->notice();
        changed = changed || notice != 0;
        const auto now = static_cast<Byte>(m_slots[i]->icc() == IccStatus::absent ? 0 : 1);
        Byte& out = message[1 + i / slots_in_a_byte];
        out = static_cast<Byte>(out | (notice | now) << (2 * (i % slots_in_a_byte)));
    }
    return changed ? message : Bytes();
}

std::size_t EmulatedReader::interrupt_read(std::span<Byte> buffer, Deadline deadline) {
    while (true) {
        const Bytes message = notification();
        if (!message.empty() && message.size() <= buffer.size()) {
            std::copy(message.begin(), message.end(), buffer.begin());
            return message.size();
        }
        if (deadline.passed()) {
            return 0;
        }
        std::this_thread::sleep_for(std::min(notification_pause, deadline.remaining() + Milliseconds(1)));
    }
}

void EmulatedReader::queue(const Incoming& in, ccid::Answer answer, CommandStatus status, Byte error,
                           Byte specific, View data) {
    const IccStatus icc = in.slot < m_slots.size() ? m_slots[in.slot]->icc() : IccStatus::absent;
    SecretBytes message(ccid::header_size);
    message[0] = static_cast<Byte>(answer);
    store_le(std::span(message).subspan(1, 4), data.size());
    message[5] = in.slot;
    message[6] = in.seq;
    message[7] = static_cast<Byte>(static_cast<unsigned>(status) << 6 | static_cast<unsigned>(icc));
    message[8] = error;
    message[9] = specific;
    append(message, data);
    m_answers.push(std::move(message), m_ready);
}

}  // namespace

}  // namespace emulated

namespace {

/// ExchangeRow is one word for how a reader speaks with its card.
struct ExchangeRow {
    std::string_view word;
    ExchangeLevel level;
    std::size_t max_message;
    bool t0 = false;
};

constexpr std::array<ExchangeRow, 6> exchanges{{
    {"extended-apdu", ExchangeLevel::extended_apdu, 65556},
    {"short-apdu", ExchangeLevel::short_apdu, 271},
    {"tpdu-t1", ExchangeLevel::tpdu, 271},
    {"tpdu-t0", ExchangeLevel::tpdu, 271, true},
    {"character-t1", ExchangeLevel::character, 271},
    {"character-t0", ExchangeLevel::character, 271, true},
}};

}  // namespace

bool set_exchange(EmulationOptions& options, std::string_view word) {
    const auto row = std::ranges::find(exchanges, word, &ExchangeRow::word);
    if (row == exchanges.end()) {
        return false;
    }
    options.level = row->level;
    options.max_message = row->max_message;
    options.contacts.t0 = row->t0;
    options.contacts.t1 = !row->t0;
    return true;
}

std::unique_ptr<Device> make_emulated_reader(std::vector<std::shared_ptr<SimulatedCard>> cards,
                                             EmulationOptions options) {
    if (cards.empty() || cards.size() > most_slots) {
        throw std::logic_error("an emulated reader has 1 to 8 card openings");
    }
    options.max_message = std::max<std::size_t>(options.max_message, smallest_message);
    return std::make_unique<emulated::EmulatedReader>(std::move(cards), options);
}

std::unique_ptr<Device> make_emulated_reader(std::shared_ptr<SimulatedCard> card, EmulationOptions options) {
    std::vector<std::shared_ptr<SimulatedCard>> cards;
    cards.push_back(std::move(card));
    return make_emulated_reader(std::move(cards), std::move(options));
}

}  // namespace jeton::reader
