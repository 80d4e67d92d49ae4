// A card at the other end of a vpcd connection, as the card side of the emulated reader.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reader/simulated_card.hpp"
#include "reader/vpcd_stream.hpp"

namespace jeton::reader {

/// VpcdLimits bound what a peer may take.
struct VpcdLimits {
    Milliseconds greeting{3000};  ///< until a new peer has told its ATR
    Milliseconds look{1000};      ///< the same, for one that did before
    Milliseconds answer{60000};   ///< for the answer to a command: vpcd knows no request for more time
    Milliseconds send{5000};
    Milliseconds rest{1000};  ///< how long a peer is believed to be there without being asked
};

/// VpcdRemoteCard has no thread: a peer is met when somebody looks. One that breaks the protocol, or takes
/// longer than |limits|, is sent away, which is the card's being pulled.
class VpcdRemoteCard final : public SimulatedCard {
  public:
    /// |source| gives the next peer, if one is there; it does not wait for long.
    VpcdRemoteCard(std::string name, std::function<std::optional<VpcdStream>()> source,
                   VpcdLimits limits = {});

    bool present() override;
    std::uint64_t insertion() override;
    Bytes power_on() override;
    void power_off() override;
    SecretBytes transmit(View command) override;

  private:
    VpcdStream& peer();
    bool look();
    void meet();
    Bytes ask_atr(Milliseconds limit);
    void control(VpcdMessage::Kind kind);
    void send_away(const std::string& why);

    template <typename Function>
    auto with_peer(Function&& function);

    const std::string m_name;
    const std::function<std::optional<VpcdStream>()> m_source;
    const VpcdLimits m_limits;
    std::optional<VpcdStream> m_peer;
    std::optional<Deadline> m_look_again;
    bool m_powered = false;
    std::uint64_t m_insertion = 0;
};

}  // namespace jeton::reader
