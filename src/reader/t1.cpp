#include "reader/t1.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/card_link.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader::t1 {

namespace {

using Kind = Error::Kind;

constexpr int most_tries = 3;  ///< of each block, of RESYNCH and of IFS
constexpr Byte usual_wait = 1;

/// Conversation is one command on its way to the card and its response on the way back.
class Conversation {
  public:
    Conversation(Wire& wire, State& state, View command) : m_wire(wire), m_state(state), m_rest(command) {}

    SecretBytes run() {
        send_part();
        while (!m_done) {
            const auto received = m_wire.exchange(m_next, m_wait);
            m_wait = usual_wait;
            const auto parsed = received ? parse_block(*received, m_state.checksum) : Damage::checksum;
            if (const Block* block = std::get_if<Block>(&parsed)) {
                take(*block);
            } else {
                ask_again(std::get<Damage>(parsed));
            }
        }
        return std::move(m_response);
    }

  private:
    /// Last is what kind of block |m_next| is.
    enum class Last { part, ready, response };

    std::size_t most_information() const {
        const std::size_t frame = prologue_size + checksum_size(m_state.checksum);
        return std::min<std::size_t>(m_state.ifsc, m_wire.room() - frame);
    }

    /// send_part makes the next I-block of the command.
    void send_part() {
        m_part = m_rest.first(std::min(m_rest.size(), most_information()));
        m_rest = m_rest.subspan(m_part.size());
        repeat_part();
    }

    void repeat_part() {
        const Byte pcb = information_pcb(m_state.number_sent, !m_rest.empty());
        m_next = encode_block(pcb, m_part, m_state.checksum);
        m_last = Last::part;
    }

    void send_ready(Damage damage) {
        m_next = encode_block(ready_pcb(m_state.number_wanted, damage), {}, m_state.checksum);
        m_last = Last::ready;
    }

    void respond(const Block& request) {
        m_next = encode_block(static_cast<Byte>(request.pcb | pcb::response), request.information,
                              m_state.checksum);
        m_last = Last::response;
    }

    /// ask_again answers a block that is not accepted; an R-block that was not understood is sent once more.
    void ask_again(Damage damage) {
        count_failure();
        if (m_last != Last::ready) {
            send_ready(damage);
        }
    }

    void count_failure() {
        if (++m_failures > most_tries) {
            resynchronise();
        }
    }

    void take(const Block& block) {
        if (block.is_information()) {
            take_information(block);
        } else if (block.is_ready()) {
            take_ready(block);
        } else {
            take_supervisory(block);
        }
    }

    void take_information(const Block& block) {
        const bool too_long = block.information.size() > m_state.ifsd;
        if (!m_rest.empty() || block.number() != m_state.number_wanted || too_long ||
            (block.more() && block.information.empty())) {
            ask_again(Damage::other);
            return;
        }
        m_failures = 0;
        if (m_sending) {  // an answer acknowledges the last block of the command
            m_state.number_sent ^= 1;
            m_sending = false;
        }
        m_state.number_wanted ^= 1;
        if (m_response.size() + block.information.size() > longest_response) {
            throw Error(Kind::protocol, "T=1: the response is longer than any APDU");
        }
        append(m_response, block.information);
        m_done = !block.more();
        send_ready(Damage::none);
    }

    void take_ready(const Block& block) {
        const bool wants_next = block.number() != m_state.number_sent;
        if (m_sending && wants_next && !m_rest.empty()) {
            m_failures = 0;
            m_state.number_sent ^= 1;
            send_part();
            return;
        }
        count_failure();
        if (m_last == Last::response) {
            m_wait = m_asked_wait;  // the same response again
        } else if (m_sending && !wants_next) {
            repeat_part();
        } else if (m_last == Last::part) {
            send_ready(Damage::other);
        }
    }

    void take_supervisory(const Block& block) {
        const Byte value = block.information.empty() ? Byte{0} : block.information[0];
        if (block.pcb == pcb::wtx && value != 0) {
            m_failures = 0;
            respond(block);
            m_wait = m_asked_wait = value;
        } else if (block.pcb == pcb::ifs && value != 0 && value <= longest_information) {
            if (++m_size_changes > most_tries) {
                resynchronise();
            }
            m_state.ifsc = value;
            m_asked_wait = usual_wait;
            respond(block);
        } else if (block.pcb == pcb::abort) {
            respond(block);
            m_wire.exchange(m_next, usual_wait);
            throw Error(Kind::protocol, "T=1: the card broke the exchange off");
        } else {
            ask_again(Damage::other);
        }
    }

    /// resynchronise leaves the card at the start of the protocol, as far as it agrees, and gives up.
    [[noreturn]] void resynchronise() {
        const SecretBytes request = encode_block(pcb::resynch, {}, m_state.checksum);
        bool agreed = false;
        for (int count = 0; count < most_tries && !agreed; ++count) {
            const auto received = m_wire.exchange(request, usual_wait);
            const auto parsed = received ? parse_block(*received, m_state.checksum) : Damage::checksum;
            const Block* block = std::get_if<Block>(&parsed);
            agreed = block != nullptr && block->pcb == (pcb::resynch | pcb::response);
        }
        throw Error(Kind::protocol,
                    fmt::format("T=1: the card and the reader do not understand each other; RESYNCH was {}",
                                agreed ? "answered" : "not answered"));
    }

    Wire& m_wire;
    State& m_state;
    View m_rest;         ///< of the command: not sent yet
    View m_part;         ///< of the command: in the last I-block
    SecretBytes m_next;  ///< the block to be sent
    SecretBytes m_response;
    Last m_last = Last::part;
    Byte m_wait = usual_wait;        ///< for the answer to |m_next|
    Byte m_asked_wait = usual_wait;  ///< by the request that was answered last
    int m_failures = 0;              ///< since the last block that was accepted
    int m_size_changes = 0;
    bool m_sending = true;  ///< the card has not acknowledged the whole command
    bool m_done = false;
};

}  // namespace

SecretBytes transmit(Wire& wire, State& state, View command) {
    if (state.out_of_step) {
        throw Error(Kind::protocol, "T=1: out of step since the last error");
    }
    state.out_of_step = true;
    SecretBytes response = Conversation(wire, state, command).run();
    state.out_of_step = false;
    return response;
}

void announce_ifsd(Wire& wire, State& state, Byte ifsd) {
    const SecretBytes request = encode_block(pcb::ifs, View(&ifsd, 1), state.checksum);
    for (int count = 0; count < most_tries; ++count) {
        std::optional<SecretBytes> received;
        try {
            received = wire.exchange(request, usual_wait);
        } catch (const Error& error) {
            if (error.kind() != Kind::mute) {
                throw;
            }
        }
        const auto parsed = received ? parse_block(*received, state.checksum) : Damage::checksum;
        const Block* block = std::get_if<Block>(&parsed);
        if (block != nullptr && block->pcb == (pcb::ifs | pcb::response) && block->information[0] == ifsd) {
            state.ifsd = ifsd;
            return;
        }
    }
    log::info("T=1: the card does not agree to blocks of {} bytes", ifsd);
}

}  // namespace jeton::reader::t1
