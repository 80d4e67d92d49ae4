#include "softcard/piv_card.hpp"

#include <algorithm>
#include <utility>

#include "softcard/piv_facts.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

struct PivCard::Instruction {
    Byte ins;
    Response (PivCard::*handler)(const Command&);
};

const PivCard::Instruction* PivCard::find_instruction(Byte ins) {
    static constexpr Instruction instructions[] = {
        {0x20, &PivCard::verify},
        {0x24, &PivCard::change_reference_data},
        {0x2C, &PivCard::reset_retry_counter},
        {0x47, &PivCard::generate},
        {0x87, &PivCard::general_authenticate},
        {0xA4, &PivCard::select},
        {0xC0, &PivCard::get_response},
        {0xCB, &PivCard::get_data},
        {0xDB, &PivCard::put_data},
        // Not in the standard, but what administration tools use on many PIV cards.
        {0xF6, &PivCard::move_key},
        {0xF7, &PivCard::get_metadata},
        {0xF8, &PivCard::get_serial},
        {0xF9, &PivCard::attest_key},
        {0xFA, &PivCard::set_retries},
        {0xFB, &PivCard::reset_card},
        {0xFD, &PivCard::get_version},
        {0xFE, &PivCard::import_key},
        {0xFF, &PivCard::set_management_key},
    };
    const auto* const found = std::ranges::find(instructions, ins, &Instruction::ins);
    return found == std::end(instructions) ? nullptr : found;
}

/// Carries out |edit| on what the card keeps, durably.
void PivCard::change(const std::function<void(PivState&)>& edit) {
    m_memory.change([&](CardState& card) { edit(*card.piv); });
}

/// Makes the application the selected one, with nothing given yet.
void PivCard::start() {
    reset();
    m_volatile.sealing_key = piv().sealing_key;
}

void PivCard::begin() {
    // Another process may have reset the card, which gave it another sealing key: nothing of before counts.
    if (m_volatile.sealing_key != piv().sealing_key) {
        start();
    }
    m_volatile.pin_is_fresh = std::exchange(m_volatile.pin_just_verified, false);
}

Response PivCard::dispatch(const Command& command) {
    const Instruction* const instruction = find_instruction(command.ins);
    require(instruction != nullptr, status::unknown_instruction);
    return (this->*instruction->handler)(command);
}

Response PivCard::execute(const Command& command) {
    Response response = guarded([&] { return dispatch(command); });
    if (!pin_verified()) {
        m_volatile.unlocked.reset();
    }
    return response;
}

/// SELECT (part 2, 3.1.1). Selecting this application again drops its security status: the standard would
/// keep it, but most cards do not, so hosts must cope.
Response PivCard::select(const Command& command) {
    require(command.p1 == 0x04 && command.p2 == 0x00, status::wrong_parameters);
    start();
    const View identifier = application_id;
    return {BasicTlvWriter<SecretBytes>()
                .nest(0x61,
                      [&](auto& out) {
                          out.put(0x4F, identifier.subspan(rid_bytes));
                          out.nest(0x79, [&](auto& authority) {
                              authority.put(0x4F, identifier.first(rid_bytes));
                          });
                          out.put(0x50, view_of("jeton software card"));
                          out.put(0x5F50, view_of("https://csrc.nist.gov/pubs/sp/800/73/4/upd1/final"));
                      })
                .take()};
}

/// GET RESPONSE when nothing waits; what waits is given before a command arrives here.
Response PivCard::get_response(const Command&) {
    throw Refusal(status::conditions_not_satisfied);
}

}  // namespace jeton::softcard
