// The card's side of T=0 (ISO/IEC 7816-3, 10), for the emulated reader.
#pragma once

#include <vector>

#include "reader/emulated_message.hpp"
#include "reader/emulated_reader.hpp"

namespace jeton::reader::emulated {

/// T0Card makes APDUs of headers and data. A card knows from INS which way the data go; this one goes by a
/// table, and by P3: it takes no data when that is 00. What a command brings is held until it is fetched, so
/// that the SimulatedCard sees each command once.
class T0Card {
  public:
    /// |card| must outlive it; each command takes |command_time|, for which the card asks (NULL bytes).
    T0Card(SimulatedCard& card, Milliseconds command_time);

    /// hear takes characters and gives those that the card says to them, up to where it listens again. Throws
    /// what the card throws.
    std::vector<Utterance> hear(View bytes);

  private:
    std::vector<Utterance> take_header();
    std::vector<Utterance> take_data();
    std::vector<Utterance> take_envelope(View data);
    std::vector<Utterance> run(View command);
    std::vector<Utterance> give(std::size_t expected);
    Utterance acknowledge(bool all) const;
    Utterance status(unsigned word) const;
    std::size_t p3() const { return m_header[4]; }

    SimulatedCard& m_card;
    const Milliseconds m_command_time;
    SecretBytes m_heard;
    SecretBytes m_header;    ///< of the command whose data are still to come
    SecretBytes m_envelope;  ///< an APDU that comes as data of ENVELOPE
    SecretBytes m_origin;    ///< the first four bytes of the command that |m_held| answers
    SecretBytes m_held;      ///< data that wait to be fetched
    unsigned m_held_status = 0;
};

}  // namespace jeton::reader::emulated
