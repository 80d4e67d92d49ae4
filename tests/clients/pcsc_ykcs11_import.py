#!/usr/bin/env python3
"""pcsc_ykcs11_import.py MODULE SO-PIN DIRECTORY: through the PKCS#11 module, imports an EC key as 05 and an RSA key as 06, and
writes their public keys to DIRECTORY/public-05.pem and public-06.pem. (pkcs11-tool's template for that has attributes that ykcs11
does not know; and ykcs11 knows the key's public half in the next process only.)"""

import sys
from pathlib import Path

import PyKCS11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PyKCS11 import (CKA_CLASS, CKA_COEFFICIENT, CKA_EC_PARAMS, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_ID, CKA_KEY_TYPE, CKA_PRIME_1,
                     CKA_PRIME_2, CKA_PUBLIC_EXPONENT, CKA_VALUE, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKK_EC, CKK_RSA,
                     CKO_PRIVATE_KEY, CKU_SO)

P256 = bytes.fromhex("06082A8648CE3D030107")


def number(value, length):
    return list(value.to_bytes(length, "big"))


def main():
    module, so_pin, directory = sys.argv[1:]
    library = PyKCS11.PyKCS11Lib()
    library.load(module)
    session = library.openSession(library.getSlotList(tokenPresent=True)[0], CKF_SERIAL_SESSION | CKF_RW_SESSION)
    session.login(so_pin, CKU_SO)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    session.createObject([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_KEY_TYPE, CKK_EC), (CKA_ID, [5]), (CKA_EC_PARAMS, list(P256)),
                          (CKA_VALUE, number(ec_key.private_numbers().private_value, 32))])
    rsa_key = rsa.generate_private_key(65537, 2048)
    parts = rsa_key.private_numbers()
    session.createObject([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_KEY_TYPE, CKK_RSA), (CKA_ID, [6]),
                          (CKA_PUBLIC_EXPONENT, [1, 0, 1]), (CKA_PRIME_1, number(parts.p, 128)),
                          (CKA_PRIME_2, number(parts.q, 128)), (CKA_EXPONENT_1, number(parts.dmp1, 128)),
                          (CKA_EXPONENT_2, number(parts.dmq1, 128)), (CKA_COEFFICIENT, number(parts.iqmp, 128))])
    for key_id, key in ("05", ec_key), ("06", rsa_key):
        Path(directory, f"public-{key_id}.pem").write_bytes(
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


if __name__ == "__main__":
    main()
