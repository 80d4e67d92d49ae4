#!/usr/bin/env python3
"""mechanisms.py MODULE: every mechanism of an empty card through PyKCS11, in both directions, against
python3-cryptography and the command openssl: signed here and verified there, encrypted there and decrypted here, derived
on both sides; and what must be refused. Ends at the first thing that is wrong.
"""

import hashlib
import sys

import PyKCS11
from PyKCS11 import *  # the constants
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from elsewhere import HASHES, Cryptography, OpenSsl

PIN = "123456"
DATA = b"The quick brown fox jumps over the lazy dog"
ELSEWHERE = (Cryptography(), OpenSsl())
# DER in front of a digest (RFC 8017, 9.2): the last byte of the algorithm's identifier, below 2.16.840.1.101.3.4.2.
ALGORITHM_ARCS = {"sha224": 4, "sha256": 1, "sha384": 2, "sha512": 3, "sha3_224": 7, "sha3_256": 8, "sha3_384": 9,
                  "sha3_512": 10}
CURVE_PARAMS = {"secp256r1": bytes.fromhex("06082a8648ce3d030107"), "secp384r1": bytes.fromhex("06052b81040022"),
                "ed25519": b"\x13\x0cedwards25519", "x25519": b"\x13\x0acurve25519"}


def digest(name):
    return hashlib.new(name, DATA).digest()


def digest_info(name):
    if name == "sha1":
        return bytes.fromhex("3021300906052b0e03021a05000414") + digest(name)
    length = hashlib.new(name).digest_size
    arc = ALGORITHM_ARCS[name]
    return bytes.fromhex(f"30{17 + length:02x}300d06096086480165030402{arc:02x}050004{length:02x}") + digest(name)


def digest_mechanism(name):
    return CKM[f"CKM_{name.upper()}"] if name != "sha1" else CKM_SHA_1


def hashing(name, suffix):
    """The number of a mechanism that hashes: CKM_SHA256_RSA_PKCS."""
    return CKM[f"CKM_{name.upper()}_{suffix}"]


def mgf(name):
    return {"sha1": 1, "sha256": 2, "sha384": 3, "sha512": 4, "sha224": 5, "sha3_224": 6, "sha3_256": 7,
            "sha3_384": 8, "sha3_512": 9}[name]


def pss(number, name):
    return PyKCS11.RSA_PSS_Mechanism(number, digest_mechanism(name), mgf(name), hashlib.new(name).digest_size)


def oaep(name, label):
    return PyKCS11.RSAOAEPMechanism(digest_mechanism(name), mgf(name), label or None)


def signature_rows(family):
    """Rows of: what it is called, the mechanism, what the card is given, the scheme and hash for the others."""
    if family == "ed25519":
        yield "CKM_EDDSA", Mechanism(CKM_EDDSA), DATA, "eddsa", None
    elif family == "ec":
        for name in HASHES:
            yield f"CKM_ECDSA on {name}", Mechanism(CKM_ECDSA), digest(name), "ecdsa", name
            number = CKM[f"CKM_ECDSA_{name.upper()}"]
            yield CKM[number], Mechanism(number), DATA, "ecdsa", name
    elif family == "rsa":
        yield "CKM_RSA_X_509", Mechanism(CKM_RSA_X_509), DATA, "raw", None
        for name in HASHES:
            yield f"CKM_RSA_PKCS on {name}", Mechanism(CKM_RSA_PKCS), digest_info(name), "pkcs1", name
            number = hashing(name, "RSA_PKCS")
            yield CKM[number], Mechanism(number), DATA, "pkcs1", name
            yield f"CKM_RSA_PKCS_PSS on {name}", pss(CKM_RSA_PKCS_PSS, name), digest(name), "pss", name
            number = hashing(name, "RSA_PKCS_PSS")
            yield CKM[number], pss(number, name), DATA, "pss", name


def encryption_rows(bits):
    """Rows of: the mechanism, the scheme, hash and label for the others."""
    yield "CKM_RSA_PKCS", Mechanism(CKM_RSA_PKCS), "pkcs1", None, b""
    yield "CKM_RSA_X_509", Mechanism(CKM_RSA_X_509), "raw", None, b""
    for name in HASHES:
        if bits // 8 - 2 * hashlib.new(name).digest_size - 2 >= len(DATA):
            for label in (b"", b"label"):
                yield f"CKM_RSA_PKCS_OAEP, {name}{', label' if label else ''}", oaep(name, label), "oaep", name, label


