// A PKCS#11 module and one logged-in user, as a plain application has them; for programs in the guest.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "pkcs11.h"

#include "util/bytes.hpp"
#include "util/deadline.hpp"

namespace jeton::test {

/// CkError says which function gave what.
class CkError final : public std::runtime_error {
  public:
    CkError(const std::string& function, CK_RV rv);
    CK_RV rv() const { return m_rv; }

  private:
    CK_RV m_rv;
};

/// GuestModule is the loaded and initialised module.
class GuestModule {
  public:
    explicit GuestModule(const std::string& path);
    ~GuestModule();
    GuestModule(const GuestModule&) = delete;  // it is finalised once
    GuestModule& operator=(const GuestModule&) = delete;

    CK_FUNCTION_LIST* operator->() const { return m_functions; }
    std::vector<CK_SLOT_ID> slots(bool with_token) const;
    std::string slot_name(CK_SLOT_ID slot) const;

    /// state of what is in the slot: "no card", "card LABEL", or the name of the error.
    std::string state(CK_SLOT_ID slot) const;

  private:
    CK_FUNCTION_LIST* m_functions = nullptr;
};

/// GuestToken is a session on the first token. Its methods throw CkError.
class GuestToken {
  public:
    explicit GuestToken(const std::string& module);

    void login(const std::string& pin);

    /// sign makes one SHA-256 RSA signature with the key of CKA_ID 01; check compares all that were made with
    /// the public key.
    void sign();
    void check();

    GuestModule& module() { return m_module; }

  private:
    CK_OBJECT_HANDLE find(CK_OBJECT_CLASS object_class);

    GuestModule m_module;
    CK_SESSION_HANDLE m_session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE m_private = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE m_public = CK_INVALID_HANDLE;
    std::vector<Bytes> m_signatures;
};

}  // namespace jeton::test
