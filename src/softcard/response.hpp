// What the card answers: data and a status word (ISO/IEC 7816-4, 5.6).
#pragma once

#include <cstdint>
#include <exception>

#include "util/secret.hpp"

namespace jeton::softcard {

using StatusWord = std::uint16_t;

namespace status {
inline constexpr StatusWord ok = 0x9000;
inline constexpr Byte warning = 0x62;             ///< SW1 of status words that data may come with
inline constexpr StatusWord more_data = 0x6100;   ///< + the number of bytes that wait, 00 for 256 or more
inline constexpr StatusWord tries_left = 0x63C0;  ///< + the number of tries
inline constexpr StatusWord terminated = 0x6285;
inline constexpr StatusWord memory_failure = 0x6581;
inline constexpr StatusWord not_touched = 0x6600;  ///< OpenPGP card 3.4.1, 7.1: a security-related error
inline constexpr StatusWord wrong_length = 0x6700;
inline constexpr StatusWord security_not_satisfied = 0x6982;
inline constexpr StatusWord blocked = 0x6983;
inline constexpr StatusWord conditions_not_satisfied = 0x6985;
inline constexpr StatusWord wrong_data = 0x6A80;
inline constexpr StatusWord not_found = 0x6A82;
inline constexpr StatusWord no_room = 0x6A84;
inline constexpr StatusWord wrong_parameters = 0x6A86;
inline constexpr StatusWord reference_not_found = 0x6A88;
inline constexpr StatusWord unknown_instruction = 0x6D00;
inline constexpr StatusWord unknown_class = 0x6E00;
inline constexpr StatusWord no_diagnosis = 0x6F00;
}  // namespace status

struct Response {
    SecretBytes data;  ///< with 9000 and 62xx alone
    StatusWord status = status::ok;
};

/// Refusal ends a command with a status word other than 9000. Only guarded()
/// catches it.
class Refusal final : public std::exception {
  public:
    explicit Refusal(StatusWord status_word) : m_status(status_word) {}
    StatusWord status() const { return m_status; }
    const char* what() const noexcept override { return "the card refuses the command"; }

  private:
    StatusWord m_status;
};

/// require ends the command with |otherwise| unless |condition| holds.
inline void require(bool condition, StatusWord otherwise) {
    if (!condition) {
        throw Refusal(otherwise);
    }
}

}  // namespace jeton::softcard
