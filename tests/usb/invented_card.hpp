// A card that nobody makes: the one of docs/new-card.md. It keeps strictly to what that page says of it, and
// notes whatever else it was asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::test {

class InventedCard final : public reader::SimulatedCard {
  public:
    InventedCard();

    // What a test sets and looks at.
    bool button_held = true;            ///< without, the key of the seal does not sign
    std::vector<std::string> commands;  ///< all, in hex
    std::vector<std::string> unexpected;

    static constexpr const char* pin = "271828";
    const crypto::PrivateKey& seal() const { return m_seal; }

    bool present() override { return true; }
    Bytes power_on() override;
    void power_off() override {}
    SecretBytes transmit(View command) override;

  private:
    /// Command is one APDU in short form.
    struct Command {
        Byte cla, ins, p1, p2;
        Bytes data;
        std::size_t le;
    };
    using Answer = std::pair<Bytes, std::uint16_t>;

    static std::optional<Command> parse(View command);
    Answer carry_out(const Command& command);
    Answer select(const Command& command);
    Answer read_binary(const Command& command) const;
    Answer verify(const Command& command);
    Answer change_pin(const Command& command);
    Answer unblock(const Command& command);
    Answer compute(const Command& command) const;
    Answer refuse(const Command& command, std::uint16_t status);

    const crypto::PrivateKey& m_seal;
    const crypto::PrivateKey& m_desk;
    std::map<std::string, Bytes> m_files;  ///< by path from the application, in hex
    std::string m_pin = pin;
    unsigned m_tries = 3;

    // Since power on.
    bool m_at_home = false;  ///< the application is current
    std::string m_file;      ///< the selected one
    bool m_verified = false;
    Bytes m_chain;        ///< the data of the links so far
    Bytes m_environment;  ///< P2, algorithm and key of MANAGE SECURITY ENVIRONMENT
};

}  // namespace jeton::test
