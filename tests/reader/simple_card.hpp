// A SimulatedCard that remembers how it was used; two answers, and the rest is echoed.
#pragma once

#include <stdexcept>

#include "reader/simulated_card.hpp"

namespace jeton::reader::test {

class SimpleCard final : public SimulatedCard {
  public:
    bool present() override { return inserted; }

    std::uint64_t insertion() override { return insertions; }

    Bytes power_on() override {
        ++power_ons;
        state = 0;
        return atr;
    }

    void power_off() override { ++power_offs; }

    /// INS 01 sets the state, 02 reads it, 03 gives P1 P2 bytes, anything else echoes the command.
    SecretBytes transmit(View command) override {
        ++commands;
        last_command = to_bytes(command);
        if (fails) {
            throw std::runtime_error("the card broke");
        }
        SecretBytes response;
        switch (command[1]) {
            case 0x01:
                state = command[2];
                break;
            case 0x02:
                response.push_back(state);
                break;
            case 0x03:
                response.assign(std::size_t{command[2]} << 8 | command[3], 0x77);
                break;
            default:
                append(response, command);
        }
        response.push_back(0x90);
        response.push_back(0x00);
        return response;
    }

    Bytes atr{0x3B, 0x80, 0x80, 0x01, 0x01};
    Bytes last_command;
    bool inserted = true;
    std::uint64_t insertions = 0;
    bool fails = false;
    Byte state = 0;
    int power_ons = 0;
    int power_offs = 0;
    int commands = 0;
};

}  // namespace jeton::reader::test
