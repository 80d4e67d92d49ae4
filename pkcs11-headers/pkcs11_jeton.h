// What jeton adds to PKCS #11: attributes that say how the card guards a new private key. Beside pkcs11.h, in
// C and C++; see docs/piv.md.
#ifndef PKCS11_JETON_H
#define PKCS11_JETON_H

#include "pkcs11.h"

// CK_ULONG, in the private key's template of C_GenerateKeyPair and C_CreateObject. The numbers are in use
// elsewhere for the same purpose, so that scripts work with both.
#define CKA_JETON_TOUCH_POLICY 0xD9554201UL
#define CKA_JETON_PIN_POLICY 0xD9554202UL

// Values of CKA_JETON_TOUCH_POLICY: the card's default; no touch; a touch for each use; one that lasts 15
// seconds.
#define CK_JETON_TOUCH_DEFAULT 0UL
#define CK_JETON_TOUCH_NEVER 1UL
#define CK_JETON_TOUCH_ALWAYS 2UL
#define CK_JETON_TOUCH_CACHED 3UL

// Values of CKA_JETON_PIN_POLICY: the key slot's default; no PIN; once a login; for each use.
#define CK_JETON_PIN_DEFAULT 0UL
#define CK_JETON_PIN_NEVER 1UL
#define CK_JETON_PIN_ONCE 2UL
#define CK_JETON_PIN_ALWAYS 3UL

#endif  // PKCS11_JETON_H
