#!/usr/bin/env python3
"""Makes an AES key on the first card, one that never leaves it, and seals and opens a message with it.

Needs python3-pykcs11 and a card that makes AES keys, such as a software card of `jeton softcard create NAME --applet
sc-hsm`. The PIN is asked for, or taken from the variable PIN. Usage: card_aes_gcm.py MODULE (libjeton-pkcs11.so)
"""

import getpass
import os
import sys

import PyKCS11
from PyKCS11 import (CKA_CLASS, CKA_DECRYPT, CKA_ENCRYPT, CKA_EXTRACTABLE, CKA_KEY_TYPE, CKA_LABEL, CKA_PRIVATE,
                     CKA_SENSITIVE, CKA_TOKEN, CKA_VALUE_LEN, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKK_AES,
                     CKM_AES_KEY_GEN, CKO_SECRET_KEY)

lib = PyKCS11.PyKCS11Lib()
lib.load(sys.argv[1])
session = lib.openSession(lib.getSlotList(tokenPresent=True)[0], CKF_SERIAL_SESSION | CKF_RW_SESSION)
session.login(os.environ.get("PIN") or getpass.getpass("PIN: "))

key = session.generateKey([
    (CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_VALUE_LEN, 32), (CKA_TOKEN, True),
    (CKA_PRIVATE, True), (CKA_SENSITIVE, True), (CKA_EXTRACTABLE, False), (CKA_ENCRYPT, True), (CKA_DECRYPT, True),
    (CKA_LABEL, "backup key"),
], PyKCS11.Mechanism(CKM_AES_KEY_GEN, None))
nonce = os.urandom(12)  # never the same twice with one key
gcm = PyKCS11.AES_GCM_Mechanism(nonce, b"header", 128)

plain = b"attack at dawn"
sealed = bytes(session.encrypt(key, plain, gcm))
assert bytes(session.decrypt(key, sealed, gcm)) == plain

damaged = bytes([sealed[0] ^ 1]) + sealed[1:]
try:
    session.decrypt(key, damaged, gcm)
    sys.exit("a damaged message was decrypted")
except PyKCS11.PyKCS11Error:
    pass
print(f"AES-GCM with a key on the card: {len(plain)} bytes sealed to {len(sealed)}, opened again, a damaged copy refused")
