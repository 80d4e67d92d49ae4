#!/usr/bin/env python3
"""piv_public_key.py FILE: reads from standard input what OpenSC's piv-tool --send-apdu printed for GENERATE ASYMMETRIC KEY
PAIR (NIST SP 800-73-4 part 2, 3.3.2), and writes the public key to FILE as PEM."""

import re
import sys

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVES = {65: ec.SECP256R1(), 97: ec.SECP384R1()}
WIDTH = 3 * 16  # of the hexadecimal part of a line


def fields(data):
    """The data objects of |data|, by tag."""
    out = {}
    while data:
        tag, length, begin = data[0], data[1], 2
        if length > 0x80:
            begin = 2 + (length & 0x7F)
            length = int.from_bytes(data[2:begin], "big")
        out[tag] = data[begin:begin + length]
        data = data[begin + length:]
    return out


def main():
    head, _, dump = sys.stdin.read().partition("SW1=0x90, SW2=0x00):\n")
    lines = [line[:WIDTH] for line in dump.splitlines() if re.match(r"[0-9A-F]{2} ", line)]
    answer = bytes.fromhex("".join(lines))
    if answer[:2] != b"\x7f\x49":
        sys.exit(f"no public key: {head}{dump}")
    key = fields(answer[1:])[0x49]
    parts = fields(key)
    if 0x86 in parts:
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[len(parts[0x86])], parts[0x86])
    else:
        public = rsa.RSAPublicNumbers(int.from_bytes(parts[0x82], "big"), int.from_bytes(parts[0x81], "big")).public_key()
    with open(sys.argv[1], "wb") as file:
        file.write(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


if __name__ == "__main__":
    main()
