#!/usr/bin/env python3
"""make_openpgp_seeds.py: writes the seeds of fuzz_openpgp_applet, as make_seeds.py does those of the PIV applet."""

import make_seeds as seeds
from make_seeds import ANY, APPLET, CARD, EXTENDED, OK, status, tlv

EMPTY_VERIFY = 0x04
SHORTENED = 0x08
DECRYPTION, AUTHENTICATION = 0x20, 0x40
VERIFY, CHANGE, OPERATION, UNBLOCK, ACTIVATE, GENERATE = 0x20, 0x24, 0x2A, 0x2C, 0x44, 0x47
AUTHENTICATE, SELECT, SELECT_DATA, GET_DATA, PUT_DATA, IMPORT, TERMINATE = 0x88, 0xA4, 0xA5, 0xCA, 0xDA, 0xDB, 0xE6
PW1, PW3 = 0x81, 0x83

AID = bytes.fromhex("D2760001240103040006123456780000")
RSA_2048 = bytes.fromhex("010800002000")
RSA_CRT = bytes.fromhex("010800002003")
P256 = bytes.fromhex("132A8648CE3D030107")
P256_WITH_POINT = P256 + b"\xFF"
ED25519 = bytes.fromhex("162B06010401DA470F01")
X25519 = bytes.fromhex("122B060104019755010501")
SALT = bytes(range(8))

SELECTED = (SELECT, ANY, [OK])
RSA_PUBLIC = tlv(0x7F49, seeds.RSA_KEY) + OK
EC_PUBLIC = tlv(0x7F49, seeds.EC_KEY) + OK
OKP_PUBLIC = tlv(0x7F49, tlv(0x86, b"\x40" + bytes([9]) + bytes(31))) + OK


def application(attributes=(RSA_2048, RSA_2048, RSA_2048), capabilities="7F00080008000800FF01", pins="017F7F7F030303",
                fingerprints=b"\x11" * 60, information=b"\x01\x01\x02\x02\x03\x00", aid=AID):
    fields = [tlv(0xC0, bytes.fromhex(capabilities))]
    fields += [tlv(0xC1 + i, one) for i, one in enumerate(attributes)]
    fields += [tlv(0xC4, bytes.fromhex(pins)), tlv(0xC5, fingerprints), tlv(0xDE, information)]
    return tlv(0x6E, tlv(0x4F, aid), tlv(0x5F52, bytes(10)), tlv(0x73, *fields)) + OK


def kdf(algorithm=3, hash_number=8, octets=1000, *salts):
    return (tlv(0x81, bytes([algorithm])) + tlv(0x82, bytes([hash_number])) + tlv(0x83, octets.to_bytes(4, "big"))
            + b"".join(salts) + OK)


def card(*answers, **data):
    return [SELECTED, (GET_DATA, 0x6E, [application(**data)]), *answers]


TAKEN = [(VERIFY, ANY, [OK]), (CHANGE, ANY, [OK]), (UNBLOCK, ANY, [OK]), (PUT_DATA, ANY, [OK]), (IMPORT, ANY, [OK])]

