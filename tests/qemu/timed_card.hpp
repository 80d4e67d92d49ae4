// A card that takes its time: each command is answered after as long as a real card needs.
#pragma once

#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "reader/simulated_card.hpp"
#include "util/deadline.hpp"

namespace jeton::test {

class TimedCard final : public reader::SimulatedCard {
  public:
    using Times = std::map<Byte, Milliseconds>;  ///< by INS

    TimedCard(std::shared_ptr<reader::SimulatedCard> card, Milliseconds power_on, Times times)
        : m_card(std::move(card)), m_power_on(power_on), m_times(std::move(times)) {}

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
        const auto row = m_times.find(command.size() > 1 ? command[1] : Byte{0});
        const Deadline end = Deadline::after(row == m_times.end() ? Milliseconds(0) : row->second);
        SecretBytes response = m_card->transmit(command);
        std::this_thread::sleep_until(end.at());
        return response;
    }

  private:
    const std::shared_ptr<reader::SimulatedCard> m_card;
    const Milliseconds m_power_on;
    const Times m_times;
};

}  // namespace jeton::test
