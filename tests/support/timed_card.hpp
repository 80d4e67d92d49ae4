// A card that takes its time: power on and commands are answered after as long as a real card needs.
#pragma once

#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "reader/simulated_card.hpp"
#include "util/deadline.hpp"

namespace jeton::test {

/// CardTimes is how long the work lasts.
struct CardTimes {
    Milliseconds power_on{0};
    Milliseconds verify{0};  ///< with a PIN; to ask for its state costs nothing
    Milliseconds sign{0};    ///< GENERAL AUTHENTICATE
};

class TimedCard final : public reader::SimulatedCard {
  public:
    TimedCard(std::shared_ptr<reader::SimulatedCard> card, const CardTimes& times)
        : m_card(std::move(card)),
          m_power_on(times.power_on),
          m_times{{0x20, times.verify}, {0x87, times.sign}} {}

    bool present() override { return m_card->present(); }
    std::uint64_t insertion() override { return m_card->insertion(); }
    void power_off() override { m_card->power_off(); }
    Bytes power_on() override {
        const Deadline end = Deadline::after(m_power_on);
        Bytes atr = m_card->power_on();
        std::this_thread::sleep_until(end.at());
        return atr;
    }
    SecretBytes transmit(View command) override {
        const Byte ins = command.size() > header_alone ? command[1] : Byte{0};
        const auto row = m_times.find(ins);
        const Deadline end = Deadline::after(row == m_times.end() ? Milliseconds(0) : row->second);
        SecretBytes response = m_card->transmit(command);
        std::this_thread::sleep_until(end.at());
        return response;
    }

  private:
    static constexpr std::size_t header_alone = 5;

    const std::shared_ptr<reader::SimulatedCard> m_card;
    const Milliseconds m_power_on;
    const std::map<Byte, Milliseconds> m_times;  ///< by INS
};

}  // namespace jeton::test
