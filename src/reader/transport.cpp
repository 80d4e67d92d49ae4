#include "reader/transport.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/descriptor.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

/// Room for the largest message, and a multiple of every bulk packet size: a device that sends more than was
/// asked for would lose data.
constexpr std::size_t buffer_size = (largest_message / 1024 + 1) * 1024;

constexpr int most_strays = 10;                   ///< late, foreign and damaged messages before we give up
constexpr Milliseconds write_limit{5000};         ///< for one message to be taken by the reader
constexpr Milliseconds tail_limit{500};           ///< between the transfers of one message
constexpr Milliseconds after_damage_limit{1000};  ///< for the right answer to follow a damaged one
constexpr Milliseconds drain_limit{2000};
constexpr int most_drained = 256;
constexpr Byte abort_request = 0x01;  ///< ABORT on endpoint 0 (5.3.1)

/// Patience is the moment until which the reader may be silent.
class Patience {
  public:
    explicit Patience(Wait wait)
        : m_total(wait.total),
          m_step(std::min(wait.first, wait.total)),
          m_end(Deadline::after(wait.total)),
          m_next(m_end) {
        restart();
    }

    Deadline next() const { return m_next; }
    bool over() const { return m_end.passed(); }

    /// extend multiplies the step, as bError of a time extension says; 0 and 1 just start it anew.
    void extend(Byte multiplier) {
        m_step = std::min(m_step * std::max<int>(multiplier, 1), m_total);
        restart();
    }

    void shorten(Milliseconds limit) { m_next = std::min(m_next, Deadline::after(limit)); }

  private:
    void restart() { m_next = std::min(Deadline::after(m_step), m_end); }

    Milliseconds m_total;
    Milliseconds m_step;
    Deadline m_end;
    Deadline m_next;
};

/// StrayCount gives up after the tenth message that is not the answer.
class StrayCount {
  public:
    void add(const char* what) {
        log::debug("reader: skipped {}", what);
        if (++m_count > most_strays) {
            throw Error(Kind::protocol, fmt::format("the reader sends {} and no answer", what));
        }
    }

  private:
    int m_count = 0;
};

}  // namespace

Transport::Transport(Device& device, FlightLog& flight)
    : m_device(device), m_flight(flight), m_buffer(buffer_size) {}

ccid::Reply Transport::exchange(const ccid::Command& command, Wait wait) {
    const Byte seq = m_flight.launch(command.slot);
    send(command, seq, std::min(wait.total, write_limit));
    m_flight.sent();
    const ccid::Reply reply = receive(command, seq, wait);
    m_flight.landed();
    return reply;
}

void Transport::send(const ccid::Command& command, Byte seq, Milliseconds limit) {
    const SecretBytes message = ccid::encode(command, seq);
    m_device.bulk_write(message, Deadline::after(limit));
}

ccid::Reply Transport::receive(const ccid::Command& command, Byte seq, Wait wait) {
    Patience patience(wait);
    StrayCount strays;
    bool damaged = false;
    while (!patience.over()) {
        View message;
        try {
            message = read_transfer(patience.next());
        } catch (const Error& error) {
            if (error.kind() == Kind::timeout && damaged) {
                throw Error(Kind::protocol, "the reader answered something that is no CCID message");
            }
            throw;
        }
        if (message.empty()) {
            strays.add("empty transfers");
            continue;
        }
        const auto reply = ccid::parse_reply(message);
        if (!reply) {
            strays.add("damaged messages");
            damaged = true;
            patience.shorten(after_damage_limit);
            continue;
        }
        if (reply->seq != seq || reply->slot != command.slot) {
            strays.add("answers to other commands");
            continue;
        }
        if (reply->status == ccid::CommandStatus::time_extension) {
            patience.extend(reply->error);
            continue;
        }
        const bool failed = reply->status == ccid::CommandStatus::failed;
        if (reply->status == ccid::CommandStatus::reserved ||
            (!failed && reply->answer != ccid::answer_to(command.request))) {
            throw Error(Kind::protocol, "the reader answered with a message of the wrong type");
        }
        return *reply;
    }
    throw Error(Kind::timeout, "the reader asks for time without end");
}

View Transport::read_transfer(Deadline deadline) {
    const std::span<Byte> buffer(m_buffer);
    const auto read = [&](std::size_t offset, Deadline until) {
        const std::size_t got = m_device.bulk_read(buffer.subspan(offset), until);
        if (got > buffer.size() - offset) {
            throw Error(Kind::protocol, "the device claims to have read more than there was room for");
        }
        return got;
    };
    std::size_t filled = read(0, deadline);
    const std::uint64_t expected = ccid::announced_size(buffer.first(filled)).value_or(0);
    if (expected > buffer.size()) {
        return buffer.first(filled);  // cannot be: left to the parser to refuse
    }
    while (filled < expected) {
        std::size_t got = 0;
        try {
            got = read(filled, std::min(deadline, Deadline::after(tail_limit)));
        } catch (const Error& error) {
            if (error.kind() != Kind::timeout) {
                throw;
            }
        }
        if (got == 0) {
            break;  // the end of a message that is shorter than it said
        }
        filled += got;
    }
    return buffer.first(filled);
}

void Transport::drain(Milliseconds silence) {
    const Deadline end = Deadline::after(drain_limit);
    for (int count = 0; count < most_drained && !end.passed(); ++count) {
        try {
            m_device.bulk_read(m_buffer, std::min(end, Deadline::after(silence)));
        } catch (const Error& error) {
            if (error.kind() != Kind::timeout) {
                throw;
            }
            return;
        }
    }
}

void Transport::abort(Byte slot, Wait wait) {
    const Byte seq = m_flight.launch(slot);
    m_device.control(abort_request, static_cast<std::uint16_t>(seq << 8 | slot), Deadline::after(wait.total));
    const ccid::Command command{.request = ccid::Request::abort, .slot = slot, .specific = {}, .data = {}};
    send(command, seq, std::min(wait.total, write_limit));
    m_flight.sent();
    receive(command, seq, wait);
    m_flight.landed();
}

}  // namespace jeton::reader