def family_of(key):
    for family, kinds in (("rsa", (rsa.RSAPublicKey,)), ("ec", (ec.EllipticCurvePublicKey,)),
                          ("ed25519", (ed25519.Ed25519PublicKey,)), ("x25519", (x25519.X25519PublicKey,))):
        if isinstance(key, kinds):
            return family
    raise TypeError(key)


def raw_bytes(key):
    if family_of(key) == "ec":
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def private_template(key):
    """The numbers of a private key."""
    big = lambda number: number.to_bytes((number.bit_length() + 7) // 8, "big")
    family = family_of(key.public_key())
    if family == "rsa":
        numbers = key.private_numbers()
        return [(CKA_KEY_TYPE, CKK_RSA), (CKA_MODULUS, big(numbers.public_numbers.n)),
                (CKA_PUBLIC_EXPONENT, big(numbers.public_numbers.e)), (CKA_PRIVATE_EXPONENT, big(numbers.d)),
                (CKA_PRIME_1, big(numbers.p)), (CKA_PRIME_2, big(numbers.q)), (CKA_EXPONENT_1, big(numbers.dmp1)),
                (CKA_EXPONENT_2, big(numbers.dmq1)), (CKA_COEFFICIENT, big(numbers.iqmp))]
    if family == "ec":
        return [(CKA_KEY_TYPE, CKK_EC), (CKA_EC_PARAMS, CURVE_PARAMS[key.curve.name]),
                (CKA_VALUE, big(key.private_numbers().private_value))]
    secret = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    kind = CKK_EC_EDWARDS if family == "ed25519" else CKK_EC_MONTGOMERY
    return [(CKA_KEY_TYPE, kind), (CKA_EC_PARAMS, CURVE_PARAMS[family]), (CKA_VALUE, secret)]


# What is generated: id, what it is called, the mechanism, and the template of the public key.
GENERATED = [
    (b"\x01", "RSA-2048", CKM_RSA_PKCS_KEY_PAIR_GEN, [(CKA_MODULUS_BITS, 2048)]),
    (b"\x03", "P-256", CKM_EC_KEY_PAIR_GEN, [(CKA_EC_PARAMS, CURVE_PARAMS["secp256r1"])]),
    (b"\x05", "P-384", CKM_EC_KEY_PAIR_GEN, [(CKA_EC_PARAMS, CURVE_PARAMS["secp384r1"])]),
    (b"\x06", "RSA-3072", CKM_RSA_PKCS_KEY_PAIR_GEN, [(CKA_MODULUS_BITS, 3072)]),
    (b"\x07", "RSA-4096", CKM_RSA_PKCS_KEY_PAIR_GEN, [(CKA_MODULUS_BITS, 4096)]),
    (b"\x08", "Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, [(CKA_EC_PARAMS, CURVE_PARAMS["ed25519"])]),
    (b"\x09", "X25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, [(CKA_EC_PARAMS, CURVE_PARAMS["x25519"])]),
]
# What is imported: id, what it is called, and how it is made.
IMPORTED = [
    (b"\x10", "imported RSA-1024", lambda: rsa.generate_private_key(65537, 1024)),
    (b"\x11", "imported RSA-2048", lambda: rsa.generate_private_key(65537, 2048)),
    (b"\x12", "imported RSA-3072", lambda: rsa.generate_private_key(65537, 3072)),
    (b"\x13", "imported RSA-4096", lambda: rsa.generate_private_key(65537, 4096)),
    (b"\x14", "imported P-256", lambda: ec.generate_private_key(ec.SECP256R1())),
    (b"\x15", "imported P-384", lambda: ec.generate_private_key(ec.SECP384R1())),
    (b"\x16", "imported Ed25519", ed25519.Ed25519PrivateKey.generate),
    (b"\x17", "imported X25519", x25519.X25519PrivateKey.generate),
]


class CrossCheck:
    def __init__(self, module):
        lib = PyKCS11.PyKCS11Lib()
        lib.load(module)
        self.lib = lib  # the session needs it to live
        slot = lib.getSlotList(tokenPresent=True)[0]
        self.session = lib.openSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
        self.session.login(PIN)
        self.offered = {CKM[name] for name in lib.getMechanismList(slot)}
        self.flags = {number: lib.getMechanismInfo(slot, CKM[number]).flags2text() for number in self.offered}
        self.seen = set()
        self.checks = 0

    def check(self, condition, what):
        if not condition:
            sys.exit(f"FAILED: {what}")
        self.checks += 1

    def refused(self, codes, what, call, *arguments):
        try:
            call(*arguments)
        except PyKCS11.PyKCS11Error as error:
            self.check(error.value in codes, f"{what}: {error}")
            return
        sys.exit(f"FAILED: {what}: was not refused")

    def run(self):
        for key_id, name, number, template in GENERATED:
            public, private = self.session.generateKeyPair(
                [(CKA_ID, key_id), (CKA_TOKEN, True), *template],
                [(CKA_ID, key_id), (CKA_TOKEN, True), (CKA_PRIVATE, True)], Mechanism(number))
            self.seen.add(number)
            self.pair(name, public, private, None)
        for key_id, name, make in IMPORTED:
            host = make()
            private = self.session.createObject([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_TOKEN, True), (CKA_ID, key_id),
                                                 (CKA_PRIVATE, True), (CKA_SENSITIVE, True), *private_template(host)])
            public = self.session.findObjects([(CKA_CLASS, CKO_PUBLIC_KEY), (CKA_ID, key_id)])[0]
            self.pair(name, public, private, host)
        asymmetric = {number for number in self.offered if {"CKF_SIGN", "CKF_DERIVE", "CKF_GENERATE_KEY_PAIR"}
                      & set(self.flags[number])} - {CKM_AES_CMAC, CKM_AES_CMAC_GENERAL} | {CKM_RSA_PKCS_OAEP}
        self.check(asymmetric <= self.seen, f"never used: {[CKM[number] for number in asymmetric - self.seen]}")
        self.session.logout()
        print(f"mechanisms: OK, {self.checks} checks")

    def pair(self, name, public, private, host):
        """All that a pair does; |host| is its private key where we know it."""
        info = bytes(self.session.getAttributeValue(public, [CKA_PUBLIC_KEY_INFO])[0])
        key = serialization.load_der_public_key(info)
        self.check(host is None or raw_form(host.public_key()) == raw_form(key), f"{name}: another public key")
        before = self.checks
        self.signatures(name, key, public, private, host)
        if family_of(key) == "rsa":
            self.encryptions(name, key, public, private, host)
        if family_of(key) in ("ec", "x25519"):
            self.agreements(name, key, private)
        print(f"{name}: {self.checks - before} checks", flush=True)

    def signatures(self, name, key, public, private, host):
        for what, mechanism, given, scheme, hash_name in signature_rows(family_of(key)):
            what = f"{name}, {what}"
            number = mechanism.to_native().mechanism
            if key_too_short(key, scheme, hash_name):
                self.refused((CKR_DATA_LEN_RANGE,), what, self.session.sign, private, given, mechanism)
                continue
            self.seen.add(number)
            signature = bytes(self.session.sign(private, given, mechanism))
            damaged = signature[:-1] + bytes([signature[-1] ^ 1])
            self.check(self.session.verify(public, given, signature, mechanism), f"{what}: here")
            self.check(not self.session.verify(public, given, damaged, mechanism), f"{what}: a damaged one")
            self.check(not self.session.verify(public, b"?" + given[1:], signature, mechanism), f"{what}: other data")
            self.refused((CKR_SIGNATURE_LEN_RANGE,), what, self.session.verify, public, given, signature[:-1], mechanism)
            for other in ELSEWHERE:
                self.check(other.verify(key, scheme, hash_name, DATA, signature), f"{what}: {other.name} verifies")
                self.check(not other.verify(key, scheme, hash_name, DATA + b"?", signature), f"{what}: {other.name}")
                if host is not None:
                    made = other.sign(host, scheme, hash_name, DATA)
                    self.check(self.session.verify(public, given, made, mechanism), f"{what}: signed by {other.name}")

    def encryptions(self, name, key, public, private, host):
        size = key.key_size // 8
        for what, mechanism, scheme, hash_name, label in encryption_rows(key.key_size):
            what = f"{name}, {what}"
            self.seen.add(mechanism.to_native().mechanism)
            expected = DATA.rjust(size, b"\0") if scheme == "raw" else DATA
            for other in ELSEWHERE:
                if scheme == "oaep" and hash_name not in other.oaep_hashes:
                    continue
                sealed = other.encrypt(key, scheme, hash_name, label, DATA)
                opened = bytes(self.session.decrypt(private, sealed, mechanism))
                self.check(opened == expected, f"{what}: encrypted by {other.name}")
                if host is not None:
                    mine = bytes(self.session.encrypt(public, DATA, mechanism))
                    opened = other.decrypt(host, scheme, hash_name, label, mine)
                    self.check(opened == expected, f"{what}: {other.name} decrypts")
            self.refused((CKR_ENCRYPTED_DATA_LEN_RANGE,), what, self.session.decrypt, private, sealed[:-1], mechanism)
            if scheme == "oaep":
                wrong_hash = oaep("sha1" if hash_name != "sha1" else "sha256", label)
                for wrong in (oaep(hash_name, b"another"), wrong_hash):
                    self.refused((CKR_ENCRYPTED_DATA_INVALID,), what, self.session.decrypt, private, sealed, wrong)
        too_much = bytes(size - 10)
        self.refused((CKR_DATA_LEN_RANGE,), name, self.session.encrypt, public, too_much, Mechanism(CKM_RSA_PKCS))

    def agreements(self, name, key, private):
        peer = ec.generate_private_key(key.curve) if family_of(key) == "ec" else x25519.X25519PrivateKey.generate()
        point = raw_bytes(peer.public_key())
        for other in ELSEWHERE:
            secret = other.agree(peer, key)
            for number in (CKM_ECDH1_DERIVE, CKM_ECDH1_COFACTOR_DERIVE):
                self.seen.add(number)
                for form in (point, bytes([4, len(point)]) + point):
                    self.check(self.derive(private, number, form) == secret, f"{name}, {CKM[number]}: {other.name}")
            self.check(self.derive(private, CKM_ECDH1_DERIVE, point, length=16) == secret[-16:], f"{name}: cut")
            for hash_name in HASHES:
                for shared in (b"", b"shared data"):
                    for length in (16, 100):
                        kdf = globals()[f"CKD_{hash_name.upper()}_KDF"]
                        here = self.derive(private, CKM_ECDH1_DERIVE, point, kdf, shared, length)
                        there = other.derive(secret, hash_name, shared, length)
                        self.check(here == there, f"{name}, {hash_name}, {length} bytes: {other.name}")
        wrong = {"too long": point + b"\0", "too short": point[:-1], "empty": b"", "of zeros": bytes(len(point))}
        if family_of(key) == "ec":
            wrong["not on the curve"] = point[:-1] + bytes([point[-1] ^ 1])
        else:
            wrong["of order 1"] = b"\x01" + bytes(31)
            wrong["of order 8"] = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
        for what, value in wrong.items():
            self.refused((CKR_MECHANISM_PARAM_INVALID,), f"{name}, a point {what}", self.derive, private,
                         CKM_ECDH1_DERIVE, value)

    def derive(self, private, number, point, kdf=CKD_NULL, shared=b"", length=None):
        mechanism = PyKCS11.ECDH1_DERIVE_Mechanism(point, kdf, shared or None)
        mechanism.to_native().mechanism = number
        template = [(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_GENERIC_SECRET), (CKA_TOKEN, False),
                    (CKA_SENSITIVE, False), (CKA_EXTRACTABLE, True)]
        if length is not None:
            template.append((CKA_VALUE_LEN, length))
        handle = self.session.deriveKey(private, template, mechanism)
        value = bytes(self.session.getAttributeValue(handle, [CKA_VALUE])[0])
        self.session.destroyObject(handle)
        return value


def raw_form(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_too_short(key, scheme, hash_name):
    """PSS wants room for the hash, a salt as long, and two bytes."""
    return scheme == "pss" and key.key_size // 8 < 2 * hashlib.new(hash_name).digest_size + 2


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    CrossCheck(sys.argv[1]).run()
