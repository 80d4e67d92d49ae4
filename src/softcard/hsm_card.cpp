#include "softcard/hsm_card.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t longest_challenge = 1024;

/// What the card says of itself behind its options: kind and version, two numbers. A card with all modes
/// says what cards that have them say.
std::array<Byte, 3> hsm_version_of(AesModes modes) {
    return modes == AesModes::native ? std::array<Byte, 3>{0xFF, 0x06, 0x06}
                                     : std::array<Byte, 3>{0x00, 0x04, 0x00};
}

}  // namespace

struct HsmCard::Instruction {
    Byte ins;
    Response (HsmCard::*handler)(const Command&);
};

const HsmCard::Instruction* HsmCard::find_instruction(Byte ins) {
    static constexpr Instruction instructions[] = {
        {0x20, &HsmCard::verify},
        {0x24, &HsmCard::change_reference_data},
        {0x2C, &HsmCard::reset_retry_counter},
        {0x46, &HsmCard::generate_pair},
        {0x48, &HsmCard::generate_symmetric},
        {0x50, &HsmCard::initialize},
        {0x52, &HsmCard::manage_domain},
        {0x58, &HsmCard::enumerate},
        {0x62, &HsmCard::decipher},
        {0x68, &HsmCard::sign},
        {0x72, &HsmCard::wrap},
        {0x74, &HsmCard::unwrap},
        {0x78, &HsmCard::symmetric},
        {0x84, &HsmCard::get_challenge},
        {0xA4, &HsmCard::select_by_identifier},
        {0xB1, &HsmCard::read_binary},
        {0xD7, &HsmCard::update_binary},
        {0xE4, &HsmCard::delete_file},
    };
    const auto* const found = std::ranges::find(instructions, ins, &Instruction::ins);
    return found == std::end(instructions) ? nullptr : found;
}

/// Makes the application the selected one, with nothing given yet.
void HsmCard::start() {
    reset();
    m_volatile.sealing_key = state().sealing_key;
}

void HsmCard::begin() {
    // Another process may have initialised the card, which gave it another sealing key: nothing of before
    // counts.
    if (m_volatile.sealing_key != state().sealing_key) {
        start();
    }
}

Response HsmCard::dispatch(const Command& command) {
    const Instruction* const instruction = find_instruction(command.ins);
    require(instruction != nullptr, status::unknown_instruction);
    return (this->*instruction->handler)(command);
}

Response HsmCard::execute(const Command& command) {
    Response response = guarded([&] { return dispatch(command); });
    if (m_volatile.verified.empty()) {
        m_volatile.unlocked.reset();
    }
    return response;
}

/// SELECT by name (ISO/IEC 7816-4, 11.2.2) logs out. The control parameters tell in 85: options, kind of
/// card, version.
Response HsmCard::select(const Command& command) {
    require(command.p2 == 0x00 || command.p2 == hsm_no_answer, status::wrong_parameters);
    start();
    if (command.p2 == hsm_no_answer) {
        return {};
    }
    constexpr Byte directory_file[] = {0x38};
    constexpr Byte operational[] = {0x05};
    constexpr Byte root[] = {hsm_file::root >> 8, hsm_file::root & 0xFF};
    Bytes proprietary{static_cast<Byte>(state().options >> 8), static_cast<Byte>(state().options & 0xFF)};
    append(proprietary, hsm_version_of(state().modes));
    return {BasicTlvWriter<SecretBytes>()
                .nest(0x62,
                      [&](auto& out) {
                          out.put(0x82, directory_file).put(0x83, root).put(0x84, hsm_application_id);
                          out.put(0x8A, operational).put(0x85, proprietary);
                      })
                .take()};
}

/// GET CHALLENGE (ISO/IEC 7816-4, 11.5.3): as many random bytes as the host asks for.
Response HsmCard::get_challenge(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    require(command.data.empty() && command.expected <= longest_challenge, status::wrong_length);
    Response response{SecretBytes(command.expected)};
    crypto::random_bytes(response.data);
    return response;
}

}  // namespace jeton::softcard
