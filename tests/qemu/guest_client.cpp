// guest_client VERB MODULE [ARGUMENT]...: an application in the guest; the table at the end has the verbs.
// It prints what it saw, and fails when that is not what must be.
#include <cstdio>
#include <exception>
#include <fmt/core.h>
#include <span>
#include <string>
#include <vector>

#include "qemu/guest_sharing.hpp"
#include "qemu/guest_token.hpp"

namespace {

using namespace jeton;
using Words = std::vector<std::string>;

constexpr const char* pin = "123456";

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

/// events tells of each slot, then waits for that many events.
void events(const Words& words) {
    test::GuestModule module(words.at(0));
    for (const CK_SLOT_ID slot : module.slots(false)) {
        say(fmt::format("{}: {}", module.slot_name(slot), module.state(slot)));
    }
    say("waiting");
    for (int left = std::stoi(words.at(1)); left > 0; --left) {
        CK_SLOT_ID slot = 0;
        const CK_RV rv = module->C_WaitForSlotEvent(0, &slot, nullptr);
        if (rv != CKR_OK) {
            throw test::CkError("C_WaitForSlotEvent", rv);
        }
        say(fmt::format("event: {}: {}", module.slot_name(slot), module.state(slot)));
    }
}

/// sign: that many signatures by one logged-in process.
void sign(const Words& words) {
    test::GuestToken token(words.at(0));
    token.login(pin);
    for (int left = std::stoi(words.at(1)); left > 0; --left) {
        token.sign();
    }
    token.check();
    say("signed");
}

struct Verb {
    const char* name;
    std::size_t arguments;
    void (*run)(const Words&);
};

constexpr Verb verbs[] = {
    {"events", 2, events},
    {"sign", 2, sign},
    {"share", 5, test::share},
    {"kill", 4, test::share_with_killed},
    {"stranger", 1, test::share_with_stranger},
    {"handover", 2, test::hand_over},
    {"orphan", 1, test::outlive_orphan},
};

void run(const Words& words) {
    for (const Verb& verb : verbs) {
        if (!words.empty() && words[0] == verb.name && words.size() == verb.arguments + 1) {
            verb.run({words.begin() + 1, words.end()});
            return;
        }
    }
    throw std::runtime_error("no such verb, or not that many arguments");
}

}  // namespace

int main(int count, char** words) {
    try {
        run(Words(words + 1, words + count));
        return 0;
    } catch (const std::exception& error) {
        std::fputs(fmt::format("guest_client: {}\n", error.what()).c_str(), stderr);
        return 1;
    }
}
