// The PKCS#11 header and our additions, with the C_* functions marked as the only symbols that this library
// shows.
#pragma once

#define CK_EXPORT __attribute__((visibility("default")))
#include "pkcs11.h"
#include "pkcs11_jeton.h"
