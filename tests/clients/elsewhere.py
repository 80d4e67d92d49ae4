"""Two other implementations of what a card computes, with the same methods: python3-cryptography and the command
openssl. Keys are keys of python3-cryptography. Schemes: pkcs1, pss (salt as long as the hash), ecdsa, eddsa, raw for
signatures; pkcs1, oaep, raw for encryption. Hashes have the names of hashlib; ECDSA signatures are r and s.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils, x25519
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

HASHES = {"sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384,
          "sha512": hashes.SHA512, "sha3_224": hashes.SHA3_224, "sha3_256": hashes.SHA3_256,
          "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512}


def public_pem(key):
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def field_bytes(key):
    return (key.curve.key_size + 7) // 8


def to_der(key, signature):
    half = field_bytes(key)
    return utils.encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def from_der(key, signature):
    return b"".join(number.to_bytes(field_bytes(key), "big") for number in utils.decode_dss_signature(signature))


def raw_rsa(numbers, exponent, block):
    size = (numbers.n.bit_length() + 7) // 8
    return pow(int.from_bytes(block, "big"), exponent, numbers.n).to_bytes(size, "big")


class Cryptography:
    """python3-cryptography; its raw RSA is Python's own arithmetic."""

    name = "cryptography"
    oaep_hashes = [name for name in HASHES if not name.startswith("sha3")]

    @staticmethod
    def signature_padding(scheme, algorithm):
        return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size) if scheme == "pss" else padding.PKCS1v15()

    @staticmethod
    def encryption_padding(scheme, name, label):
        if scheme == "pkcs1":
            return padding.PKCS1v15()
        return padding.OAEP(padding.MGF1(HASHES[name]()), HASHES[name](), label or None)

    def verify(self, key, scheme, name, data, signature):
        try:
            if scheme == "raw":
                numbers = key.public_numbers()
                size = (numbers.n.bit_length() + 7) // 8
                return raw_rsa(numbers, numbers.e, signature) == data.rjust(size, b"\0")
            if scheme == "eddsa":
                key.verify(signature, data)
            elif scheme == "ecdsa":
                key.verify(to_der(key, signature), data, ec.ECDSA(HASHES[name]()))
            else:
                key.verify(signature, data, self.signature_padding(scheme, HASHES[name]()), HASHES[name]())
        except InvalidSignature:
            return False
        return True

    def sign(self, key, scheme, name, data):
        if scheme == "raw":
            numbers = key.private_numbers()
            return raw_rsa(numbers.public_numbers, numbers.d, data)
        if scheme == "eddsa":
            return key.sign(data)
        if scheme == "ecdsa":
            return from_der(key, key.sign(data, ec.ECDSA(HASHES[name]())))
        return key.sign(data, self.signature_padding(scheme, HASHES[name]()), HASHES[name]())

    def encrypt(self, key, scheme, name, label, data):
        if scheme == "raw":
            return raw_rsa(key.public_numbers(), key.public_numbers().e, data)
        return key.encrypt(data, self.encryption_padding(scheme, name, label))

    def decrypt(self, key, scheme, name, label, data):
        if scheme == "raw":
            return raw_rsa(key.private_numbers().public_numbers, key.private_numbers().d, data)
        return key.decrypt(data, self.encryption_padding(scheme, name, label))

    def agree(self, key, peer):
        return key.exchange(peer) if isinstance(key, x25519.X25519PrivateKey) else key.exchange(ec.ECDH(), peer)

    def derive(self, secret, name, shared, length):
        return X963KDF(HASHES[name](), length, shared).derive(secret)


class OpenSsl:
    """The command openssl, of OpenSSL 3."""

    name = "openssl"
    oaep_hashes = list(HASHES)

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()

    def file(self, name, content):
        path = Path(self.directory.name) / name
        path.write_bytes(content)
        return str(path)

    def run(self, *arguments):
        result = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return result.returncode, result.stdout, result.stderr.decode()

    def output(self, *arguments):
        status, output, errors = self.run(*arguments)
        if status != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {errors}")
        return output

    @staticmethod
    def digest(name):
        return name.replace("_", "-")

    def signature_options(self, scheme, name):
        options = ["-rawin"]
        if name:
            options += ["-digest", self.digest(name)]
        if scheme == "pss":
            length = hashlib.new(name).digest_size
            options += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", f"rsa_pss_saltlen:{length}"]
        return options

    def encryption_options(self, scheme, name, label):
        modes = {"pkcs1": "pkcs1", "oaep": "oaep", "raw": "none"}
        options = ["-pkeyopt", f"rsa_padding_mode:{modes[scheme]}"]
        if scheme == "oaep":
            options += ["-pkeyopt", f"rsa_oaep_md:{self.digest(name)}", "-pkeyopt", f"rsa_mgf1_md:{self.digest(name)}"]
        if label:
            options += ["-pkeyopt", f"rsa_oaep_label:{label.hex()}"]
        return options

    def verify(self, key, scheme, name, data, signature):
        public = ["-pubin", "-inkey", self.file("public.pem", public_pem(key))]
        if scheme == "raw":
            sealed = self.file("signature", signature)
            opened = self.output("pkeyutl", "-verifyrecover", *public, "-in", sealed, "-pkeyopt", "rsa_padding_mode:none")
            return opened == data.rjust(len(signature), b"\0")
        written = to_der(key, signature) if scheme == "ecdsa" else signature
        status, output, _ = self.run("pkeyutl", "-verify", *public, *self.signature_options(scheme, name), "-in",
                                     self.file("data", data), "-sigfile", self.file("signature", written))
        return status == 0 and b"Verified Successfully" in output

    def sign(self, key, scheme, name, data):
        private = ["-inkey", self.file("private.pem", private_pem(key))]
        if scheme == "raw":  # with -sign the command takes no more than a digest
            return self.decrypt(key, scheme, name, b"", data.rjust((key.key_size + 7) // 8, b"\0"))
        made = self.output("pkeyutl", "-sign", *private, *self.signature_options(scheme, name), "-in",
                           self.file("data", data))
        return from_der(key, made) if scheme == "ecdsa" else made

    def encrypt(self, key, scheme, name, label, data):
        if scheme == "raw":
            data = data.rjust((key.key_size + 7) // 8, b"\0")
        return self.output("pkeyutl", "-encrypt", "-pubin", "-inkey", self.file("public.pem", public_pem(key)),
                           *self.encryption_options(scheme, name, label), "-in", self.file("data", data))

    def decrypt(self, key, scheme, name, label, data):
        return self.output("pkeyutl", "-decrypt", "-inkey", self.file("private.pem", private_pem(key)),
                           *self.encryption_options(scheme, name, label), "-in", self.file("data", data))

    def agree(self, key, peer):
        return self.output("pkeyutl", "-derive", "-inkey", self.file("private.pem", private_pem(key)), "-peerkey",
                           self.file("peer.pem", public_pem(peer)))

    def derive(self, secret, name, shared, length):
        options = ["-keylen", str(length), "-kdfopt", f"digest:{self.digest(name)}", "-kdfopt",
                   f"hexkey:{secret.hex()}"]
        if shared:
            options += ["-kdfopt", f"hexinfo:{shared.hex()}"]
        return self.output("kdf", *options, "-binary", "X963KDF")
