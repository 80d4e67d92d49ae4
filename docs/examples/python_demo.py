#!/usr/bin/env python3
"""A tour of a card with PyKCS11: everything that the card can do, each result checked by python3-cryptography.

Usage: python_demo.py MODULE        (the path of libjeton-pkcs11.so; the PIN is asked for, or stands in PIN)

It takes the first token, generates key pairs in the first four key slots, and needs an empty card therefore.
Needs python3-pykcs11 and python3-cryptography.
"""

import datetime
import getpass
import hashlib
import os
import sys

import PyKCS11
from PyKCS11 import *  # the constants: CKA_ID, CKM_ECDSA and so on
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DATA = b"The quick brown fox jumps over the lazy dog"

# CKA_ID, kind of key and what it is for: on a PIV card the id names the key slot (01 is 9A and so on).
KEYS = [
    (b"\x01", "rsa", "signatures"),
    (b"\x02", ec.SECP384R1(), "signatures, PIN for each"),
    (b"\x03", "rsa", "decryption"),
    (b"\x04", ec.SECP256R1(), "signatures"),
]
CURVE_OIDS = {"secp256r1": bytes.fromhex("06082a8648ce3d030107"), "secp384r1": bytes.fromhex("06052b81040022")}

SHA1, SHA224, SHA256 = hashes.SHA1(), hashes.SHA224(), hashes.SHA256()
SHA384, SHA512 = hashes.SHA384(), hashes.SHA512()
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def pss(mechanism, pss_hash, mgf, length):
    return PyKCS11.RSA_PSS_Mechanism(mechanism, pss_hash, mgf, length)


def pss_padding(algorithm):
    return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)


# Signature mechanisms: how it is called, what is given to the card, and padding and hash to verify with.
# Where the hash is None, the card gets a digest and the verification is told so.
PKCS1 = padding.PKCS1v15()
RSA_SIGNATURES = {
    CKM_RSA_PKCS: (Mechanism(CKM_RSA_PKCS), DIGEST_INFO_SHA256 + hashlib.sha256(DATA).digest(), PKCS1, SHA256),
    CKM_SHA1_RSA_PKCS: (Mechanism(CKM_SHA1_RSA_PKCS), DATA, PKCS1, SHA1),
    CKM_SHA224_RSA_PKCS: (Mechanism(CKM_SHA224_RSA_PKCS), DATA, PKCS1, SHA224),
    CKM_SHA256_RSA_PKCS: (Mechanism(CKM_SHA256_RSA_PKCS), DATA, PKCS1, SHA256),
    CKM_SHA384_RSA_PKCS: (Mechanism(CKM_SHA384_RSA_PKCS), DATA, PKCS1, SHA384),
    CKM_SHA512_RSA_PKCS: (Mechanism(CKM_SHA512_RSA_PKCS), DATA, PKCS1, SHA512),
    CKM_RSA_PKCS_PSS: (pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32), hashlib.sha256(DATA).digest(),
                       pss_padding(SHA256), SHA256),
    CKM_SHA1_RSA_PKCS_PSS: (pss(CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1, CKG_MGF1_SHA1, 20), DATA, pss_padding(SHA1), SHA1),
    CKM_SHA224_RSA_PKCS_PSS: (pss(CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224, CKG_MGF1_SHA224, 28), DATA,
                              pss_padding(SHA224), SHA224),
    CKM_SHA256_RSA_PKCS_PSS: (pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32), DATA,
                              pss_padding(SHA256), SHA256),
    CKM_SHA384_RSA_PKCS_PSS: (pss(CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 48), DATA,
                              pss_padding(SHA384), SHA384),
    CKM_SHA512_RSA_PKCS_PSS: (pss(CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, 64), DATA,
                              pss_padding(SHA512), SHA512),
}
EC_SIGNATURES = {
    CKM_ECDSA: (Mechanism(CKM_ECDSA), hashlib.sha256(DATA).digest(), SHA256),
    CKM_ECDSA_SHA1: (Mechanism(CKM_ECDSA_SHA1), DATA, SHA1),
    CKM_ECDSA_SHA224: (Mechanism(CKM_ECDSA_SHA224), DATA, SHA224),
    CKM_ECDSA_SHA256: (Mechanism(CKM_ECDSA_SHA256), DATA, SHA256),
    CKM_ECDSA_SHA384: (Mechanism(CKM_ECDSA_SHA384), DATA, SHA384),
    CKM_ECDSA_SHA512: (Mechanism(CKM_ECDSA_SHA512), DATA, SHA512),
}
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
        for step in (self.info, self.slots, self.login, self.mechanisms, self.generate, self.signatures,
                     self.decryptions, self.certificate, self.digests, self.aes_gcm):
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
        unknown = signing - RSA_SIGNATURES.keys() - EC_SIGNATURES.keys()
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
            else:
                public_template += [(CKA_EC_PARAMS, CURVE_OIDS[kind.name])]
                mechanism, name = MechanismECGENERATEKEYPAIR, kind.name
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
        return ec.EllipticCurvePublicKey.from_encoded_point(kind, point[2:])  # without the header of the OCTET STRING

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
            for number, row in (RSA_SIGNATURES if kind == "rsa" else EC_SIGNATURES).items():
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
    def verifies(verifier, signature, row):
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
        """AES-GCM with session keys"""
        for key_size, nonce_size, header in ((16, 12, b""), (24, 12, b"header"), (32, 12, b"header"), (32, 16, b"h" * 100)):
            value, nonce = os.urandom(key_size), os.urandom(nonce_size)
            key = self.session.createObject([
                (CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_TOKEN, False), (CKA_VALUE, value),
                (CKA_ENCRYPT, True), (CKA_DECRYPT, True)])
            mechanism = PyKCS11.AES_GCM_Mechanism(nonce, header, 128)
            sealed = AESGCM(value).encrypt(nonce, DATA, header)
            name = f"AES-{key_size * 8}, {nonce_size} bytes of nonce, {len(header)} of header"
            self.check(bytes(self.session.encrypt(key, DATA, mechanism)) == sealed, f"{name}: encrypts")
            self.check(bytes(self.session.decrypt(key, sealed, mechanism)) == DATA, f"{name}: decrypts")
            damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
            self.check_refused(lambda: self.session.decrypt(key, damaged, mechanism), CKR_ENCRYPTED_DATA_INVALID,
                               f"{name}: a damaged message is refused")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Tour(sys.argv[1], os.environ.get("PIN") or getpass.getpass("PIN: ")).run()
