// AES-CMAC (NIST SP 800-38B; RFC 4493).
#pragma once

#include "util/bytes.hpp"

namespace jeton::crypto {

/// aes_cmac gives the 16 bytes of the code over |message|, which may be empty. Throws Error for a key that
/// has not 16, 24 or 32 bytes.
Bytes aes_cmac(View key, View message);

}  // namespace jeton::crypto
