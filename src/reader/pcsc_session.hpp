// PcscSession is one process's use of one PC/SC reader: its context at pcscd, its connection to the card, and
// what it remembers of the card.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "reader/card_link.hpp"
#include "reader/local_queue.hpp"
#include "reader/pcsc_features.hpp"
#include "reader/pcsc_library.hpp"

namespace jeton::reader {

/// PcscSession is used by one thread at a time: the one that has the turn of queue(). The atomic members may
/// be read by anybody. A forked child must not use it, for the socket to pcscd in it is its parent's.
class PcscSession {
  public:
    PcscSession(const pcsc::Library& library, std::string reader);
    ~PcscSession();
    PcscSession(const PcscSession&) = delete;  // one owner gives the context back
    PcscSession& operator=(const PcscSession&) = delete;

    pid_t pid() const { return m_pid; }
    LocalQueue& queue() { return m_queue; }
    std::uint64_t insertion() const { return m_insertion; }

    /// seen is whether there was a card when somebody last looked; nullopt: nobody did.
    std::optional<bool> seen() const;

    // With the turn alone:

    /// look asks pcscd for the state of the reader; true with a card in it. Sends nothing to the card. Throws
    /// Error: gone.
    bool look();

    /// begin connects where that is needed and begins a transaction. Throws Error: no_card, mute, busy, gone.
    Continuity begin(Deadline deadline);

    /// end ends the transaction, and the connection too unless |keep|.
    void end(bool keep) noexcept;

    // In a transaction:
    SecretBytes transmit(View command);
    void reset();

    /// control sends |input| to the reader's driver under |code|. Throws Error: unsupported and others.
    SecretBytes control(std::uint32_t code, View input);

    View atr() const { return m_atr; }
    const std::vector<pcsc::Feature>& features() const { return m_features; }
    bool extended() const { return m_extended; }

  private:
    pcsc::Long context();
    void drop_context() noexcept;
    void connect(Deadline deadline);
    void disconnect() noexcept;
    bool wait_for_turn(Deadline deadline);
    bool begin_once(Deadline deadline);
    void note(const pcsc::ReaderState& state);
    void learn_card();
    void learn_features();
    [[noreturn]] void fail(pcsc::Long result, const char* what);

    const pcsc::Library& m_library;
    const std::string m_reader;
    const pid_t m_pid;
    LocalQueue m_queue;
    std::atomic<std::uint64_t> m_insertion{1};
    std::atomic<int> m_seen{-1};

    std::optional<pcsc::Long> m_context;
    std::optional<pcsc::Long> m_card;
    pcsc::Dword m_protocol = 0;
    bool m_in_transaction = false;
    std::optional<pcsc::Dword> m_events;  ///< pcscd's count of insertions and removals
    std::optional<std::uint64_t>
        m_insertion_used;  ///< the insertion in which the last transaction ended well
    bool m_was_reset = false;
    bool m_knows_features = false;
    std::vector<pcsc::Feature> m_features;
    bool m_extended = false;
    Bytes m_atr;
    SecretBytes m_buffer;
};

}  // namespace jeton::reader
