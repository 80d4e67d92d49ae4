#!/usr/bin/env python3
"""Encrypts and decrypts with AES-GCM in a session of the first card; no login is needed for session keys.

Needs python3-pykcs11. Usage: aes_gcm.py MODULE (the path of libjeton-pkcs11.so)
"""

import os
import sys

import PyKCS11
from PyKCS11 import (CKA_CLASS, CKA_DECRYPT, CKA_ENCRYPT, CKA_KEY_TYPE, CKA_TOKEN, CKA_VALUE, CKK_AES, CKO_SECRET_KEY)

lib = PyKCS11.PyKCS11Lib()
lib.load(sys.argv[1])
session = lib.openSession(lib.getSlotList(tokenPresent=True)[0])

key = session.createObject([
    (CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_TOKEN, False),
    (CKA_ENCRYPT, True), (CKA_DECRYPT, True), (CKA_VALUE, os.urandom(32)),
])
nonce = os.urandom(12)  # never the same twice with one key
gcm = PyKCS11.AES_GCM_Mechanism(nonce, b"header", 128)

plain = b"attack at dawn"
sealed = bytes(session.encrypt(key, plain, gcm))
opened = bytes(session.decrypt(key, sealed, gcm))
assert opened == plain and len(sealed) == len(plain) + 16

damaged = bytes([sealed[0] ^ 1]) + sealed[1:]
try:
    session.decrypt(key, damaged, gcm)
    sys.exit("a damaged message was decrypted")
except PyKCS11.PyKCS11Error:
    pass
print(f"AES-GCM: {len(plain)} bytes sealed to {len(sealed)}, opened again, a damaged copy refused")
