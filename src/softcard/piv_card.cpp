#include "softcard/piv_card.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "crypto/error.hpp"
#include "softcard/piv_facts.hpp"
#include "util/log.hpp"
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

void PivCard::reset() {
    m_volatile = {};
}

void PivCard::begin() {
    // Another process may have reset the card: then no PIN of before is one of now.
    if (m_volatile.unlocked &&
        m_volatile.unlocked->sealing_key.public_key() != m_memory.state().sealing_key) {
        m_volatile.verified.clear();
        m_volatile.unlocked.reset();
    }
    m_volatile.pin_is_fresh = std::exchange(m_volatile.pin_just_verified, false);
}

Response PivCard::dispatch(const Command& command) {
    const Instruction* const instruction = find_instruction(command.ins);
    const bool select_only = !m_volatile.selected && command.ins != 0xA4;
    require(instruction != nullptr && !select_only, status::unknown_instruction);
    return (this->*instruction->handler)(command);
}

Response PivCard::execute(const Command& command) {
    Response response = answer(command);
    if (!pin_verified()) {
        m_volatile.unlocked.reset();
    }
    return response;
}

Response PivCard::answer(const Command& command) {
    try {
        return dispatch(command);
    } catch (const Refusal& refusal) {
        return {{}, refusal.status()};
    } catch (const std::system_error& error) {
        log::error("software card: cannot write: {}", error.what());
        return {{}, status::memory_failure};
    } catch (const crypto::Error& error) {
        log::error("software card: {}", error.what());
        return {{}, status::no_diagnosis};
    } catch (const std::bad_alloc&) {
        return {{}, status::no_diagnosis};
    }
}

/// SELECT (part 2, 3.1.1). A name of another application leaves this one selected. Selecting this one again
/// drops its security status: the standard would keep it, but most cards do not, so hosts must cope.
Response PivCard::select(const Command& command) {
    const View name = command.data;
    require(command.p1 == 0x04 && command.p2 == 0x00, status::wrong_parameters);
    const bool ours = name.size() >= rid_bytes && name.size() <= application_id.size() &&
                      equal(name, View(application_id).first(name.size()));
    require(ours, status::not_found);
    reset();
    m_volatile.selected = true;
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
