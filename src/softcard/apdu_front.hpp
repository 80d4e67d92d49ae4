// The part of a card that every application shares: parsing, command chaining and GET RESPONSE.
#pragma once

#include <optional>

#include "softcard/command.hpp"
#include "softcard/response.hpp"

namespace jeton::softcard {

/// CommandHandler carries out whole commands. The links of a command chain arrive as one.
class CommandHandler {
  public:
    virtual ~CommandHandler() = default;

    /// knows_class tells whether commands of the class |cla|, without the bit for chaining, are for it
    /// (ISO/IEC 7816-4, 5.4.1).
    virtual bool knows_class(Byte cla) const { return cla == 0x00; }

    /// begin announces a command before its data are complete: the first link of a chain, a command without
    /// chaining, or one so wrong that execute never sees it. GET RESPONSE belongs to the command before it
    /// and is not announced.
    virtual void begin() = 0;

    virtual Response execute(const Command& command) = 0;
};

/// ApduFront turns command APDUs into calls of a CommandHandler and its answers into response APDUs.
class ApduFront {
  public:
    /// most_chained_bytes bounds the data that the links of one chain may carry together.
    static constexpr std::size_t most_chained_bytes = 16 * 1024;

    /// |handler| must live longer.
    explicit ApduFront(CommandHandler& handler) : m_handler(handler) {}

    /// reset forgets chain and waiting response, as a card does when it loses power.
    void reset();

    /// transmit gives the response APDU: at least SW1 SW2.
    SecretBytes transmit(View apdu);

  private:
    SecretBytes refuse(StatusWord status_word);
    SecretBytes carry_out(Command link);
    SecretBytes next_part(std::size_t expected);
    bool add_link(Command& link);

    CommandHandler& m_handler;
    std::optional<Command> m_chain;  ///< the links so far, data joined
    SecretBytes m_waiting;           ///< what GET RESPONSE still gives
};

}  // namespace jeton::softcard
