#!/usr/bin/env python3
"""make_seeds.py: writes the seeds of fuzz_piv_applet that say by command what a card answers.

Each row is a card: its name, its options, and its answers as (instruction, reference, answers in turn), in the form that
scripted_card.hpp explains.
"""

import gzip
import zlib
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"

APPLET, EXTENDED, CARD, OTHER_PROFILE, CHANGED_PROFILE, KNOWS_KEYS = 0x10, 0x11, 0x12, 0x14, 0x30, 0x50
VERIFY, CHANGE, UNBLOCK, GENERATE, AUTHENTICATE, SELECT = 0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4
GET_RESPONSE, GET_DATA, PUT_DATA, MOVE, METADATA, SERIAL = 0xC0, 0xCB, 0xDB, 0xF6, 0xF7, 0xF8
ATTEST, RESET, IMPORT, SET_KEY = 0xF9, 0xFB, 0xFE, 0xFF
ANY = 0xFF

OK = bytes.fromhex("9000")


def status(number):
    return number.to_bytes(2, "big")


def tlv(tag, *contents):
    content = b"".join(contents)
    if len(content) < 0x80:
        length = bytes([len(content)])
    elif len(content) < 0x100:
        length = bytes([0x81, len(content)])
    else:
        length = b"\x82" + len(content).to_bytes(2, "big")
    return bytes.fromhex(f"{tag:02X}") + length + content


def data(*contents):
    return tlv(0x53, *contents) + OK


def certificate(content, compressed=0):
    return data(tlv(0x70, content), tlv(0x71, bytes([compressed])), tlv(0xFE))


def template(tag, content):
    return tlv(0x7C, tlv(tag, content)) + OK


def corpus(name):
    return (CORPUS / "certificate" / name).read_bytes()


RSA_CERTIFICATE, EC_CERTIFICATE = corpus("certificate-rsa2048"), corpus("certificate-p256")
ED25519_CERTIFICATE = corpus("certificate-ed25519")
POINT = corpus("spki-p256")[-65:]
MODULUS = corpus("spki-rsa")[-261:-5]
RSA_KEY = tlv(0x81, MODULUS) + tlv(0x82, b"\x01\x00\x01")
EC_KEY = tlv(0x86, POINT)
SIGNATURE = tlv(0x30, tlv(0x02, bytes(range(1, 33))), tlv(0x02, bytes(range(2, 34))))

SELECTED = (SELECT, ANY, [tlv(0x61, tlv(0x4F, b"\x00\x00\x10\x00")) + OK])
PIN_TAKEN = (VERIFY, 0x80, [status(0x63C3), OK])
NO_METADATA = (METADATA, ANY, [status(0x6D00)])
CHUID = (GET_DATA, 0x02, [data(tlv(0x30, bytes(25)), tlv(0x34, bytes(range(16))))])


def metadata(*fields):
    return b"".join(fields) + OK


RSA_METADATA = metadata(tlv(0x01, b"\x07"), tlv(0x02, b"\x02\x01"), tlv(0x03, b"\x01"), tlv(0x04, RSA_KEY))
EC_METADATA = metadata(tlv(0x01, b"\x11"), tlv(0x02, b"\x03\x01"), tlv(0x03, b"\x02"), tlv(0x04, EC_KEY))

AES192 = (METADATA, 0x9B, [metadata(tlv(0x01, b"\x0A"))])
STORED_KEY = (GET_DATA, 0x00, [data(tlv(0x80, tlv(0x81, b"\x02")))])

