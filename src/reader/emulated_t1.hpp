// The card's side of T=1 (ISO/IEC 7816-3, 11.6), for the emulated reader. Written for itself: it shares with
// the host's side only what a block looks like.
#pragma once

#include "reader/emulated_message.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/t1_block.hpp"

namespace jeton::reader::emulated {

class T1Card {
  public:
    /// |card| must outlive it; each command takes |command_time|, for which the card asks (WTX).
    T1Card(SimulatedCard& card, const ContactOptions& options, Milliseconds command_time);

    /// hear takes one block and gives the one that answers it. Throws what the card throws.
    Utterance hear(View bytes);

  private:
    Utterance say(Byte pcb, View information = {}, Milliseconds pause = Milliseconds(0));
    Utterance say_again();
    Utterance say_ready(t1::Damage damage);
    Utterance take_information(const t1::Block& block);
    Utterance take_ready(const t1::Block& block);
    Utterance take_supervisory(const t1::Block& block);
    Utterance go_on();
    Utterance say_part(Milliseconds pause);
    void restart();

    SimulatedCard& m_card;
    const t1::Checksum m_checksum;
    const Byte m_ifsc;
    const Milliseconds m_command_time;
    Byte m_ifsd = 32;
    Byte m_sent = 0;         ///< N(S) of the last I-block, or of the next one while nothing waits for its R
    Byte m_wanted = 0;       ///< N(S) of the host's next I-block
    SecretBytes m_command;   ///< what came of it so far
    SecretBytes m_response;  ///< of the last command
    std::size_t m_part_begin = 0;  ///< the part of it that was said last
    std::size_t m_part_end = 0;
    bool m_speaking = false;      ///< a part was said and is not known to have arrived
    bool m_working = false;       ///< a request for more time waits for its answer
    Milliseconds m_work_left{0};  ///< of the command
    SecretBytes m_last;           ///< the last block said
};

}  // namespace jeton::reader::emulated
