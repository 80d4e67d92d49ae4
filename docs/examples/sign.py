#!/usr/bin/env python3
"""Signs a text with the first RSA key of the first card and verifies the signature.

Needs python3-pykcs11. Usage: sign.py MODULE (the path of libjeton-pkcs11.so); the PIN is asked for, or stands in PIN.
"""

import getpass
import os
import sys

import PyKCS11
from PyKCS11 import CKA_CLASS, CKA_ID, CKA_KEY_TYPE, CKA_SIGN, CKK_RSA, CKM_SHA256_RSA_PKCS, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY

lib = PyKCS11.PyKCS11Lib()
lib.load(sys.argv[1])
slot = lib.getSlotList(tokenPresent=True)[0]
session = lib.openSession(slot)
session.login(os.environ.get("PIN") or getpass.getpass("PIN: "))

private_key = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_KEY_TYPE, CKK_RSA), (CKA_SIGN, True)])[0]
key_id = session.getAttributeValue(private_key, [CKA_ID])[0]
public_key = session.findObjects([(CKA_CLASS, CKO_PUBLIC_KEY), (CKA_ID, key_id)])[0]

mechanism = PyKCS11.Mechanism(CKM_SHA256_RSA_PKCS)
signature = session.sign(private_key, b"hello", mechanism)
assert session.verify(public_key, b"hello", signature, mechanism)
print(f"signed with {lib.getTokenInfo(slot).label.strip()}: {len(signature)} bytes, verified")

session.logout()
session.closeSession()