ROWS = [
    ("version", APPLET, [(0xFD, ANY, [bytes.fromhex("050403") + OK])]),
    # Selection and serial number.
    ("refuses-all", APPLET, [(SELECT, ANY, [status(0x6A82)])]),
    ("select-another-application", APPLET, [(SELECT, ANY, [tlv(0x62) + OK, tlv(0x6F) + OK])]),
    ("select-empty", APPLET, [(SELECT, ANY, [OK]), CHUID]),
    ("serial", OTHER_PROFILE, [SELECTED, (SERIAL, ANY, [b"\x00\x12\xD6\x87" + OK])]),
    ("serial-zero", OTHER_PROFILE, [SELECTED, (SERIAL, ANY, [bytes(4) + OK]), (GET_DATA, 0x02, [data(tlv(0x34, bytes(16)))])]),
    # Metadata.
    ("metadata-refused", APPLET, [SELECTED, NO_METADATA]),
    ("metadata-unknown-algorithm", APPLET, [SELECTED, (METADATA, ANY, [metadata(tlv(0x01, b"\xE9"), tlv(0x04, EC_KEY))])]),
    ("metadata-empty-fields", APPLET, [SELECTED, (METADATA, ANY, [metadata(*(tlv(tag) for tag in range(1, 6)))])]),
    ("metadata-ec-key", APPLET, [SELECTED, (METADATA, ANY, [EC_METADATA])]),
    # The management key.
    ("admin-3des-by-metadata", APPLET, [SELECTED, (METADATA, 0x9B, [metadata(tlv(0x01, b"\x03"))])]),
    ("admin-3des-by-refusal", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [status(0x6A86)])]),
    ("admin-3des-by-block", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [template(0x80, bytes(8))])]),
    ("admin-refused", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [status(0x6982)])]),
    ("admin-refused-at-the-end", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16)), status(0x6982)])]),
    ("admin-no-template", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [tlv(0x7D) + OK])]),
    ("admin-short-block", APPLET, [SELECTED, (AUTHENTICATE, 0x9B, [template(0x80, bytes(15))])]),
    ("admin-wrong-response", APPLET,
     [SELECTED, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16)), template(0x82, bytes(16))])]),
    ("admin-key-stored", APPLET, [SELECTED, (GET_DATA, 0x09, [data(tlv(0x88, tlv(0x89, bytes(range(24)))))])]),
    ("admin-key-stored-cut", APPLET, [SELECTED, (GET_DATA, 0x09, [data(tlv(0x88, tlv(0x89, bytes(23))))])]),
    ("admin-proved", KNOWS_KEYS,
     [SELECTED, AES192, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16))]), (SET_KEY, ANY, [OK]), (PUT_DATA, ANY, [OK])]),
    ("admin-proved-3des", KNOWS_KEYS,
     [SELECTED, (METADATA, 0x9B, [metadata(tlv(0x01, b"\x03"))]), (AUTHENTICATE, 0x9B, [template(0x80, bytes(8))]),
      (SET_KEY, ANY, [status(0x6A80)])]),
    ("initialized", KNOWS_KEYS,
     [SELECTED, AES192, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16))]), STORED_KEY, (SET_KEY, ANY, [OK]), (PUT_DATA, ANY, [OK]),
      (RESET, ANY, [status(0x6985), OK]), (VERIFY, ANY, [OK, status(0x63C1), status(0x63C0)]),
      (UNBLOCK, ANY, [status(0x63C1), status(0x6983)])]),
    ("initialized-when-blocked", KNOWS_KEYS,
     [SELECTED, AES192, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16))]), (SET_KEY, ANY, [OK]), (PUT_DATA, ANY, [OK]),
      (RESET, ANY, [OK]), CHUID]),
    ("initialized-never", KNOWS_KEYS,
     [SELECTED, AES192, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16))]), (RESET, ANY, [status(0x6982)]),
      (VERIFY, ANY, [status(0x63C3)])]),
    ("initialized-without-blocking", KNOWS_KEYS,
     [SELECTED, AES192, (AUTHENTICATE, 0x9B, [template(0x80, bytes(16))]), (RESET, ANY, [status(0x6985)]),
      (VERIFY, ANY, [status(0x6A80)])]),
    ("initialized-not-known", APPLET, [SELECTED, (RESET, ANY, [status(0x6D00)])]),
    # Keys: imported, moved, attested.
    ("keys-come-and-go", APPLET,
     [SELECTED, (IMPORT, ANY, [OK]), (MOVE, ANY, [OK]), (ATTEST, ANY, [EC_CERTIFICATE + OK, RSA_CERTIFICATE[:-1] + OK])]),
    ("keys-refused", APPLET,
     [SELECTED, (IMPORT, ANY, [status(0x6A80)]), (MOVE, ANY, [status(0x6A88)]), (ATTEST, ANY, [status(0x6D00)])]),
    ("keys-of-edwards-and-montgomery", APPLET,
     [SELECTED, (AUTHENTICATE, 0x9A, [template(0x82, bytes(256)), template(0x82, SIGNATURE), template(0x82, bytes(32)),
                                      template(0x82, bytes(64)), template(0x82, bytes(32))]),
      (GENERATE, 0x9A, [tlv(0x7F49, EC_KEY) + OK, tlv(0x7F49, RSA_KEY) + OK, tlv(0x7F49, tlv(0x86, bytes(range(32)))) + OK])]),
    # The global PIN, and objects that are too small.
    ("global-pin", CHANGED_PROFILE,
     [SELECTED, (GET_DATA, 0x7E, [tlv(0x7E, tlv(0x4F, bytes(11)), tlv(0x5F2F, b"\x60\x20")) + OK]), (VERIFY, ANY, [status(0x63C3), OK]),
      (CHANGE, ANY, [OK]), (PUT_DATA, ANY, [OK])]),
    ("global-pin-not-preferred", CHANGED_PROFILE,
     [SELECTED, (GET_DATA, 0x7E, [tlv(0x7E, tlv(0x5F2F, b"\x60\x10")) + OK]), (VERIFY, ANY, [OK]), (UNBLOCK, ANY, [OK])]),
    # Keys: computing and generating.
    ("keys", APPLET,
     [SELECTED, (METADATA, 0x9A, [RSA_METADATA]),
      (AUTHENTICATE, 0x9A, [template(0x82, bytes(range(256))), template(0x82, SIGNATURE), template(0x82, bytes(range(32)))]),
      (GENERATE, 0x9A, [tlv(0x7F49, EC_KEY) + OK, tlv(0x7F49, RSA_KEY) + OK])]),
    ("keys-short-results", APPLET,
     [SELECTED, (AUTHENTICATE, 0x9A, [template(0x82, b"\x01"), template(0x82, SIGNATURE[:-1]), template(0x82, b"")]),
      (GENERATE, 0x9A, [tlv(0x7F49, tlv(0x86, POINT[:-1])) + OK, tlv(0x7F49, tlv(0x81, MODULUS)) + OK])]),
    ("keys-long-results", APPLET,
     [SELECTED, (AUTHENTICATE, 0x9A, [template(0x82, bytes(257)), template(0x82, SIGNATURE + b"\x00"), template(0x82, bytes(33))]),
      (GENERATE, 0x9A, [tlv(0x7F49, tlv(0x86, b"\x04" + bytes(64))) + OK, EC_KEY + OK])]),
    ("keys-no-results", APPLET, [SELECTED, (AUTHENTICATE, 0x9A, [tlv(0x7C) + OK]), (GENERATE, 0x9A, [OK])]),
    # PINs.
    ("pin-wrong", APPLET, [SELECTED, (VERIFY, ANY, [status(0x63C2)]), (CHANGE, ANY, [status(0x63C1)]), (UNBLOCK, ANY, [status(0x63C0)])]),
    ("pin-verified", APPLET, [SELECTED, (VERIFY, ANY, [OK]), (CHANGE, ANY, [OK]), (UNBLOCK, ANY, [OK])]),
    ("pin-blocked", APPLET, [SELECTED, (VERIFY, ANY, [status(0x6983)]), (CHANGE, ANY, [status(0x6983)])]),
    ("pin-not-set", APPLET, [SELECTED, (VERIFY, ANY, [status(0x6984)])]),
    ("pin-status-unknown", APPLET, [SELECTED, (VERIFY, ANY, [status(0x6A81), OK, status(0x6A86)])]),
    # Objects.
    ("certificates-compressed", APPLET,
     [SELECTED, (GET_DATA, 0x05, [certificate(gzip.compress(RSA_CERTIFICATE, mtime=0), 1)]),
      (GET_DATA, 0x0A, [certificate(zlib.compress(EC_CERTIFICATE), 1)]),
      (GET_DATA, 0x0B, [certificate(gzip.compress(RSA_CERTIFICATE, mtime=0)[:-9], 1)]),
      (GET_DATA, 0x01, [certificate(zlib.compress(bytes(70000)), 1)])]),
    ("certificates-malformed", APPLET, [SELECTED, (GET_DATA, ANY, [certificate(RSA_CERTIFICATE[:-1]), data(tlv(0x71))])]),
    ("objects-empty", APPLET, [SELECTED, (GET_DATA, ANY, [tlv(0x53) + OK])]),
    ("objects-without-wrapping", APPLET, [SELECTED, (GET_DATA, ANY, [tlv(0x54, b"\x00") + OK])]),
    ("objects-cut", APPLET, [SELECTED, (GET_DATA, ANY, [tlv(0x53, bytes(200))[:-1] + OK])]),
    ("objects-refused", APPLET, [SELECTED, (GET_DATA, ANY, [status(0x6982)]), (PUT_DATA, ANY, [status(0x6A84)])]),
    ("objects-end-of-data", APPLET, [SELECTED, (GET_DATA, ANY, [tlv(0x53, bytes(5)) + status(0x6282)])]),
    ("history", APPLET,
     [SELECTED, (GET_DATA, 0x0C, [data(tlv(0xC1, b"\x05"), tlv(0xC2, b"\x02"), tlv(0xF3, b"http://example.org/"))]),
      (PUT_DATA, ANY, [OK])]),
    ("history-full", APPLET, [SELECTED, (GET_DATA, 0x0C, [data(tlv(0xC1, b"\x00\xFF"), tlv(0xC2))])]),
    # The channel.
    ("response-in-parts", APPLET,
     [SELECTED, (GET_DATA, 0x05, [certificate(EC_CERTIFICATE)[:256] + status(0x6100)]),
      (GET_RESPONSE, ANY, [status(0x6C10), certificate(EC_CERTIFICATE)[256:300] + status(0x6180), certificate(EC_CERTIFICATE)[300:]]),
      (GET_DATA, 0x0A, [certificate(EC_CERTIFICATE)[:256] + status(0x6100)])]),
    ("response-without-progress", APPLET,
     [SELECTED, (GET_DATA, ANY, [status(0x6110)]), (GET_RESPONSE, ANY, [b"\x53" + status(0x6110), status(0x6110)])]),
    ("response-ends-early", APPLET,
     [SELECTED, (GET_DATA, 0x05, [b"\x53\x08" + status(0x6108)]), (GET_RESPONSE, ANY, [bytes(7) + status(0x6282)])]),
    ("response-without-status", APPLET, [SELECTED, (GET_DATA, ANY, [b"\x90"]), (METADATA, ANY, [b""])]),
    ("response-not-asked-for", APPLET, [SELECTED, (VERIFY, ANY, [status(0x6110)]), (PUT_DATA, ANY, [status(0x6110)])]),
    ("length-corrected", APPLET,
     [SELECTED, (GET_DATA, ANY, [status(0x6C07), data(tlv(0x34, b"\x01\x02\x03"))]), (VERIFY, ANY, [status(0x6C00)])]),
    ("chain-refused", APPLET, [SELECTED, (PUT_DATA, ANY, [status(0x6884)]), (AUTHENTICATE, ANY, [status(0x6884)])]),
    ("extended-refused", EXTENDED,
     [(SELECT, ANY, [OK]), (GET_DATA, ANY, [status(0x6700), data(tlv(0x34, b"\x01"))]), (METADATA, ANY, [status(0x6700)])]),
    ("extended-answered-alike", EXTENDED, [(SELECT, ANY, [OK]), (GET_DATA, ANY, [status(0x6D00)])]),
    # A whole card, as an application uses it.
    ("card-rsa", CARD,
     [SELECTED, CHUID, PIN_TAKEN, NO_METADATA, (GET_DATA, 0x05, [certificate(RSA_CERTIFICATE)]),
      (GET_DATA, 0x0A, [certificate(RSA_CERTIFICATE)]),
      (GET_DATA, 0x7E, [tlv(0x7E, tlv(0x4F, bytes(11)), tlv(0x5F2F, b"\x40\x00")) + OK]),
      (AUTHENTICATE, ANY, [template(0x82, bytes(range(256)))])]),
    ("card-ec", CARD,
     [SELECTED, CHUID, PIN_TAKEN, NO_METADATA, (GET_DATA, 0x05, [certificate(EC_CERTIFICATE)]),
      (GET_DATA, 0x01, [certificate(EC_CERTIFICATE)]),
      (AUTHENTICATE, ANY, [template(0x82, SIGNATURE)]), (GENERATE, ANY, [tlv(0x7F49, EC_KEY) + OK])]),
    ("card-key-unknown", CARD,
     [SELECTED, CHUID, PIN_TAKEN, NO_METADATA, (GET_DATA, ANY, [certificate(ED25519_CERTIFICATE)])]),
    ("card-metadata", CARD | OTHER_PROFILE,
     [SELECTED, CHUID, PIN_TAKEN, (METADATA, 0x9A, [RSA_METADATA]), (METADATA, ANY, [EC_METADATA]),
      (AUTHENTICATE, 0x9A, [template(0x82, bytes(range(256)))]), (AUTHENTICATE, ANY, [template(0x82, SIGNATURE)])]),
]


def answer_bytes(answer):
    if len(answer) < 0xE0:
        return bytes([len(answer)]) + answer
    return bytes([0xE0 | len(answer) >> 8, len(answer) & 0xFF]) + answer


def write(target, rows):
    directory = CORPUS / target
    directory.mkdir(exist_ok=True)
    for name, options, answers in rows:
        seed = bytes([options])
        for instruction, reference, turns in answers:
            for answer in turns:
                seed += bytes([instruction, reference]) + answer_bytes(answer)
        (directory / name).write_bytes(seed)
    print(f"{len(rows)} seeds in {directory}")


if __name__ == "__main__":
    write("piv_applet", ROWS)
