#!/usr/bin/env python3
"""card_aes.py MODULE gcm|modes: AES with a key that stays on an OpenPGP card, through PyKCS11, against python3-cryptography,
which has the same key: `gcm` brings it and does AES-GCM of 1 to 65536 bytes (PyKCS11 takes no empty message), `modes` does
CBC, ECB, CTR and CMAC. Ends at the first thing that is wrong.
"""

import os
import struct
import sys

import PyKCS11
from PyKCS11 import *  # the constants
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

PIN, ADMIN_PIN = "123456", "12345678"
KEY = bytes(range(32))
BLOCK = 16


def sealed_elsewhere(iv, aad, tag_bytes, plain):
    encryptor = Cipher(algorithms.AES(KEY), modes.GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag[:tag_bytes]


def encrypted_elsewhere(mode, plain):
    encryptor = Cipher(algorithms.AES(KEY), mode).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def aes_keys(session):
    return session.findObjects([(CKA_CLASS, CKO_SECRET_KEY), (CKA_TOKEN, True)])


def bring_key(session):
    """The officer writes the key; the user has seen that there was none."""
    session.login(PIN)
    assert not aes_keys(session)
    session.logout()
    session.login(ADMIN_PIN, CKU_SO)
    session.createObject([(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_TOKEN, True), (CKA_VALUE, KEY)])
    session.logout()


def check_gcm(session, key):
    count = 0
    for size in (1, 15, 16, 17, 1000, 4096, 65536):
        for iv_bytes, aad_bytes, tag_bits in ((12, 0, 128), (8, 20, 96), (16, 1, 104), (64, 300, 120)):
            if size > 4096 and iv_bytes != 12:
                continue
            iv, aad, plain = os.urandom(iv_bytes), os.urandom(aad_bytes), os.urandom(size)
            mechanism = PyKCS11.AES_GCM_Mechanism(iv, aad, tag_bits)
            expected = sealed_elsewhere(iv, aad, tag_bits // 8, plain)
            assert bytes(session.encrypt(key, plain, mechanism)) == expected, (size, iv_bytes)
            assert bytes(session.decrypt(key, expected, mechanism)) == plain, (size, iv_bytes)
            forged = expected[:-1] + bytes([expected[-1] ^ 1])
            try:
                session.decrypt(key, forged, mechanism)
                sys.exit("a forged message was decrypted")
            except PyKCS11.PyKCS11Error as error:
                assert error.value == CKR_ENCRYPTED_DATA_INVALID, error
            count += 1
    return count


def check_other_modes(session, key):
    iv = os.urandom(BLOCK)
    for blocks in (1, 2, 100):
        plain = os.urandom(blocks * BLOCK)
        for mechanism, mode in ((Mechanism(CKM_AES_ECB), modes.ECB()), (Mechanism(CKM_AES_CBC, iv), modes.CBC(iv)),
                                (Mechanism(CKM_AES_CTR, struct.pack("@L", 128) + iv), modes.CTR(iv))):
            expected = encrypted_elsewhere(mode, plain)
            assert bytes(session.encrypt(key, plain, mechanism)) == expected
            assert bytes(session.decrypt(key, expected, mechanism)) == plain
        code = CMAC(algorithms.AES(KEY))
        code.update(plain)
        assert bytes(session.sign(key, plain, Mechanism(CKM_AES_CMAC))) == code.finalize()


def check_that_modes_stay_apart(session, key):
    try:
        session.encrypt(key, bytes(BLOCK), Mechanism(CKM_AES_ECB))
        sys.exit("ECB was allowed with a key that is used for GCM")
    except PyKCS11.PyKCS11Error as error:
        assert error.value == CKR_KEY_FUNCTION_NOT_PERMITTED, error


def main():
    lib = PyKCS11.PyKCS11Lib()
    lib.load(sys.argv[1])
    session = lib.openSession(lib.getSlotList(tokenPresent=True)[0], CKF_SERIAL_SESSION | CKF_RW_SESSION)
    if sys.argv[2] == "gcm":
        bring_key(session)
    session.login(PIN)
    (key,) = aes_keys(session)
    if sys.argv[2] == "gcm":
        print(f"{check_gcm(session, key)} messages with AES-GCM")
        check_that_modes_stay_apart(session, key)
    else:
        check_other_modes(session, key)
    print("card_aes: OK")


main()
