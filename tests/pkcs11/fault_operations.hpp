// What users do, each as a row: how the session gets there, what is done while the reader breaks, and what
// must hold when it works again.
#pragma once

#include <vector>

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

    const char* card = "card";  ///< a template; where the kind of card has none of that name, the first one
    const char* exchange = "extended-apdu";
    unsigned kinds = all_faults;  ///< of cards
};

/// operations are those of the kind.
std::vector<Operation> operations(const FaultKind& kind);

}  // namespace jeton::test
