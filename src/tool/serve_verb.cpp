#include "tool/serve_verb.hpp"

#include <cstdio>
#include <fmt/core.h>

#include "pkcs11/config.hpp"
#include "pkcs11/reader_places.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "tool/failure.hpp"
#include "tool/output.hpp"
#include "tool/softcard_verbs.hpp"

namespace jeton::tool {

namespace {

using Event = Connection::Event;

constexpr Milliseconds first_message_wait{5000};
constexpr Milliseconds rest_wait{10000};  ///< for the rest of a message that has begun
constexpr Milliseconds send_wait{10000};

constexpr const char* advice =
    "Is vpcd there? On Debian, install the package vsmartcard-vpcd and start pcscd; another place is given "
    "with "
    "--vpcd HOST:PORT.";

/// Server is one connection from its first message to its last.
class Server {
  public:
    Server(Connection& connection, VpcdCard& card, const std::string& place)
        : m_connection(connection), m_card(card), m_place(place) {}

    ServeEnd run() {
        while (true) {
            switch (m_connection.receive(patience())) {
                case Event::end:
                    return ServeEnd::peer;
                case Event::stop:
                    return ServeEnd::stop;
                case Event::nothing:
                    silence();
                    break;
                case Event::bytes:
                    m_waits_for_first = false;
                    m_decoder.feed(m_connection.received());
                    if (const auto end = answer_all()) {
                        return *end;
                    }
                    break;
            }
        }
    }

  private:
    /// A virtual reader that is not used may be silent for as long as it likes.
    std::optional<Deadline> patience() {
        if (m_decoder.in_message()) {
            m_rest_deadline = m_rest_deadline.value_or(Deadline::after(rest_wait));
            return m_rest_deadline;
        }
        return m_waits_for_first ? std::optional(Deadline::after(first_message_wait)) : std::nullopt;
    }

    void silence() {
        if (m_decoder.in_message()) {
            throw Failure(fmt::format("{} stopped in the middle of a message.", m_place));
        }
        m_waits_for_first = false;
        print_note(fmt::format(
            "Nothing comes from {}: perhaps another card is in that reader, or it is no vpcd.", m_place));
    }

    std::optional<reader::VpcdMessage> next_message() {
        try {
            return m_decoder.next();
        } catch (const reader::Error& error) {
            throw Failure(fmt::format(
                "The other side is no virtual reader: {}. Does another program listen there?", error.what()));
        }
    }

    /// answer_all gives the end, if it came.
    std::optional<ServeEnd> answer_all() {
        while (const auto message = next_message()) {
            m_rest_deadline.reset();
            const auto answer = m_card.answer(*message);
            if (!answer) {
                continue;
            }
            switch (m_connection.send(reader::vpcd_frame(*answer), Deadline::after(send_wait))) {
                case Event::end:
                    return ServeEnd::peer;
                case Event::stop:
                    return ServeEnd::stop;
                case Event::nothing:
                    throw Failure(fmt::format("{} takes no answers.", m_place));
                case Event::bytes:
                    break;
            }
        }
        return std::nullopt;
    }

    Connection& m_connection;
    VpcdCard& m_card;
    const std::string& m_place;
    reader::VpcdDecoder m_decoder;
    bool m_waits_for_first = true;
    std::optional<Deadline> m_rest_deadline;  ///< of the message that has begun
};

std::optional<Connection> connect_or_advise(const reader::Endpoint& endpoint, StopSignals& signals) {
    try {
        return Connection::open(endpoint, signals);
    } catch (const Failure& failure) {
        throw Failure(fmt::format("{} {}", failure.what(), advice));
    }
}

void print_now(const std::string& line) {
    print_line(line);
    std::fflush(
        stdout);  // who waits for this line sees it now; whether it was written is found out at the end
}

}  // namespace

ServeEnd serve(Connection& connection, VpcdCard& card, const std::string& place) {
    return Server(connection, card, place).run();
}

void serve_softcard(const SoftcardServe& request) {
    require_softcard(request.name);
    const auto endpoint = reader::parse_endpoint(request.vpcd, reader::vpcd_port);
    if (!endpoint) {
        throw Failure(fmt::format("\"{}\" is no HOST:PORT.", printable(request.vpcd)));
    }
    const std::string place = endpoint->text();
    pkcs11::Config config = pkcs11::read_config("");
    const reader::EmulationOptions standard;  // vpcd passes APDUs of any length on
    config.soft_reader.level = standard.level;
    config.soft_reader.max_message = standard.max_message;
    reader::Reader reader(pkcs11::soft_card_place(config, request.name));
    StopSignals signals;
    VpcdCard card(reader.slot(), [&signals] { return signals.requested(); });
    ServeEnd end = ServeEnd::stop;
    if (card.meet()) {
        if (auto connection = connect_or_advise(*endpoint, signals)) {
            print_now(
                fmt::format("The software card \"{}\" is in the virtual reader at {}. Ctrl-C takes it out.",
                            request.name, place));
            end = serve(*connection, card, place);
        }
    }
    print_line(end == ServeEnd::stop
                   ? "The card was taken out, as a signal asked for it."
                   : fmt::format("The card was taken out: {} ended the connection.", place));
}

}  // namespace jeton::tool
