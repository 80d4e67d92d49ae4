#!/usr/bin/env python3
"""make_protocol_seeds.py: writes the seeds of fuzz_t0, fuzz_t1 and fuzz_pinpad, in the form that these explain."""

from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
FAIL, BLOCK, ABSENT = 1, 2, 4
CRC, CHARACTER, LONG = 1, 2, 4


def chunk(flags, content):
    data = bytes.fromhex(content)
    return bytes([flags, len(data)]) + data


def blocks(*contents):
    return b"".join(chunk(BLOCK, content) for content in contents)


def plain(*contents):
    return b"".join(chunk(0, content) for content in contents)


def characters(*parts):
    """Blocks at the character level: prologue, then the rest; LRC."""
    out = b""
    for part in parts:
        block = bytes.fromhex(part)
        block = bytes([0, block[0], len(block) - 1]) + block[1:]
        check = 0
        for byte in block:
            check ^= byte
        out += plain(block[:3].hex(), block[3:].hex() + f"{check:02x}")
    return out


def host(*contents):
    """Whole blocks of a host: PCB and information; NAD, LEN and LRC are added."""
    return b"".join(characters_of(content) for content in contents)


def characters_of(content):
    data = bytes.fromhex(content)
    block = bytes([0, data[0], len(data) - 1]) + data[1:]
    check = 0
    for byte in block:
        check ^= byte
    return plain((block + bytes([check])).hex())


AGREED = "E1 FE"
T1 = {
    "one-block": bytes([0, 32]) + blocks(AGREED, "00 9000", "40 9000", "00 9000"),
    "crc": bytes([CRC, 254]) + blocks(AGREED, "00 9000", "40 9000"),
    "chain-to-card": bytes([LONG, 254]) + blocks(AGREED, "90", "80", "00 9000"),
    "chain-from-card": bytes([0, 32]) + blocks(AGREED, "20 0102", "60 0304", "00 9000", "40 6A82"),
    "time": bytes([0, 32]) + blocks(AGREED, "C3 05", "91", "C3 02", "00 9000"),
    "size": bytes([LONG, 20]) + blocks(AGREED, "C1 FE", "90", "80", "C1 40", "C1 41", "C1 42", "C1 43"),
    "damaged": bytes([0, 32]) + blocks(AGREED) + chunk(FAIL, "FD") + chunk(0, "00000290 0000") + blocks("00 9000"),
    "repeated": bytes([0, 32]) + blocks(AGREED, "80", "80", "92", "00 9000", "C3 00", "81"),
    "abort": bytes([LONG, 32]) + blocks(AGREED, "C2", "90"),
    "resynch": bytes([0, 32]) + blocks(AGREED, "C0", "C0", "C0", "C0", "80", "E0", "00 9000"),
    "resynch-refused": bytes([0, 32]) + blocks(AGREED, "81", "81", "81", "81", "81", "81", "81"),
    "early-answer": bytes([LONG, 32]) + blocks(AGREED, "00 9000", "00 9000", "90", "80", "90"),
    "no-ifsd": bytes([0, 32]) + blocks("82") + chunk(FAIL, "FE") + blocks("E1 20") + blocks("00 9000"),
    "mute": bytes([0, 32]) + blocks(AGREED) + chunk(FAIL, "FE"),
    "absent": bytes([0, 32]) + blocks(AGREED) + chunk(FAIL | ABSENT, "FE"),
    "too-long": bytes([0, 32]) + blocks(AGREED, "00" + 254 * "11", "20", "C4", "A0", "00 9000"),
    "character": bytes([CHARACTER, 32]) + characters(AGREED, "009000", "409000") + plain("00", "000002")
                 + chunk(FAIL, "FC"),
    "host-blocks": bytes([0, 254]) + plain("0000020102 01", "00C100C1", "00C101FE3E", "00C000C0", "00C200C2",
                                           "00E200E2", "00E30101E3", "00920092", "00800080", "0020020102 21",
                                           "0060020304 65", "000000"),
    "host-speaks": bytes([0, 254]) + host("00" + 40 * "5A", "80", "E3 02", "E3 01", "90", "90", "80", "40" + 8 * "5A", "E3 01",
                                          "20" + 8 * "5A", "C2", "C1 40", "C0", "20 0102", "81", "60 0304", "00 0506", "E2"),
    "pps": bytes.fromhex("FF11957B"),
}

