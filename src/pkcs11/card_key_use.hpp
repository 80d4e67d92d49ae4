// What an operation remembers of the key pair on the card that it works with.
#pragma once

#include <cstddef>
#include <optional>

namespace jeton::pkcs11 {

/// CardKeyUse says which private key an operation works with, by its index in the card's layout, and whether
/// it waits for C_Login(CKU_CONTEXT_SPECIFIC).
struct CardKeyUse {
    std::size_t index = 0;
    bool always_authenticate = false;
    bool authenticated = false;
};

/// CardKeyOperation is the part of an operation that C_Login(CKU_CONTEXT_SPECIFIC) is about; without a |use|
/// it never waits.
class CardKeyOperation {
  public:
    explicit CardKeyOperation(std::optional<CardKeyUse> use) : m_use(use) {}

    bool needs_login() const { return always_authenticates() && !m_use->authenticated; }
    bool always_authenticates() const { return m_use && m_use->always_authenticate; }
    std::size_t key_index() const { return m_use->index; }
    void set_authenticated() { m_use->authenticated = true; }

  private:
    std::optional<CardKeyUse> m_use;
};

}  // namespace jeton::pkcs11
