#!/usr/bin/env python3
"""A tour of a card with PyKCS11: everything that the card can do, each result checked by python3-cryptography.

Usage: python_demo.py MODULE        (the path of libjeton-pkcs11.so; the PIN is asked for, or stands in PIN)

It takes the first token, generates key pairs in the first six key slots and brings one of its own for the seventh: it
needs an empty card therefore.
Needs python3-pykcs11 and python3-cryptography.
"""

import datetime
import getpass
import hashlib
import os
import struct
import sys

import PyKCS11
from PyKCS11 import *  # the constants: CKA_ID, CKM_ECDSA and so on
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

DATA = b"The quick brown fox jumps over the lazy dog"

# CKA_ID, kind of key and what it is for: on a PIV card the id names the key slot (01 is 9A and so on).
KEYS = [
    (b"\x01", "rsa", "signatures"),
    (b"\x02", ec.SECP384R1(), "signatures, PIN for each"),
    (b"\x03", "rsa", "decryption"),
    (b"\x04", ec.SECP256R1(), "signatures"),
    (b"\x05", ed25519.Ed25519PublicKey, "signatures"),
    (b"\x06", x25519.X25519PublicKey, "key agreement"),
]
IMPORTED_ID = b"\x07"
CURVE_OIDS = {"secp256r1": bytes.fromhex("06082a8648ce3d030107"), "secp384r1": bytes.fromhex("06052b81040022")}
# The curves of RFC 8032 and RFC 7748: how the standard names them, and the mechanism that makes key pairs.
EDWARDS = (b"\x13\x0cedwards25519", CKM_EC_EDWARDS_KEY_PAIR_GEN)
MONTGOMERY = (b"\x13\x0acurve25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN)

SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()
# Hashes: the number of the digest, of the mask generation function, and what python3-cryptography calls it.
HASHES = {
    "SHA1": (CKM_SHA_1, CKG_MGF1_SHA1, SHA1), "SHA224": (CKM_SHA224, CKG_MGF1_SHA224, hashes.SHA224()),
    "SHA256": (CKM_SHA256, CKG_MGF1_SHA256, SHA256), "SHA384": (CKM_SHA384, CKG_MGF1_SHA384, hashes.SHA384()),
    "SHA512": (CKM_SHA512, CKG_MGF1_SHA512, hashes.SHA512()), "SHA3_224": (CKM_SHA3_224, 6, hashes.SHA3_224()),
    "SHA3_256": (CKM_SHA3_256, 7, hashes.SHA3_256()), "SHA3_384": (CKM_SHA3_384, 8, hashes.SHA3_384()),
    "SHA3_512": (CKM_SHA3_512, 9, hashes.SHA3_512()),
}
CODES = {CKM_AES_CMAC, CKM_AES_CMAC_GENERAL}
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def pss(mechanism, name):
    number, mgf, algorithm = HASHES[name]
    return PyKCS11.RSA_PSS_Mechanism(mechanism, number, mgf, algorithm.digest_size)


def pss_padding(algorithm):
    return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)


# Signature mechanisms: how it is called, what is given to the card, and padding and hash to verify with.
# The first of each kind does not hash: the card gets a digest, and the verification is told so.
PKCS1 = padding.PKCS1v15()
RSA_SIGNATURES = {
    CKM_RSA_PKCS: (Mechanism(CKM_RSA_PKCS), DIGEST_INFO_SHA256 + hashlib.sha256(DATA).digest(), PKCS1, SHA256),
    CKM_RSA_PKCS_PSS: (pss(CKM_RSA_PKCS_PSS, "SHA256"), hashlib.sha256(DATA).digest(), pss_padding(SHA256), SHA256),
}
EC_SIGNATURES = {CKM_ECDSA: (Mechanism(CKM_ECDSA), hashlib.sha256(DATA).digest(), SHA256)}
for name, (_, _, algorithm) in HASHES.items():
    number = CKM[f"CKM_{name}_RSA_PKCS"]
    RSA_SIGNATURES[number] = (Mechanism(number), DATA, PKCS1, algorithm)
    number = CKM[f"CKM_{name}_RSA_PKCS_PSS"]
    RSA_SIGNATURES[number] = (pss(number, name), DATA, pss_padding(algorithm), algorithm)
    number = CKM[f"CKM_ECDSA_{name}"]
    EC_SIGNATURES[number] = (Mechanism(number), DATA, algorithm)
