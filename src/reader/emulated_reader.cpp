#include "reader/emulated_reader.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "reader/answer_queue.hpp"
#include "reader/ccid.hpp"
#include "reader/descriptor.hpp"
#include "reader/emulated_descriptor.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using ccid::Answer;
using ccid::CommandStatus;
using ccid::IccStatus;
using Kind = Error::Kind;

constexpr std::size_t longest_short_command = 261;
constexpr std::size_t longest_command = 65544;
constexpr Byte wrong_length = 1;  ///< bError: the offset of dwLength
constexpr Byte wrong_slot = 5;
constexpr Byte wrong_level = 8;
constexpr Byte notify_slot_change = 0x50;
constexpr Byte abort_request = 0x01;
constexpr Milliseconds notification_pause{10};
constexpr Milliseconds waiting_time{
    1000};  ///< after which the card asks for more; its BWT is a little longer
constexpr std::array<Byte, 7> default_parameters{0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00};  ///< T=1
constexpr Byte protocol_t1 = 1;

/// Incoming is a message from the host, its fields where 6.1 has them.
struct Incoming {
    Byte type = 0;
    Byte slot = 0;
    Byte seq = 0;
    std::array<Byte, 3> specific{};
    View data;
    bool length_fits = false;
};

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
    EmulatedReader(std::shared_ptr<SimulatedCard> card, EmulationOptions options)
        : m_card(std::move(card)), m_options(options), m_descriptor(emulated_descriptor(options)) {}

    Bytes descriptor() const override { return m_descriptor; }
    void claim() override { m_claimed = true; }
    void release() noexcept override { m_claimed = false; }
    void bulk_write(View message, Deadline deadline) override;
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;
    void control(Byte request, std::uint16_t value, Deadline deadline) override;
    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override;

  private:
    struct Row {
        ccid::Request request;
        void (EmulatedReader::*handle)(const Incoming&);
    };
    static const std::array<Row, 10> rows;

    void get_slot_status(const Incoming& in) { succeed(in, Answer::slot_status); }
    void icc_power_on(const Incoming& in);
    void icc_power_off(const Incoming& in);
    void xfr_block(const Incoming& in);
    void xfr_extended(const Incoming& in);
    void get_parameters(const Incoming& in) { succeed(in, Answer::parameters, m_parameters, protocol_t1); }
    void set_parameters(const Incoming& in);
    void reset_parameters(const Incoming& in);
    void abort(const Incoming& in);
    void refuse(const Incoming& in);

    void dispatch(const Incoming& in);
    void spend(const Incoming& in, Milliseconds time);
    void check_presence();
    IccStatus icc() const;
    void run_card(const Incoming& in, View command);
    void send_part(const Incoming& in);
    void finish_abort();
    void succeed(const Incoming& in, Answer answer, View data = {}, Byte specific = 0);
    void fail(const Incoming& in, Answer answer, Byte error);
    void queue(const Incoming& in, Answer answer, CommandStatus status, Byte error, Byte specific, View data);
    std::size_t payload() const { return m_options.max_message - ccid::header_size; }

    std::shared_ptr<SimulatedCard> m_card;
    const EmulationOptions m_options;
    const Bytes m_descriptor;
    Bytes m_parameters{default_parameters.begin(), default_parameters.end()};
    AnswerQueue m_answers;
    AnswerQueue::Moment m_ready;  ///< when the answer to the message at hand can be read
    bool m_claimed = false;
    bool m_present = false;
    bool m_powered = false;
    std::uint64_t m_insertion = 0;   ///< of the card, at the last look
    std::optional<bool> m_notified;  ///< presence that the host was told last
    SecretBytes m_command;           ///< the parts of a command that came so far
    SecretBytes m_response;          ///< a response of which parts are still to be sent
    std::size_t m_response_sent = 0;
    std::optional<Byte> m_abort_control;  ///< bSeq of the ABORT request, until the message comes
    std::optional<Incoming>
        m_abort_bulk;  ///< the Abort message, until the request comes; its data are not looked at
};

const std::array<EmulatedReader::Row, 10> EmulatedReader::rows{{
    {ccid::Request::get_slot_status, &EmulatedReader::get_slot_status},
    {ccid::Request::icc_power_on, &EmulatedReader::icc_power_on},
    {ccid::Request::icc_power_off, &EmulatedReader::icc_power_off},
    {ccid::Request::xfr_block, &EmulatedReader::xfr_block},
    {ccid::Request::get_parameters, &EmulatedReader::get_parameters},
    {ccid::Request::set_parameters, &EmulatedReader::set_parameters},
    {ccid::Request::reset_parameters, &EmulatedReader::reset_parameters},
    {ccid::Request::abort, &EmulatedReader::abort},
    {ccid::Request::escape, &EmulatedReader::refuse},
    {ccid::Request::t0_apdu, &EmulatedReader::refuse},
}};

