// What a card can refuse, and the commands that it can refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "card/status_word.hpp"

namespace jeton::card {

/// Verb is the class of a command; together with the status word it gives an error its meaning.
enum class Verb {
    select,
    read,
    verify,
    change_pin,
    unblock,
    authenticate,
    sign,
    encrypt,
    decipher,
    decrypt_aead,
    derive,
    generate,
    import_key,
    write,
    erase,
    initialize
};

class Error final : public std::runtime_error {
  public:
    enum class Kind {
        status,         ///< the card answered a status word: status()
        malformed,      ///< the card's answer is not what the standard allows
        swapped,        ///< another card is in the reader now
        not_logged_in,  ///< the login is gone (reset by somebody else, and the PIN policy does not let us
                        ///< repeat it)
        needs_admin,    ///< the management key is needed and not known: log in as SO
        unsupported,    ///< the card, by its profile, does not do this
        pin_form,       ///< length or characters of a PIN are outside the profile's rule; nothing was sent
        too_large,      ///< more data than the card or the object takes; nothing was sent
    };

    Error(Kind kind, Verb verb, const std::string& what)
        : std::runtime_error(what), m_kind(kind), m_verb(verb) {}

    /// An Error of Kind::status.
    Error(Verb verb, StatusWord status, const std::string& what)
        : std::runtime_error(what), m_kind(Kind::status), m_verb(verb), m_status(status) {}

    Kind kind() const { return m_kind; }
    Verb verb() const { return m_verb; }
    StatusWord status() const { return m_status; }

    /// meaning is the return value of PKCS#11 that the profile gives to the status word; nullopt: the usual
    /// one.
    std::optional<std::uint32_t> meaning() const { return m_meaning; }
    void set_meaning(std::uint32_t value) { m_meaning = value; }

  private:
    Kind m_kind;
    Verb m_verb;
    StatusWord m_status{};
    std::optional<std::uint32_t> m_meaning;
};

/// is_about_pin tells commands that compare or change a secret.
constexpr bool is_about_pin(Verb verb) {
    return verb == Verb::verify || verb == Verb::change_pin || verb == Verb::unblock ||
           verb == Verb::authenticate || verb == Verb::initialize;
}

/// is_refusal tells that the card compared a secret and found it wrong, or does not compare any more.
inline bool is_refusal(const Error& error) {
    return error.kind() == Error::Kind::status &&
           (tries_left(error.status()) || error.status().sw1() == 0x63);
}

}  // namespace jeton::card
