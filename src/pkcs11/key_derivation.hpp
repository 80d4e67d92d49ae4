// C_DeriveKey: a card key and another party's public key agree on a secret session key (PKCS#11 3.2, 6.3.17
// and 6.3.18).
#pragma once

#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// derive_key gives the handle of the new key. MECHANISM_PARAM_INVALID for a point that is not on the key's
/// curve, and for one that makes a secret of zeros alone (RFC 7748, 6.1).
CK_OBJECT_HANDLE derive_key(Session& session, const CK_MECHANISM& mechanism, CK_OBJECT_HANDLE base_key,
                            const Template& given);

}  // namespace jeton::pkcs11
