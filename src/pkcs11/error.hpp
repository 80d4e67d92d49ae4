#pragma once

#include <stdexcept>
#include <string>

#include "pkcs11/ck.hpp"

namespace jeton::pkcs11 {

/// Error is a CK_RV on its way to the application, and a sentence for the log.
class Error final : public std::runtime_error {
  public:
    Error(CK_RV rv, const std::string& sentence) : std::runtime_error(sentence), m_rv(rv) {}
    CK_RV rv() const { return m_rv; }

  private:
    CK_RV m_rv;
};

/// require throws Error(rv) unless |condition| holds.
inline void require(bool condition, CK_RV rv, const char* sentence) {
    if (!condition) {
        throw Error(rv, sentence);
    }
}

}  // namespace jeton::pkcs11
