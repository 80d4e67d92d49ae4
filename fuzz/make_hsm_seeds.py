#!/usr/bin/env python3
"""make_hsm_seeds.py: writes the seeds of fuzz_hsm_applet, as make_seeds.py does those of the PIV applet. Files and requests
are those of recorded cards (tests/transcripts)."""

from pathlib import Path

import make_seeds as seeds
from make_seeds import ANY, APPLET, EXTENDED, OK, status, tlv

SHORTENED = 0x08
VERIFY, CHANGE, UNBLOCK, GENERATE, INITIALIZE, ENUMERATE = 0x20, 0x24, 0x2C, 0x46, 0x50, 0x58
GENERATE_SECRET, ENCIPHER = 0x48, 0x78
DECIPHER, SIGN, SELECT, READ, WRITE, DELETE = 0x62, 0x68, 0xA4, 0xB1, 0xD7, 0xE4

RECORDS = Path(__file__).resolve().parent.parent / "tests" / "transcripts"


def generated(name):
    """generated gives the request that the recorded card answered to GENERATE ASYMMETRIC KEY PAIR."""
    lines = (RECORDS / f"picohsm-keygen-{name}.apdu").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("> 0046"))
    return bytes.fromhex(lines[at + 1][2:])[:-2]


RSA_REQUEST, EC_REQUEST = generated("rsa2048"), generated("ec")
RSA_PRKD = bytes.fromhex("3028300e0c05525341326b030206c0040101300a04010103020470020101a10a300830020400020208 00".replace(" ", ""))
EC_PRKD = bytes.fromhex("a029300e0c054543323536030206c0040101300b0401020303073080020102a10a30083002040002020100")
# With the access flags of a key that was made on the card.
LOCAL_PRKD = tlv(0xA0, tlv(0x30, tlv(0x0C, b"made"), tlv(0x03, b"\x06\xC0"), tlv(0x04, b"\x01")),
                 tlv(0x30, tlv(0x04, b"\x02"), tlv(0x03, b"\x07\x30\x80"), tlv(0x03, b"\x03\xB8"), tlv(0x02, b"\x02")),
                 tlv(0xA1, tlv(0x30, tlv(0x30, tlv(0x04, b"")), tlv(0x02, b"\x01\x00"))))
SKD = bytes.fromhex("a81f300a0c0361657304010103020640300504010303010ba10a300830020400020201 00".replace(" ", ""))
# With the length among the attributes of the class, and the bit that says that the card made the key.
LONG_SKD = tlv(0xA8, tlv(0x30, tlv(0x0C, b"box")), tlv(0x30, tlv(0x04, b"\x05"), tlv(0x03, b"\x01\xE2"), tlv(0x03, b"\x03\xB8")),
               tlv(0xA0, tlv(0x30, tlv(0x02, b"\x01\x00"))), tlv(0xA1, tlv(0x30, tlv(0x30, tlv(0x04, b"")))))
CD = tlv(0x30, tlv(0x30, tlv(0x0C, b"ca")), tlv(0x30, tlv(0x04, b"\x09")), tlv(0xA1, tlv(0x30, tlv(0x30, tlv(0x04, b"\xCA\x00")))))
DCOD = tlv(0x30, tlv(0x30, tlv(0x0C, b"data"), tlv(0x04, b"\x01")), tlv(0x30, tlv(0x0C, b"app"), tlv(0x06, b"\x2A\x03")),
           tlv(0xA1, tlv(0x30, tlv(0x04, b"\xCF\x00"))))
DEVICE = tlv(0x7F21, tlv(0x7F4E, tlv(0x5F20, b"ESPICOHSMTR00001"))) + OK
INFO = tlv(0x30, tlv(0x80, b"label")) + OK

