#!/usr/bin/env python3
"""raw_signature.py chained|extended READER DATA SIGNATURE: a PIV signature with RSA of 4096 bits, over PC/SC.

It signs SHA-256 of the file DATA with PKCS#1 v1.5 and the key of slot 9A, by command chaining or with one extended APDU, and
writes the file SIGNATURE. OpenSC 0.23 knows no such keys in PIV cards; so these are commands by hand.
"""

import ctypes
import hashlib
import sys
from pathlib import Path

SIZE = 512
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SELECT = bytes.fromhex("00A4040009A0000003080000100000")
VERIFY = bytes.fromhex("0020008008313233343536FFFF")
SHARED, ANY, LEAVE = 2, 3, 0


class Header(ctypes.Structure):
    _fields_ = [("protocol", ctypes.c_ulong), ("length", ctypes.c_ulong)]


class Card:
    """A card through libpcsclite."""

    def __init__(self, reader):
        self.library = ctypes.CDLL("libpcsclite.so.1")
        context, self.handle = ctypes.c_long(), ctypes.c_long()
        self.protocol = ctypes.c_ulong()
        self.call("SCardEstablishContext", 2, None, None, ctypes.byref(context))
        self.call("SCardConnect", context, reader.encode(), SHARED, ANY, ctypes.byref(self.handle), ctypes.byref(self.protocol))

    def call(self, name, *arguments):
        arguments = [ctypes.c_ulong(it) if isinstance(it, int) else it for it in arguments]
        result = getattr(self.library, name)(*arguments) & 0xFFFFFFFF
        if result != 0:
            sys.exit(f"{name}: {result:08X}")

    def transmit(self, apdu):
        header = Header(self.protocol.value, ctypes.sizeof(Header))
        answer, length = ctypes.create_string_buffer(70000), ctypes.c_ulong(70000)
        self.call("SCardTransmit", self.handle, ctypes.byref(header), apdu, len(apdu), None, answer, ctypes.byref(length))
        return answer.raw[: length.value]

    def exchange(self, apdu):
        """The whole answer, whatever it takes to fetch it, to a command that must succeed."""
        answer = self.transmit(apdu)
        data = answer[:-2]
        while answer[-2] == 0x61:
            answer = self.transmit(bytes([0, 0xC0, 0, 0, answer[-1]]))
            data += answer[:-2]
        if answer[-2:] != b"\x90\x00":
            sys.exit(f"{apdu[:5].hex()}: {answer[-2:].hex()}")
        return data


def commands(data, extended):
    digest = SHA256_INFO + hashlib.sha256(data).digest()
    block = b"\x00\x01" + b"\xff" * (SIZE - 3 - len(digest)) + b"\x00" + digest
    body = b"\x82\x00\x81\x82" + SIZE.to_bytes(2, "big") + block
    body = b"\x7c\x82" + len(body).to_bytes(2, "big") + body
    if extended:
        return [b"\x00\x87\x16\x9a\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"]
    parts = [body[at : at + 255] for at in range(0, len(body), 255)]
    chain = [b"\x10\x87\x16\x9a" + bytes([len(part)]) + part for part in parts]
    return chain[:-1] + [b"\x00" + chain[-1][1:] + b"\x00"]


def main():
    form, reader, data, signature = sys.argv[1:]
    card = Card(reader)
    for command in [SELECT, VERIFY, *commands(Path(data).read_bytes(), form == "extended")]:
        answer = card.exchange(command)
    Path(signature).write_bytes(answer[-SIZE:])


main()