ED25519_SIGNATURES = {CKM_EDDSA: (Mechanism(CKM_EDDSA), DATA)}
# CKM_RSA_X_509 is the bare RSA operation: only for those who bring a padding of their own.
RAW_SIGNATURES = {CKM_RSA_X_509}
# RSA decryption: the mechanism, and the padding to encrypt with.
DECRYPTIONS = [
    ("CKM_RSA_PKCS", Mechanism(CKM_RSA_PKCS), PKCS1),
    ("CKM_RSA_PKCS_OAEP, SHA-1", PyKCS11.RSAOAEPMechanism(CKM_SHA_1, CKG_MGF1_SHA1),
     padding.OAEP(padding.MGF1(SHA1), SHA1, None)),
    ("CKM_RSA_PKCS_OAEP, SHA-256", PyKCS11.RSAOAEPMechanism(CKM_SHA256, CKG_MGF1_SHA256),
     padding.OAEP(padding.MGF1(SHA256), SHA256, None)),
    ("CKM_RSA_PKCS_OAEP, SHA-256 and a label", PyKCS11.RSAOAEPMechanism(CKM_SHA256, CKG_MGF1_SHA256, b"label"),
     padding.OAEP(padding.MGF1(SHA256), SHA256, b"label")),
]
DIGESTS = {
    CKM_SHA_1: "sha1", CKM_SHA224: "sha224", CKM_SHA256: "sha256", CKM_SHA384: "sha384", CKM_SHA512: "sha512",
    CKM_SHA3_224: "sha3_224", CKM_SHA3_256: "sha3_256", CKM_SHA3_384: "sha3_384", CKM_SHA3_512: "sha3_512",
}
# Key derivation functions for key agreement, with the hash.
DERIVATIONS = {CKD_SHA1_KDF: SHA1, CKD_SHA256_KDF: SHA256, CKD_SHA512_KDF: hashes.SHA512()}