T0 = {
    "case-1": bytes([0]) + plain("63C2", "9000"),
    "case-2": bytes([1]) + plain("6C02", "11229000", "1122 6102", "3344 9000", "6C01", "6C02"),
    "case-3": bytes([2]) + plain("9000", "6110"),
    "case-4": bytes([3]) + plain("6103", "1122336101", "6C01", "449000", "9000", "6985", "6282", "11229000"),
    "case-4-stuck": bytes([3]) + plain("6103", "6103", "6A82"),
    "extended-2": bytes([4]) + plain("6100", "11" * 253 + "6103", "112233 9000"),
    "envelope": bytes([5]) + plain("9000", "9000", "9000", "6D00"),
    "envelope-answer": bytes([6]) + plain("9000", "6102", "11229000"),
    "no-apdu": bytes([7]) + plain("9000"),
    "too-long": bytes([2]) + plain("11229000", "90"),
    "fails": bytes([1]) + chunk(FAIL, "F4") + chunk(FAIL | ABSENT, "FE"),
    "procedure-receive": bytes([9]) + plain("60", "34", "11", "CB", "22" * 255, "60", "90", "00"),
    "procedure-send": bytes([10]) + plain("34", "CB", "90", "00") + plain("CA", "61", "02"),
    "procedure-wrong": bytes([10]) + plain("42") + plain("CB", "CB") + plain("1122") + plain("CB", "90"),
    "procedure-short": bytes([9]) + plain("CB", "1122"),
    "host-bytes": bytes([7]) + plain("00CB3FFF02", "5C", "00", "00C0000003", "00CB3FFF00", "00CB3FFF05", "00C2000002",
                                     "0084", "0000", "00C2000000", "0084000008", "00C0000001", "002000"),
}

VERIFY = "00 3C820800 0806 02 00 0904 00 000000 0020008008 FFFFFFFFFFFFFFFF"
MODIFY = "01 3C820800 0008 0806 03 02 03 0904 000102 000000 0024008010 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
PINPAD = {
    "apdu": bytes([0, 8]) + plain("9000", "63C2", "90"),
    "keys": bytes([0, 8]) + chunk(FAIL, "EF") + chunk(FAIL, "F0") + chunk(FAIL, "FE"),
    "absent": bytes([0, 8]) + chunk(FAIL | ABSENT, "EF"),
    "no-field": bytes([0, 0]) + plain("9000"),
    "field-too-long": bytes([0, 16]) + plain("9000"),
    "modify": bytes([4, 8]) + plain("9000"),
    "modify-display": bytes([12, 8]) + plain("9000"),
    "modify-one-message": bytes([20, 8]) + plain("9000"),
    "modify-three-indexes": bytes([36, 8]) + plain("9000"),
    "t1": bytes([1, 8]) + blocks("00 9000", "40 63C2", "C3 02", "00 9000"),
    "t1-keys": bytes([1, 8]) + plain("6403") + chunk(FAIL, "EF") + blocks("00 9000"),
    "t1-not-again": bytes([1, 8]) + blocks("80", "00 9000"),
    "t0": bytes([2, 8]) + plain("9000"),
    "structure-verify": bytes([0, 8]) + bytes.fromhex(VERIFY),
    "structure-modify": bytes([0, 8]) + bytes.fromhex(MODIFY),
    "structure-small-field": bytes([0, 8]) + bytes.fromhex("00 3C820400 0806 02 00 0904 00 000000 0020008002 FFFF"),
}


def main():
    for name, seeds in (("t0", T0), ("t1", T1), ("pinpad", PINPAD)):
        directory = CORPUS / name
        directory.mkdir(parents=True, exist_ok=True)
        for seed, content in seeds.items():
            (directory / seed).write_bytes(content)


main()