void EmulatedReader::bulk_write(View message, Deadline) {
    if (!m_claimed) {
        throw Error(Kind::protocol, "emulated reader: written to without a claim");
    }
    if (message.size() < ccid::header_size) {
        return;  // no reader answers that
    }
    check_presence();
    dispatch(parse(message));
}

void EmulatedReader::dispatch(const Incoming& in) {
    const auto request = static_cast<ccid::Request>(in.type);
    m_ready = Deadline::Clock::now();
    if (m_answers.busy(m_ready) && request != ccid::Request::abort) {
        fail(in, ccid::answer_to(request), ccid::error_code::slot_busy);
        return;
    }
    if (!in.length_fits || in.data.size() > payload()) {
        fail(in, ccid::answer_to(request), wrong_length);
        return;
    }
    if (in.slot != 0) {
        fail(in, ccid::answer_to(request), wrong_slot);
        return;
    }
    if (m_abort_control && request != ccid::Request::abort) {
        fail(in, ccid::answer_to(request), ccid::error_code::aborted);
        return;
    }
    const auto* row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& it) { return it.request == request; });
    (this->*(row == rows.end() ? &EmulatedReader::refuse : row->handle))(in);
}

/// spend makes the answer to the message wait for |time|; the reader asks for it whenever the card would.
void EmulatedReader::spend(const Incoming& in, Milliseconds time) {
    const AnswerQueue::Moment now = m_ready;
    for (Milliseconds asked = waiting_time; asked < time; asked += waiting_time) {
        m_ready = now + asked;
        queue(in, Answer::data_block, CommandStatus::time_extension, 1, 0, {});
    }
    m_ready = now + time;
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
    if (request != abort_request || (value & 0xFF) != 0) {
        throw Error(Kind::unsupported, "emulated reader: unknown class request");
    }
    m_abort_control = static_cast<Byte>(value >> 8);
    finish_abort();
}

std::size_t EmulatedReader::interrupt_read(std::span<Byte> buffer, Deadline deadline) {
    while (true) {
        check_presence();
        if (m_notified != m_present && buffer.size() >= 2) {
            m_notified = m_present;
            buffer[0] = notify_slot_change;
            buffer[1] = m_present ? 3 : 2;  // bit 0: present, bit 1: changed
            return 2;
        }
        if (deadline.passed()) {
            return 0;
        }
        std::this_thread::sleep_for(std::min(notification_pause, deadline.remaining() + Milliseconds(1)));
    }
}

void EmulatedReader::check_presence() {
    const std::uint64_t insertion = m_card->insertion();
    if (insertion != m_insertion) {
        m_insertion = insertion;
        m_powered = false;
        m_notified.reset();
    }
    m_present = m_card->present();
    m_powered = m_powered && m_present;
}

IccStatus EmulatedReader::icc() const {
    if (!m_present) {
        return IccStatus::absent;
    }
    return m_powered ? IccStatus::active : IccStatus::inactive;
}

void EmulatedReader::icc_power_on(const Incoming& in) {
    m_command.clear();
    m_response.clear();
    if (!m_present) {
        fail(in, Answer::data_block, ccid::error_code::mute);
        return;
    }
    try {
        const Bytes atr = m_card->power_on();
        m_powered = true;
        spend(in, m_options.power_on_time);
        succeed(in, Answer::data_block, atr);
    } catch (const std::exception& error) {
        log::warn("emulated reader: power on: {}", error.what());
        m_powered = false;
        fail(in, Answer::data_block, ccid::error_code::hardware);
    }
}

void EmulatedReader::icc_power_off(const Incoming& in) {
    if (m_powered) {
        m_card->power_off();
        m_powered = false;
    }
    succeed(in, Answer::slot_status);
}

void EmulatedReader::xfr_block(const Incoming& in) {
    if (!m_powered) {
        fail(in, Answer::data_block, ccid::error_code::mute);
    } else if (m_options.level == ExchangeLevel::extended_apdu) {
        xfr_extended(in);
    } else if (m_options.level != ExchangeLevel::short_apdu) {
        refuse(in);
    } else if (in.data.size() > longest_short_command || (in.data.size() > 5 && in.data[4] == 0)) {
        fail(in, Answer::data_block, wrong_length);
    } else {
        run_card(in, in.data);
    }
}