class Tour:
    def __init__(self, module, pin):
        self.lib = PyKCS11.PyKCS11Lib()
        self.lib.load(module)
        self.pin = pin
        self.checks = 0

    def check(self, condition, what):
        """Ends the tour at the first thing that is wrong."""
        if not condition:
            sys.exit(f"FAILED: {what}")
        self.checks += 1
        print(f"  {what}")

    def check_refused(self, call, code, what):
        try:
            call()
        except PyKCS11.PyKCS11Error as error:
            self.check(error.value == code, f"{what}: {error}")
            return
        sys.exit(f"FAILED: {what}: was not refused")

    def run(self):
        for step in (self.info, self.slots, self.login, self.mechanisms, self.generate, self.import_key, self.signatures,
                     self.decryptions, self.agreement, self.certificate, self.digests, self.aes_gcm):
            print(step.__doc__)
            step()
        self.session.logout()
        self.session.closeSession()
        print(f"python_demo: OK, {self.checks} checks")

    def info(self):
        """Module"""
        info = self.lib.getInfo()
        print(f"  {info.manufacturerID.strip()} {info.libraryDescription.strip()}, PKCS#11 {info.cryptokiVersion}")
        self.check(info.cryptokiVersion >= (2, 40), "speaks PKCS#11 2.40 or later")

    def slots(self):
        """Slots and tokens"""
        for slot in self.lib.getSlotList():
            print(f"  slot {slot}: {self.lib.getSlotInfo(slot).slotDescription.strip()}")
        present = self.lib.getSlotList(tokenPresent=True)
        self.check(len(present) > 0, "there is a token")
        self.slot = present[0]
        token = self.lib.getTokenInfo(self.slot)
        print(f"  token {token.label.strip()}, serial number {token.serialNumber.strip()}")

    def login(self):
        """Login"""
        self.session = self.lib.openSession(self.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
        wrong = "".join(reversed(self.pin)) if self.pin != self.pin[::-1] else "9" * len(self.pin)
        self.check_refused(lambda: self.session.login(wrong), CKR_PIN_INCORRECT, "a wrong PIN is refused")
        flags = self.lib.getTokenInfo(self.slot).flags2text()
        self.check("CKF_USER_PIN_COUNT_LOW" in flags, "the token says that a try is gone")
        self.session.login(self.pin)
        flags = self.lib.getTokenInfo(self.slot).flags2text()
        self.check("CKF_USER_PIN_COUNT_LOW" not in flags, "the right PIN gives the tries back")

    def mechanisms(self):
        """Mechanisms"""
        names = self.lib.getMechanismList(self.slot)
        print(f"  {' '.join(names)}")
        self.offered = {CKM[name] for name in names}
        signing = {mechanism for mechanism in self.offered if "CKF_SIGN" in self.flags(mechanism)}
        unknown = signing - CODES - RSA_SIGNATURES.keys() - EC_SIGNATURES.keys() - ED25519_SIGNATURES.keys() - RAW_SIGNATURES
        self.check(not unknown, f"all {len(signing)} signature mechanisms are checked below")

    def flags(self, mechanism):
        return self.lib.getMechanismInfo(self.slot, CKM[mechanism]).flags2text()

    def generate(self):
        """Key pairs, generated on the card"""
        self.keys = {}
        for key_id, kind, purpose in KEYS:
            public_template = [(CKA_ID, key_id), (CKA_TOKEN, True)]
            if kind == "rsa":
                public_template += [(CKA_MODULUS_BITS, 2048), (CKA_PUBLIC_EXPONENT, (1, 0, 1))]
                mechanism, name = MechanismRSAGENERATEKEYPAIR, "RSA-2048"
            elif isinstance(kind, ec.EllipticCurve):
                public_template += [(CKA_EC_PARAMS, CURVE_OIDS[kind.name])]
                mechanism, name = MechanismECGENERATEKEYPAIR, kind.name
            else:
                params, number = EDWARDS if kind is ed25519.Ed25519PublicKey else MONTGOMERY
                public_template += [(CKA_EC_PARAMS, params)]
                mechanism, name = Mechanism(number), kind.__name__.removesuffix("PublicKey")
            private_template = [(CKA_ID, key_id), (CKA_TOKEN, True), (CKA_PRIVATE, True), (CKA_SENSITIVE, True)]
            public, private = self.session.generateKeyPair(public_template, private_template, mechanism)
            self.keys[key_id] = (public, private, self.read_public_key(public, kind))
            secret = CKA_PRIVATE_EXPONENT if kind == "rsa" else CKA_VALUE
            hidden = self.session.getAttributeValue(private, [secret]) == [None]
            self.check(hidden, f"{key_id.hex()}: {name} for {purpose}; the private key does not come out")

    def read_public_key(self, handle, kind):
        """Makes a key of python3-cryptography from the attributes of a public key."""
        if kind == "rsa":
            modulus, exponent = self.session.getAttributeValue(handle, [CKA_MODULUS, CKA_PUBLIC_EXPONENT])
            return rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
        point = bytes(self.session.getAttributeValue(handle, [CKA_EC_POINT])[0])
        if isinstance(kind, ec.EllipticCurve):
            return ec.EllipticCurvePublicKey.from_encoded_point(kind, point[2:])  # without the header of the OCTET STRING
        return kind.from_public_bytes(point)

    def import_key(self):
        """A key pair made elsewhere, brought onto the card"""
        key = ec.generate_private_key(ec.SECP256R1())
        private = self.session.createObject([
            (CKA_CLASS, CKO_PRIVATE_KEY), (CKA_KEY_TYPE, CKK_EC), (CKA_TOKEN, True), (CKA_PRIVATE, True),
            (CKA_ID, IMPORTED_ID), (CKA_EC_PARAMS, CURVE_OIDS["secp256r1"]),
            (CKA_VALUE, key.private_numbers().private_value.to_bytes(32, "big"))])
        signature = bytes(self.session.sign(private, DATA, Mechanism(CKM_ECDSA_SHA256)))
        self.check(self.verifies(key.public_key(), signature, EC_SIGNATURES[CKM_ECDSA_SHA256]),
                   f"{IMPORTED_ID.hex()}: an imported key signs")
        self.session.destroyObject(private)
        gone = self.session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_ID, IMPORTED_ID)]) == []
        self.check(gone, f"{IMPORTED_ID.hex()}: and is deleted again")

    def sign(self, key, data, mechanism):
        """Signs; a key with CKA_ALWAYS_AUTHENTICATE wants the PIN between the two steps, for each signature."""
        if not self.session.getAttributeValue(key, [CKA_ALWAYS_AUTHENTICATE])[0]:
            return bytes(self.session.sign(key, data, mechanism))
        low_level, handle = self.session.lib, self.session.session
        text, signature = PyKCS11.ckbytelist(data), PyKCS11.ckbytelist()
        self.expect_ok(low_level.C_SignInit(handle, mechanism.to_native(), key))
        self.session.login(self.pin, CKU_CONTEXT_SPECIFIC)
        self.expect_ok(low_level.C_Sign(handle, text, signature))  # asks for the length
        self.expect_ok(low_level.C_Sign(handle, text, signature))
        return bytes(signature)

    @staticmethod
    def expect_ok(result):
        if result != CKR_OK:
            raise PyKCS11.PyKCS11Error(result)

    def signatures(self):
        """Signatures"""
        for key_id, kind, _ in KEYS:
            public, private, verifier = self.keys[key_id]
            if not self.session.getAttributeValue(private, [CKA_SIGN])[0]:
                continue
            for number, row in self.rows_for(verifier).items():
                if number not in self.offered:
                    continue
                mechanism, data = row[:2]
                signature = self.sign(private, data, mechanism)
                self.check(self.verifies(verifier, signature, row), f"{key_id.hex()}: {CKM[number]}")
                if "CKF_VERIFY" in self.flags(number):
                    damaged = signature[:-1] + bytes([signature[-1] ^ 1])
                    both = (self.session.verify(public, data, signature, mechanism),
                            self.session.verify(public, data, damaged, mechanism))
                    self.check(both == (True, False), f"{key_id.hex()}: {CKM[number]}, verified by the module too")

    @staticmethod
    def rows_for(key):
        if isinstance(key, rsa.RSAPublicKey):
            return RSA_SIGNATURES
        return EC_SIGNATURES if isinstance(key, ec.EllipticCurvePublicKey) else ED25519_SIGNATURES

    @staticmethod
    def verifies(verifier, signature, row):
        if isinstance(verifier, ed25519.Ed25519PublicKey):
            try:
                verifier.verify(signature, DATA)
            except InvalidSignature:
                return False
            return True
        algorithm = row[-1]
        digest = hashlib.new(algorithm.name, DATA).digest()
        try:
            if isinstance(verifier, rsa.RSAPublicKey):
                verifier.verify(signature, digest, row[2], utils.Prehashed(algorithm))
            else:
                half = len(signature) // 2
                numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
                verifier.verify(utils.encode_dss_signature(*numbers), digest, ec.ECDSA(utils.Prehashed(algorithm)))
        except InvalidSignature:
            return False
        return True

    def decryptions(self):
        """Decryption with the RSA key"""
        _, private, encrypter = self.keys[b"\x03"]
        for name, mechanism, pad in DECRYPTIONS:
            sealed = encrypter.encrypt(DATA, pad)
            self.check(bytes(self.session.decrypt(private, sealed, mechanism)) == DATA, name)

    def agreement(self):
        """Key agreement (ECDH) with a key of another party"""
        _, private, public = self.keys[b"\x06"]
        peer = x25519.X25519PrivateKey.generate()
        secret, point = peer.exchange(public), peer.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        template = [(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_GENERIC_SECRET), (CKA_TOKEN, False),
                    (CKA_SENSITIVE, False), (CKA_EXTRACTABLE, True)]
        derived = self.session.deriveKey(private, template, PyKCS11.ECDH1_DERIVE_Mechanism(point))
        self.check(bytes(self.session.getAttributeValue(derived, [CKA_VALUE])[0]) == secret, "X25519: the same secret")
        for kdf, algorithm in DERIVATIONS.items():
            mechanism = PyKCS11.ECDH1_DERIVE_Mechanism(point, kdf, b"shared")
            derived = self.session.deriveKey(private, template + [(CKA_VALUE_LEN, 48)], mechanism)
            expected = X963KDF(algorithm, 48, b"shared").derive(secret)
            same = bytes(self.session.getAttributeValue(derived, [CKA_VALUE])[0]) == expected
            self.check(same, f"X25519 and the key derivation function with {algorithm.name}")
        self.check_refused(lambda: self.session.deriveKey(private, template, PyKCS11.ECDH1_DERIVE_Mechanism(bytes(32))),
                           CKR_MECHANISM_PARAM_INVALID, "a key that makes a secret of zeros is refused")

    def certificate(self):
        """Certificate: made by a small authority, stored on the card, found again"""
        authority_key = ec.generate_private_key(ec.SECP256R1())
        name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        begin = datetime.datetime(2024, 1, 1)
        certificate = (x509.CertificateBuilder().issuer_name(name("Demo authority")).subject_name(name("Demo user"))
                       .public_key(self.keys[b"\x01"][2]).serial_number(x509.random_serial_number())
                       .not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=36500))
                       .sign(authority_key, SHA256))
        value = certificate.public_bytes(serialization.Encoding.DER)
        self.session.createObject([
            (CKA_CLASS, CKO_CERTIFICATE), (CKA_CERTIFICATE_TYPE, CKC_X_509), (CKA_TOKEN, True), (CKA_ID, b"\x01"),
            (CKA_SUBJECT, certificate.subject.public_bytes()), (CKA_VALUE, value)])
        found = self.session.findObjects([(CKA_CLASS, CKO_CERTIFICATE), (CKA_ID, b"\x01")])
        self.check(len(found) == 1, "one certificate has the id of its key")
        stored, subject = self.session.getAttributeValue(found[0], [CKA_VALUE, CKA_SUBJECT])
        self.check(bytes(stored) == value, "its value is what was stored")
        self.check(bytes(subject) == certificate.subject.public_bytes(), "its subject can be searched for")

    def digests(self):
        """Digests and random numbers"""
        hashing = {mechanism for mechanism in self.offered if "CKF_DIGEST" in self.flags(mechanism)}
        self.check(hashing <= DIGESTS.keys(), f"all {len(hashing)} digest mechanisms are checked")
        for number, name in DIGESTS.items():
            if number in self.offered:
                digest = bytes(self.session.digest(DATA, Mechanism(number)))
                self.check(digest == hashlib.new(name, DATA).digest(), CKM[number])
        numbers = {bytes(self.session.generateRandom(32)) for _ in range(4)}
        self.check(len(numbers) == 4, "random numbers differ")

    def aes_gcm(self):
        """AES-GCM and AES-CMAC with session keys"""
        for key_size, nonce_size, header in ((16, 12, b""), (24, 12, b"header"), (32, 12, b"header"), (32, 16, b"h" * 100)):
            value, nonce = os.urandom(key_size), os.urandom(nonce_size)
            key = self.session.createObject([
                (CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_TOKEN, False), (CKA_VALUE, value),
                (CKA_ENCRYPT, True), (CKA_DECRYPT, True), (CKA_SIGN, True), (CKA_VERIFY, True)])
            mechanism = PyKCS11.AES_GCM_Mechanism(nonce, header, 128)
            sealed = AESGCM(value).encrypt(nonce, DATA, header)
            name = f"AES-{key_size * 8}, {nonce_size} bytes of nonce, {len(header)} of header"
            self.check(bytes(self.session.encrypt(key, DATA, mechanism)) == sealed, f"{name}: encrypts")
            self.check(bytes(self.session.decrypt(key, sealed, mechanism)) == DATA, f"{name}: decrypts")
            damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
            self.check_refused(lambda: self.session.decrypt(key, damaged, mechanism), CKR_ENCRYPTED_DATA_INVALID,
                               f"{name}: a damaged message is refused")
            self.codes(f"AES-{key_size * 8}", key, value)

    def codes(self, name, key, value):
        code = CMAC(AES(value))
        code.update(DATA)
        expected = code.finalize()
        for number, length, parameter in ((CKM_AES_CMAC, 16, None), (CKM_AES_CMAC_GENERAL, 4, struct.pack("@L", 4))):
            made = bytes(self.session.sign(key, DATA, Mechanism(number, parameter)))
            self.check(made == expected[:length] and self.session.verify(key, DATA, made, Mechanism(number, parameter)),
                       f"{name}, {CKM[number]}: {length} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Tour(sys.argv[1], os.environ.get("PIN") or getpass.getpass("PIN: ")).run()
