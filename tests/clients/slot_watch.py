#!/usr/bin/env python3
"""slot_watch.py MODULE DESCRIPTION STEP...: goes through the steps with the slot of that description, and prints each when it
is done. Steps: "present" and "absent" wait for the token; "sign PIN ID INPUT OUTPUT" logs in and makes an SHA256-RSA-PKCS
signature, and leaves the session open for "sign-again INPUT OUTPUT"; "fail INPUT" is a signature that must fail, with an error of
the device; "pause FILE" waits until there is such a file."""

import sys
import time
from pathlib import Path

import PyKCS11

PATIENCE = 40


class Watch:
    def __init__(self, module, description):
        self.library = PyKCS11.PyKCS11Lib()
        self.library.load(module)
        self.description = description
        self.session = None
        self.key = None

    def slot(self):
        for slot in self.library.getSlotList():
            if self.library.getSlotInfo(slot).slotDescription.strip() == self.description:
                return slot
        return None

    def wait_for(self, present):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            slot = self.slot()
            there = slot is not None and self.library.getSlotInfo(slot).flags & PyKCS11.CKF_TOKEN_PRESENT != 0
            if there == present:
                return
            time.sleep(0.05)
        sys.exit(f"{self.description}: not {'present' if present else 'absent'} in {PATIENCE} s")

    def sign(self, pin, key_id, data, out):
        self.session = self.library.openSession(self.slot(), PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
        self.session.login(pin)
        self.key = self.session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY),
                                             (PyKCS11.CKA_ID, tuple(bytes.fromhex(key_id)))])[0]
        self.sign_again(data, out)

    def sign_again(self, data, out):
        mechanism = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None)
        Path(out).write_bytes(bytes(self.session.sign(self.key, Path(data).read_bytes(), mechanism)))

    def fail(self, data):
        begin = time.monotonic()
        try:
            self.sign_again(data, "/dev/null")
        except PyKCS11.PyKCS11Error as error:
            print(f"refused after {time.monotonic() - begin:.1f} s: {error}")
            return
        sys.exit("the signature did not fail")

    def step(self, words):
        if words[0] in ("present", "absent"):
            self.wait_for(words[0] == "present")
        elif words[0] == "sign":
            self.sign(*words[1:])
        elif words[0] == "sign-again":
            self.sign_again(*words[1:])
        elif words[0] == "fail":
            self.fail(words[1])
        elif words[0] == "pause":
            end = time.monotonic() + PATIENCE
            while not Path(words[1]).exists():
                if time.monotonic() > end:
                    sys.exit(f"no file {words[1]} in {PATIENCE} s")
                time.sleep(0.02)
        else:
            sys.exit(f"unknown step {words[0]}")


def main():
    watch = Watch(sys.argv[1], sys.argv[2])
    for words in sys.argv[3:]:
        watch.step(words.split())
        print(words.split()[0], flush=True)


if __name__ == "__main__":
    main()
