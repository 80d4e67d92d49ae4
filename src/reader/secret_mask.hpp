// Masks PINs, keys and what keys deciphered in the messages between host and reader, before they are shown to
// anybody: a secret byte becomes FF, no length changes, and check bytes of T=1 blocks are computed anew.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "reader/ccid.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/secret_mask_block.hpp"

namespace jeton::reader {

/// SecretMask follows the messages of one CCID interface in order. What it cannot make sense of it takes for
/// secret: messages whose length is wrong, parts of messages, answers to commands that it did not see,
/// vendors' Escape messages.
class SecretMask {
  public:
    /// |level| is the reader's, as its class descriptor says.
    explicit SecretMask(ExchangeLevel level) : m_level(level) {}

    /// Each masks one transfer in place and gives the number of bytes that it masked.
    std::size_t to_reader(std::span<Byte> message);
    std::size_t from_reader(std::span<Byte> transfer);
    std::size_t interrupt(std::span<Byte> notification);

  private:
    enum class Carries { nothing, apdu, block, characters };

    /// Opening is what is known of one card opening.
    struct Opening {
        std::optional<Byte> protocol;  ///< 0 or 1
        ApduMask apdus;
        BlockMask blocks;
        bool command_open = false;                ///< more messages of an APDU follow
        std::optional<Byte> character_command;    ///< INS of a T=0 command that the card has not ended
        std::array<Byte, 3> response_prologue{};  ///< of a T=1 block that comes in two messages
        bool has_response_prologue = false;
    };

    /// Expected is what the answer to a message may hold.
    struct Expected {
        Carries carries = Carries::nothing;
        bool known = false;
        bool is_atr = false;
        bool secret = true;
    };

    std::size_t mask_transfer(Opening& opening, Expected& expected, std::span<Byte> message);
    std::size_t mask_tpdu(Opening& opening, Expected& expected, std::span<Byte> data);
    std::size_t mask_characters(Opening& opening, std::span<Byte> data);
    static std::size_t mask_secure(Opening& opening, Expected& expected, std::span<Byte> message);
    std::size_t mask_answer(std::span<Byte> message);
    static std::size_t mask_block_answer(Opening& opening, std::span<Byte> data, bool secret);
    static void end_characters(Opening& opening, View answer);
    static void learn_protocols(Opening& opening, View atr);

    ExchangeLevel m_level;
    std::map<Byte, Opening> m_openings;                    ///< by bSlot
    std::map<std::pair<Byte, Byte>, Expected> m_expected;  ///< by bSlot and bSeq
    std::size_t m_rest = 0;  ///< bytes that are to come of a message from the reader
};

/// mask_remark is what a trace says of a transfer with |count| masked bytes; is_mask_remark recognises it.
std::string mask_remark(std::size_t count);
bool is_mask_remark(std::string_view remark);

}  // namespace jeton::reader
