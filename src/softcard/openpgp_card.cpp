#include "softcard/openpgp_card.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace jeton::softcard::openpgp {

struct Card::Instruction {
    Byte ins;
    Response (Card::*handler)(const Command&);
};

const Card::Instruction* Card::find_instruction(Byte ins) {
    static constexpr Instruction instructions[] = {
        {0x20, &Card::verify},
        {0x22, &Card::manage_environment},
        {0x24, &Card::change_reference_data},
        {0x2A, &Card::security_operation},
        {0x2C, &Card::reset_retry_counter},
        {0x44, &Card::activate},
        {0x47, &Card::generate},
        {0x84, &Card::get_challenge},
        {0x88, &Card::internal_authenticate},
        {0xA4, &Card::select_file},
        {0xA5, &Card::select_data},
        {0xC0, &Card::get_response},
        {0xCA, &Card::get_data},
        {0xCC, &Card::get_next_data},
        {0xDA, &Card::put_data},
        {0xDB, &Card::import_key},
        {0xE6, &Card::terminate},
    };
    const auto* const found = std::ranges::find(instructions, ins, &Instruction::ins);
    return found == std::end(instructions) ? nullptr : found;
}

bool Card::is_named(View name) const {
    return is_name_of(application_id(m_memory.state().serial), name, least_name_bytes);
}

/// Carries out |edit| on what the card keeps, durably.
void Card::change(const std::function<void(State&)>& edit) {
    m_memory.change([&](CardState& card) { edit(*card.openpgp); });
}

/// Makes the application the selected one, with nothing given yet.
void Card::start() {
    reset();
    m_volatile.sealing_key = state().sealing_key;
}

void Card::begin() {
    // Another process may have reset the application, which gave it another sealing key: nothing of before
    // counts.
    if (m_volatile.sealing_key != state().sealing_key) {
        start();
    }
}

Response Card::execute(const Command& command) {
    Response response = guarded([&] { return dispatch(command); });
    if (m_volatile.verified.empty()) {
        m_volatile.unlocked.reset();
    }
    return response;
}

Response Card::dispatch(const Command& command) {
    const Instruction* const instruction = find_instruction(command.ins);
    require(instruction != nullptr, status::unknown_instruction);
    require(!state().terminated || instruction->handler == &Card::activate, status::terminated);
    return (this->*instruction->handler)(command);
}

/// SELECT (7.2.1). Selecting this application again drops its security status, as 4.3 has it.
Response Card::select(const Command& command) {
    require(command.p2 == 0x00, status::wrong_parameters);
    start();
    return {{}, state().terminated ? status::terminated : status::ok};
}

/// SELECT by anything but a name: this application has no files.
Response Card::select_file(const Command&) {
    throw Refusal(status::wrong_parameters);
}

/// Refuses unless the password of |access| was given.
void Card::require_access(Access access) const {
    const auto given = [&](Byte reference) { return m_volatile.verified.contains(reference); };
    require(access == Access::always || (access == Access::user && given(pw1)) ||
                (access == Access::admin && given(pw3)),
            status::security_not_satisfied);
}

/// GET RESPONSE when nothing waits; what waits is given before a command arrives here.
Response Card::get_response(const Command&) {
    throw Refusal(status::conditions_not_satisfied);
}

/// GET CHALLENGE (7.2.15): as many random bytes as Le says.
Response Card::get_challenge(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    require(command.data.empty() && command.expected <= most_challenge_bytes, status::wrong_length);
    SecretBytes challenge(command.expected);
    crypto::random_bytes(challenge);
    return {std::move(challenge)};
}

/// TERMINATE DF (7.2.16): with PW3, or when neither PW1 nor PW3 has a try left. Keys and objects are gone at
/// once.
Response Card::terminate(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    const auto blocked = [&](Byte reference) { return state().passwords.at(reference).pin.tries == 0; };
    if (!blocked(pw1_signature) || !blocked(pw3)) {
        require_access(Access::admin);
    }
    change([](State& changed) {
        changed = factory_state(changed);
        changed.terminated = true;
    });
    start();
    return {};
}

/// ACTIVATE FILE (7.2.17): makes a terminated application a new one, and does nothing to any other.
Response Card::activate(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    if (state().terminated) {
        change([](State& changed) { changed.terminated = false; });
        start();
    }
    return {};
}

}  // namespace jeton::softcard::openpgp