ROWS = [
    ("refuses-all", APPLET, [(SELECT, ANY, [status(0x6A82)])]),
    ("breaks-down", APPLET, [(SELECT, ANY, [status(0x6F00)])]),
    ("initialisation", APPLET, [(SELECT, ANY, [status(0x6285), OK]), (ACTIVATE, ANY, [OK])]),
    ("no-data", APPLET, [SELECTED]),
    ("no-aid", APPLET, card(aid=AID[:5])),
    ("data-at-the-top", APPLET, [SELECTED, (GET_DATA, 0x6E, [tlv(0x4F, AID) + tlv(0xC0, bytes(10)) + OK])]),
    ("shortened", APPLET | SHORTENED, card((GENERATE, ANY, [RSA_PUBLIC]), *TAKEN)),
    ("rsa", APPLET, card((GENERATE, ANY, [RSA_PUBLIC]), (OPERATION, 0x9A, [bytes(256) + OK]), (OPERATION, 0x86, [bytes(32) + OK]),
                         (AUTHENTICATE, ANY, [bytes(256) + OK]), *TAKEN)),
    ("rsa-decryption", APPLET | DECRYPTION, card((GENERATE, ANY, [RSA_PUBLIC]), (OPERATION, 0x86, [bytes(32) + OK]), *TAKEN)),
    ("rsa-authentication", APPLET | AUTHENTICATION, card((GENERATE, ANY, [RSA_PUBLIC]), (AUTHENTICATE, ANY, [bytes(256) + OK]), *TAKEN)),
    ("rsa-extended", EXTENDED, card((GENERATE, ANY, [RSA_PUBLIC]), *TAKEN)),
    ("rsa-crt", APPLET, card(*TAKEN, attributes=(RSA_CRT, RSA_CRT, RSA_CRT))),
    ("rsa-results-of-other-lengths", APPLET | DECRYPTION, card((OPERATION, 0x9A, [bytes(255) + OK]), (OPERATION, 0x86, [bytes(250) + OK]))),
    ("curves", APPLET, card((GENERATE, ANY, [EC_PUBLIC, EC_PUBLIC, EC_PUBLIC]), (OPERATION, ANY, [bytes(64) + OK]),
                            (AUTHENTICATE, ANY, [bytes(64) + OK]), *TAKEN, attributes=(P256, P256, P256_WITH_POINT))),
    ("curves-shared-point", APPLET | DECRYPTION, card((OPERATION, 0x86, [bytes(32) + OK, b"\x04" + bytes(64) + OK, bytes(31) + OK]),
                                         attributes=(P256, P256, P256))),
    ("curves-of-one-coordinate", APPLET | DECRYPTION, card((GENERATE, ANY, [OKP_PUBLIC]), (OPERATION, ANY, [bytes(64) + OK]), *TAKEN,
                                              attributes=(ED25519, X25519, ED25519))),
    ("curves-point-wanted", APPLET | AUTHENTICATION, card((GENERATE, ANY, [EC_PUBLIC]), (AUTHENTICATE, ANY, [bytes(64) + OK]), *TAKEN,
                                                          attributes=(P256, P256, P256_WITH_POINT))),
    ("attributes-fixed", APPLET, card((GENERATE, ANY, [RSA_PUBLIC]), *TAKEN, capabilities="7300080008000800FF01")),
    ("attributes-unknown", APPLET, card(attributes=(b"\x14\x01\x02", b"\x01\x08", b""))),
    ("attributes-refused", APPLET, card((PUT_DATA, ANY, [status(0x6A80)]), attributes=(P256, P256, P256))),
    ("key-cut", APPLET, card((GENERATE, ANY, [tlv(0x7F49, seeds.RSA_KEY)[:-9] + OK]), *TAKEN)),
    ("key-of-another-kind", APPLET, card((GENERATE, ANY, [EC_PUBLIC]), *TAKEN)),
    ("key-not-there", APPLET, card((GENERATE, ANY, [status(0x6A88)]))),
    ("key-breaks-down", APPLET, card((GENERATE, ANY, [status(0x6F00)]))),
    ("no-fingerprints", APPLET, card(fingerprints=bytes(60), information=b"")),
    ("fingerprints-cut", APPLET, card(fingerprints=b"\x11" * 30, information=b"\x01")),
    ("pins-taken", APPLET, card((GET_DATA, 0xC4, [bytes.fromhex("017F7F7F020103") + OK]), *TAKEN)),
    ("pins-refused", APPLET, card((VERIFY, ANY, [status(0x6982)]), (CHANGE, ANY, [status(0x63C1)]), (UNBLOCK, ANY, [status(0x6985)]),
                                  (GET_DATA, 0xC4, [bytes.fromhex("017F7F7F020100") + OK]))),
    ("pins-blocked", APPLET, card((VERIFY, ANY, [status(0x6983)]), (CHANGE, ANY, [status(0x6983)]))),
    ("pins-counters-nonsense", APPLET, card((VERIFY, ANY, [status(0x6982)]), (GET_DATA, 0xC4, [bytes.fromhex("017F7F7FFFFFFF") + OK,
                                                                                              b"\x01" + OK]))),
    ("pins-empty-verify", APPLET | EMPTY_VERIFY, card((VERIFY, PW3, [status(0x63C3)]), (VERIFY, PW1, [OK]), (VERIFY, 0x82, [status(0x6A88)]))),
    ("kdf", APPLET, card((GET_DATA, 0xF9, [kdf(3, 8, 1000, tlv(0x84, SALT), tlv(0x86, SALT))]), *TAKEN)),
    ("kdf-sha512-one-salt", APPLET, card((GET_DATA, 0xF9, [kdf(3, 10, 3, tlv(0x84, SALT))]), *TAKEN)),
    ("kdf-none", APPLET, card((GET_DATA, 0xF9, [kdf(0)]), *TAKEN)),
    ("kdf-too-long", APPLET, card((GET_DATA, 0xF9, [kdf(3, 8, 0xFFFFFFFF, tlv(0x84, SALT))]), *TAKEN)),
    ("kdf-unknown", APPLET, card((GET_DATA, 0xF9, [kdf(3, 1, 10, tlv(0x84, SALT))]), *TAKEN)),
    ("certificates", APPLET, card((SELECT_DATA, ANY, [OK]), (GET_DATA, 0x21, [seeds.RSA_CERTIFICATE + OK, tlv(0x7F21, seeds.EC_CERTIFICATE)
                                                                              + OK, bytes(20) + OK]), *TAKEN)),
    ("certificates-counted-list", APPLET, card((SELECT_DATA, ANY, [status(0x6A80), OK]), (GET_DATA, 0x21, [OK]), *TAKEN)),
    ("certificates-hidden", APPLET, card((SELECT_DATA, ANY, [status(0x6982)]))),
    ("certificates-break-down", APPLET, card((SELECT_DATA, ANY, [status(0x6F00)]))),
    ("certificates-version-2", APPLET, card(aid=AID[:6] + b"\x02\x00" + AID[8:])),
    ("certificates-small", APPLET, card((SELECT_DATA, ANY, [OK]), *TAKEN, capabilities="7F00080000100800FF01")),
    ("objects", APPLET, card((GET_DATA, 0x01, [b"one" + OK]), (GET_DATA, 0x02, [OK]), (GET_DATA, 0x03, [status(0x6982)]))),
    ("aes", APPLET, card((OPERATION, 0x80, [b"\x02" + bytes(16) + OK, b"\x02" + bytes(32) + OK]),
                         (OPERATION, 0x86, [status(0x6A80)] * 3 + [bytes(32) + OK]), *TAKEN)),
    ("aes-not-there", APPLET, card((OPERATION, 0x80, [status(0x6A88)]), *TAKEN)),
    ("aes-odd", APPLET, card((OPERATION, 0x80, [status(0x6F00), b"\x03" + bytes(32) + OK]), *TAKEN)),
    ("aes-missing", APPLET, card(*TAKEN, capabilities="7C00080008000800FF01")),
    ("as-new", APPLET, card(*TAKEN, (TERMINATE, ANY, [OK]), (ACTIVATE, ANY, [OK]))),
    ("as-new-after-blocking", APPLET, card((VERIFY, PW1, [OK, OK, OK, status(0x63C2), status(0x63C0)]),
                                           (VERIFY, PW3, [OK, OK, OK, OK, status(0x63C1), status(0x6982)]),
                                           (CHANGE, ANY, [OK]), (TERMINATE, ANY, [status(0x6985), OK]), (ACTIVATE, ANY, [OK]))),
    ("as-new-refused", APPLET, card(*TAKEN, (TERMINATE, ANY, [status(0x6D00)]))),
    ("card-rsa", CARD, [(SELECT, ANY, [status(0x6A82), status(0x6A82), OK]), (GET_DATA, 0x6E, [application()]), (GENERATE, ANY, [RSA_PUBLIC]),
                        (OPERATION, ANY, [bytes(256) + OK]), (AUTHENTICATE, ANY, [bytes(256) + OK]), *TAKEN,
                        (GET_DATA, 0xC4, [bytes.fromhex("017F7F7F030303") + OK]), (TERMINATE, ANY, [OK]), (ACTIVATE, ANY, [OK])]),
    ("card-one-signature", CARD, [(SELECT, ANY, [status(0x6A82), status(0x6A82), OK]),
                                  (GET_DATA, 0x6E, [application(pins="007F7F7F030303", attributes=(P256, P256, P256))]),
                                  (GENERATE, ANY, [EC_PUBLIC]), (OPERATION, ANY, [bytes(64) + OK]), *TAKEN]),
]

if __name__ == "__main__":
    seeds.write("openpgp_applet", ROWS)
