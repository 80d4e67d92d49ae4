#!/usr/bin/env python3
"""cvc.py FILE DEVICE OUT: reads a certificate request of the application sc-hsm (67) and the device certificates (file 2F02),
checks every signature in both with a library that we did not write, and writes the public key of the request as PEM."""

import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

CURVES = [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1, ec.SECP256K1]


def objects(data):
    """The data objects of one level: tag, value, and the whole object."""
    at = 0
    while at < len(data):
        start, tag = at, data[at]
        at += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | data[at]
            at += 1
        length = data[at]
        at += 1
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at:at + count], "big")
            at += count
        yield tag, data[at:at + length], data[start:at + length]
        at += length


def fields(data):
    return {tag: value for tag, value, _ in objects(data)}


def curve_of(key):
    """The curve on which the generator lies, tag 84; P-256 where a key leaves its curve to its issuer."""
    if 0x84 not in key:
        return ec.SECP256R1()
    for curve in CURVES:
        one = ec.derive_private_key(1, curve()).public_key().public_numbers()
        size = (curve.key_size + 7) // 8
        if key[0x84] == b"\x04" + one.x.to_bytes(size, "big") + one.y.to_bytes(size, "big"):
            return curve()
    sys.exit("a curve that this script does not know")


def public_key(content):
    key = fields(content)
    if 0x86 in key:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve_of(key), key[0x86])
    return rsa.RSAPublicNumbers(int.from_bytes(key[0x82], "big"), int.from_bytes(key[0x81], "big")).public_key()


def verify(key, signature, message):
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return
        half = len(signature) // 2
        numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        key.verify(utils.encode_dss_signature(*numbers), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        sys.exit("a signature is wrong")


class Certificate:
    """The object 7F21."""

    def __init__(self, content):
        (_, body, self.signed), (_, self.signature, _) = objects(content)
        parts = fields(body)
        self.issuer, self.holder = parts[0x42], parts[0x5F20]
        self.key = public_key(parts[0x7F49])


def check_device(data):
    """The device certificate, whose issuer's follows it and signed itself."""
    device, issuer = [Certificate(content) for tag, content, _ in objects(data) if tag == 0x7F21]
    assert device.issuer == issuer.holder == issuer.issuer, "the names of the device certificates do not fit"
    verify(issuer.key, issuer.signature, issuer.signed)
    verify(issuer.key, device.signature, device.signed)
    return device


def main():
    file, device_file, out = sys.argv[1:]
    with open(device_file, "rb") as stream:
        device = check_device(stream.read())
    with open(file, "rb") as stream:
        (tag, request, _), = objects(stream.read())
    assert tag == 0x67, "no request"
    (_, inner, whole), (_, outer, named), (_, signature, _) = objects(request)
    certificate = Certificate(inner)
    verify(certificate.key, certificate.signature, certificate.signed)
    assert outer == device.holder, "another key signed the request"
    verify(device.key, signature, whole + named)
    with open(out, "wb") as stream:
        stream.write(certificate.key.public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo))


main()