void EmulatedReader::xfr_extended(const Incoming& in) {
    const Byte level = in.specific[1];
    if (level == ccid::chain::go_on && in.data.empty() && m_response_sent < m_response.size()) {
        send_part(in);
        return;
    }
    const bool begins = level == ccid::chain::whole || level == ccid::chain::first;
    if (level > ccid::chain::middle || begins != m_command.empty() ||
        m_command.size() + in.data.size() > longest_command) {
        m_command.clear();
        fail(in, Answer::data_block, wrong_level);
        return;
    }
    append(m_command, in.data);
    if (level == ccid::chain::first || level == ccid::chain::middle) {
        succeed(in, Answer::data_block, {}, ccid::chain::go_on);
        return;
    }
    const SecretBytes command = std::exchange(m_command, {});
    run_card(in, command);
}

void EmulatedReader::run_card(const Incoming& in, View command) {
    try {
        m_response = m_card->transmit(command);
    } catch (const std::exception& error) {
        log::warn("emulated reader: the card failed: {}", error.what());
        check_presence();
        fail(in, Answer::data_block, ccid::error_code::mute);
        return;
    }
    m_response_sent = 0;
    spend(in, m_options.command_time);
    send_part(in);
}

/// send_part sends as much of the response as one message takes.
void EmulatedReader::send_part(const Incoming& in) {
    const View rest = View(m_response).subspan(m_response_sent);
    const View part = rest.first(std::min(rest.size(), payload()));
    const bool begins = m_response_sent == 0;
    const bool ends = part.size() == rest.size();
    if (!ends && m_options.level != ExchangeLevel::extended_apdu) {
        fail(in, Answer::data_block, ccid::error_code::hardware);
        return;
    }
    m_response_sent += part.size();
    const Byte going_on = begins ? ccid::chain::first : ccid::chain::middle;
    const Byte ending = begins ? ccid::chain::whole : ccid::chain::last;
    succeed(in, Answer::data_block, part, ends ? ending : going_on);
}

void EmulatedReader::set_parameters(const Incoming& in) {
    if (in.specific[0] == protocol_t1 && in.data.size() == m_parameters.size()) {
        m_parameters = to_bytes(in.data);
        get_parameters(in);
    } else {
        fail(in, Answer::parameters, in.specific[0] == protocol_t1 ? wrong_length : Byte{7});
    }
}

void EmulatedReader::reset_parameters(const Incoming& in) {
    m_parameters.assign(default_parameters.begin(), default_parameters.end());
    get_parameters(in);
}

void EmulatedReader::abort(const Incoming& in) {
    m_abort_bulk = in;
    m_abort_bulk->data = {};
    finish_abort();
}

void EmulatedReader::finish_abort() {
    if (!m_abort_bulk || !m_abort_control || m_abort_bulk->seq != *m_abort_control) {
        return;
    }
    m_command.clear();
    m_response.clear();
    m_ready = Deadline::Clock::now();
    m_answers.drop_later(m_ready);
    succeed(*m_abort_bulk, Answer::slot_status);
    m_abort_bulk.reset();
    m_abort_control.reset();
}

void EmulatedReader::refuse(const Incoming& in) {
    fail(in, ccid::answer_to(static_cast<ccid::Request>(in.type)), ccid::error_code::not_supported);
}

void EmulatedReader::succeed(const Incoming& in, Answer answer, View data, Byte specific) {
    queue(in, answer, CommandStatus::ok, 0, specific, data);
}

void EmulatedReader::fail(const Incoming& in, Answer answer, Byte error) {
    queue(in, answer, CommandStatus::failed, error, 0, {});
}

void EmulatedReader::queue(const Incoming& in, Answer answer, CommandStatus status, Byte error, Byte specific,
                           View data) {
    SecretBytes message(ccid::header_size);
    message[0] = static_cast<Byte>(answer);
    store_le(std::span(message).subspan(1, 4), data.size());
    message[5] = in.slot;
    message[6] = in.seq;
    message[7] = static_cast<Byte>(static_cast<unsigned>(status) << 6 |
                                   static_cast<unsigned>(in.slot == 0 ? icc() : IccStatus::absent));
    message[8] = error;
    message[9] = specific;
    append(message, data);
    m_answers.push(std::move(message), m_ready);
}

}  // namespace

std::unique_ptr<Device> make_emulated_reader(std::shared_ptr<SimulatedCard> card, EmulationOptions options) {
    options.max_message = std::max<std::size_t>(options.max_message, smallest_message);
    return std::make_unique<EmulatedReader>(std::move(card), options);
}

}  // namespace jeton::reader
