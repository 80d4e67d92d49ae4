#!/usr/bin/env python3
"""make_iso7816_seeds.py: writes the seeds of fuzz_iso7816_applet, as make_seeds.py does those of the PIV applet."""

import make_seeds as seeds
from make_seeds import ANY, APPLET, EXTENDED, OK, status, tlv

SHORTENED = 0x08
VERIFY, CHANGE, MSE, PSO, UNBLOCK, AGREE = 0x20, 0x24, 0x22, 0x2A, 0x2C, 0x86
SELECT, READ, GET = 0xA4, 0xB0, 0xCA
END = status(0x6282)

SELECTED = [(SELECT, ANY, [tlv(0x6F, tlv(0x84, bytes.fromhex("F04E4F5445"))) + OK])]
SERIAL = [(GET, 0x5A, [tlv(0x5A, bytes.fromhex("20261126")) + OK])]
TAKEN = [(VERIFY, ANY, [OK]), (CHANGE, ANY, [OK]), (UNBLOCK, ANY, [OK]), (MSE, ANY, [OK])]


def parts(content, size=256):
    """parts are the answers to READ BINARY, by the high byte of the offset, for parts of 256 bytes."""
    return [(READ, at // size, [content[at:at + size] + OK]) for at in range(0, len(content), size)]


ROWS = [
    ("refuses-all", APPLET, [(SELECT, ANY, [status(0x6A82)])]),
    ("breaks-down", APPLET, [(SELECT, ANY, [status(0x6F00)])]),
    ("no-serial", APPLET, [*SELECTED]),
    ("serial-refused", APPLET, [*SELECTED, (GET, ANY, [status(0x6982)])]),
    ("serial-without-header", APPLET, [*SELECTED, (GET, ANY, [bytes(4) + OK])]),
    ("serial-long", APPLET, [*SELECTED, (GET, ANY, [bytes(20) + OK])]),
    ("files-missing", APPLET, [*SELECTED, *SERIAL, (SELECT, 0x01, [status(0x6A82)]), (SELECT, 0x31, [status(0x6A82)])]),
    ("files-refused", APPLET, [*SELECTED, *SERIAL, (SELECT, 0x01, [status(0x6982)]), (SELECT, 0x31, [status(0x6982)])]),
    ("reading-refused", APPLET, [*SELECTED, *SERIAL, (READ, ANY, [status(0x6982)])]),
    ("certificate-ec", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (READ, ANY, [seeds.EC_CERTIFICATE + bytes(100) + OK])]),
    ("certificate-rsa", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (READ, ANY, [seeds.RSA_CERTIFICATE + OK])]),
    ("certificate-in-parts", APPLET, [*SELECTED, *SERIAL, *TAKEN, *parts(seeds.RSA_CERTIFICATE)]),
    ("certificate-cut", APPLET, [*SELECTED, *SERIAL, (READ, ANY, [seeds.EC_CERTIFICATE[:100] + END])]),
    ("certificate-shortened", APPLET | SHORTENED, [*SELECTED, *SERIAL, *parts(seeds.EC_CERTIFICATE)]),
    ("data-without-an-end", EXTENDED, [*SELECTED, *SERIAL, (READ, ANY, [bytes(256) + OK])]),
    ("data-with-an-end", APPLET, [*SELECTED, *SERIAL, (READ, 0x00, [bytes(256) + OK]), (READ, ANY, [status(0x6B00)])]),
    ("data-byte-by-byte", APPLET, [*SELECTED, *SERIAL, (READ, ANY, [b"\x30\x82\x7F\xFF" + OK, b"\x00" + OK])]),
    ("data-of-odd-length", APPLET, [*SELECTED, *SERIAL, (READ, ANY, [b"\x30\x84\xFF\xFF\xFF\xFF" + OK])]),
    ("data-of-unknown-length", APPLET, [*SELECTED, *SERIAL, (READ, ANY, [b"\x30\x80\x00\x00" + OK])]),
    ("home-lost", APPLET, [(SELECT, 0x45, [OK, status(0x6A82)]), (SELECT, ANY, [OK]), *SERIAL,
                           (READ, ANY, [seeds.EC_CERTIFICATE + OK])]),
    ("results-rsa", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [bytes(256) + OK])]),
    ("results-rsa-short", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [bytes(32) + OK])]),
    ("results-ec", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [bytes(64) + OK]), (AGREE, ANY, [bytes(34) + OK])]),
    ("results-der", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [seeds.SIGNATURE + status(0x6200)]),
                               (AGREE, ANY, [b"\x00\x00\x04" + bytes(64) + OK])]),
    ("results-cut", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [OK]), (AGREE, ANY, [b"\x00" + OK])]),
    ("results-refused", EXTENDED, [*SELECTED, *SERIAL, *TAKEN, (PSO, ANY, [status(0x6985)]), (AGREE, ANY, [status(0x6982)])]),
    ("keys-refused", EXTENDED, [*SELECTED, *SERIAL, (MSE, ANY, [status(0x6A88)])]),
    ("templates", EXTENDED, [*SELECTED, *SERIAL, (PSO, 0x80, [bytes(116) + OK]), (MSE, ANY, [OK]), (PSO, ANY, [bytes(32) + OK])]),
    ("templates-short-answer", EXTENDED, [*SELECTED, *SERIAL, (PSO, 0x80, [bytes(115) + OK, bytes(200) + OK]), (MSE, ANY, [bytes(3) + OK])]),
    ("pins-wrong", APPLET, [*SELECTED, (VERIFY, ANY, [status(0x63C2)]), (CHANGE, ANY, [status(0x63C1)]),
                            (UNBLOCK, ANY, [status(0x6983)])]),
    ("pins-odd", APPLET, [*SELECTED, (VERIFY, ANY, [status(0x6700)])]),
]

if __name__ == "__main__":
    seeds.write("iso7816_applet", ROWS)