IDENTITY = [(SELECT, ANY, [OK]), (READ, 0x2F, [DEVICE, INFO])]
TAKEN = [(VERIFY, ANY, [OK]), (CHANGE, ANY, [OK]), (UNBLOCK, ANY, [OK]), (WRITE, ANY, [OK]), (DELETE, ANY, [OK]), (INITIALIZE, ANY, [OK])]
RESULTS = [(SIGN, 0x20, [bytes(256) + OK]), (SIGN, 0x70, [seeds.SIGNATURE + OK]), (DECIPHER, 0x21, [bytes(256) + OK]),
           (DECIPHER, 0x80, [b"\x04" + bytes(64) + OK])]
SECRET_RESULTS = [(ENCIPHER, 0x10, [bytes(32) + OK]), (ENCIPHER, 0x11, [bytes(32) + OK]), (ENCIPHER, 0x18, [bytes(16) + OK]),
                  (GENERATE_SECRET, ANY, [OK, OK, OK])]


def files(*numbers):
    return (ENUMERATE, ANY, [bytes.fromhex("".join(numbers)) + OK])


ROWS = [
    ("version", APPLET, [(SELECT, ANY, [tlv(0x62, tlv(0x85, bytes.fromhex("0000FF0606"))) + OK]), (READ, 0x2F, [DEVICE, INFO])]),
    ("version-cut", APPLET, [(SELECT, ANY, [tlv(0x62, tlv(0x85, b"\x06")) + OK]), (READ, 0x2F, [DEVICE, INFO])]),
    ("refuses-all", APPLET, [(SELECT, ANY, [status(0x6A82)])]),
    ("breaks-down", APPLET, [(SELECT, ANY, [status(0x6F00)])]),
    ("no-files", APPLET, [*IDENTITY, files(), *TAKEN]),
    ("half-an-entry", APPLET, [*IDENTITY, files("CC"), *TAKEN]),
    ("list-refused", APPLET, [*IDENTITY, (ENUMERATE, ANY, [status(0x6982)])]),
    ("no-device", APPLET, [(SELECT, ANY, [OK]), (READ, 0x2F, [tlv(0x7F21, b"") + OK, OK])]),
    ("keys", APPLET, [*IDENTITY, files("CC00", "CC01", "CC02", "CC03", "C401", "C402", "C403", "CE01", "CE02"),
                      (READ, 0xC4, [RSA_PRKD + OK, EC_PRKD + OK, SKD + OK]),
                      (READ, 0xCE, [RSA_REQUEST + OK, RSA_REQUEST + OK, EC_REQUEST + OK]), *RESULTS, *TAKEN]),
    ("keys-extended", EXTENDED, [*IDENTITY, files("CC01", "CC02", "C401", "C402"), (READ, 0xC4, [RSA_PRKD + OK, EC_PRKD + OK]),
                                 (READ, 0xCE, [EC_REQUEST + OK, RSA_REQUEST + OK]), *RESULTS, *TAKEN]),
    ("keys-in-parts", APPLET, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [RSA_PRKD + OK]),
                               (READ, 0xCE, [RSA_REQUEST[:256] + OK, RSA_REQUEST[256:512] + OK, RSA_REQUEST[512:] + OK])]),
    ("keys-shortened", APPLET | SHORTENED, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [RSA_PRKD + OK]), (READ, 0xCE, [EC_REQUEST + OK])]),
    ("secret-keys", APPLET, [*IDENTITY, files("CC03", "C403"), (READ, 0xC4, [SKD + OK]), *SECRET_RESULTS, *TAKEN]),
    ("secret-keys-of-another-form", EXTENDED, [*IDENTITY, files("CC03", "C403"), (READ, 0xC4, [LONG_SKD + OK]), *SECRET_RESULTS, *TAKEN]),
    ("secret-keys-refused", APPLET, [*IDENTITY, files("CC03"), (ENCIPHER, 0x10, [bytes(31) + OK]), (ENCIPHER, ANY, [status(0x6984)]),
                                     (GENERATE_SECRET, ANY, [status(0x6A89)])]),
    ("key-made-here", EXTENDED, [*IDENTITY, files("CC02", "C402", "CE02"), (READ, 0xC4, [LOCAL_PRKD + OK]), (READ, 0xCE, [EC_REQUEST + OK]),
                                 *RESULTS, *TAKEN]),
    ("key-description-refused", APPLET, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [status(0x6982)]), (READ, 0xCE, [EC_REQUEST + OK])]),
    ("key-description-breaks-down", APPLET, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [status(0x6F00)])]),
    ("key-description-empty", APPLET, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [b"\x30\x00" + OK]), (READ, 0xCE, [EC_REQUEST + OK])]),
    ("key-results-odd", EXTENDED, [*IDENTITY, files("CC01", "CC02"), (READ, 0xCE, [EC_REQUEST + OK, RSA_REQUEST + OK]), (SIGN, ANY, [bytes(3) + OK]),
                                   (DECIPHER, ANY, [b"\x04" + bytes(63) + OK])]),
    ("key-without-description", APPLET, [*IDENTITY, files("CC07"), (READ, 0xCE, [EC_REQUEST + OK])]),
    ("key-with-certificate", APPLET, [*IDENTITY, files("CC01", "C401"), (READ, 0xC4, [RSA_PRKD + OK]),
                                      (READ, 0xCE, [seeds.RSA_CERTIFICATE + OK]), *RESULTS, *TAKEN]),
    ("key-hidden", APPLET, [*IDENTITY, files("CC01"), (READ, 0xCE, [status(0x6982)])]),
    ("key-used-up", EXTENDED, [*IDENTITY, files("CC01"), (READ, 0xCE, [EC_REQUEST + OK]), (SIGN, ANY, [status(0x6A84)])]),
    ("generated", EXTENDED, [*IDENTITY, files(), (GENERATE, ANY, [EC_REQUEST + OK, RSA_REQUEST + OK, EC_REQUEST + OK]), *TAKEN]),
    ("generated-refused", EXTENDED, [*IDENTITY, files(), (GENERATE, ANY, [status(0x6985)]), *TAKEN]),
    ("objects", APPLET, [*IDENTITY, files("C800", "CA00", "C900", "CD00", "C901", "CF01"), (READ, 0xC8, [CD + OK]), (READ, 0xC9, [DCOD + OK]),
                         (READ, 0xCA, [seeds.EC_CERTIFICATE + OK]), (READ, 0xCD, [bytes(256) + OK, b"end" + status(0x6282)]),
                         (READ, 0xCF, [bytes(256) + OK, status(0x6B00)]), *TAKEN]),
    ("objects-malformed", APPLET, [*IDENTITY, files("C800", "C900"), (READ, 0xC8, [b"\x30\x80" + OK]), (READ, 0xC9, [b"\x30\x02\x0C\x00" + OK])]),
    ("objects-long-header", APPLET, [*IDENTITY, files("C800"), (READ, 0xC8, [b"\x30\x84\xFF\xFF\xFF\xFF" + OK])]),
    ("objects-cut-header", APPLET, [*IDENTITY, files("C800"), (READ, 0xC8, [b"\x7F\x21" + OK])]),
    ("objects-endless", APPLET, [*IDENTITY, files("C901", "CF01"), (READ, 0xC9, [DCOD + OK]), (READ, 0xCF, [bytes(256) + OK])]),
    ("pins-wrong", APPLET, [*IDENTITY, (VERIFY, ANY, [status(0x63C2)]), (CHANGE, ANY, [status(0x63C1)]), (UNBLOCK, ANY, [status(0x6983)])]),
    ("pins-verified", APPLET, [*IDENTITY, *TAKEN]),
    ("pins-missing", APPLET, [*IDENTITY, (VERIFY, ANY, [status(0x6A88)]), (INITIALIZE, ANY, [status(0x6A80)])]),
    ("pins-odd", APPLET, [*IDENTITY, (VERIFY, ANY, [status(0x6700)])]),
]

if __name__ == "__main__":
    seeds.write("hsm_applet", ROWS)
