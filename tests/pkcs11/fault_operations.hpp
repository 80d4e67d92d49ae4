// What users do, each as a row: how the session gets there, what is done while the reader breaks, and what
// must hold when it works again.
#pragma once

#include <span>

#include "pkcs11/fault_bench.hpp"

namespace jeton::test {

struct Operation {
    const char* name;

    /// Finding: no token is known before. Looking: the first message looks whether the token is still there.
    enum class Kind { usual, finding, looking };
    Kind kind = Kind::usual;

    void (*prepare)(Bench&);
    CK_RV (*run)(Bench&);

    /// check runs after the fault has ended, in a new session in which the user is logged in; |rv| is what
    /// run gave. It looks for what is half done, and makes a second try where the first one failed. It
    /// throws std::runtime_error.
    void (*check)(Bench&, CK_RV rv) = nullptr;

    const char* card = "card";
    const char* exchange = "extended-apdu";
};

std::span<const Operation> operations();

}  // namespace jeton::test
