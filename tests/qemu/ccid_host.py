#!/usr/bin/env python3
"""Plays the person at QEMU's own reader: ccid_host.py DIRECTORY OUT CARD-PROGRAM CARD-FILE.

Puts the card in, and does what the guest asks for by files in OUT: "unplug" and "plug" take the reader away and bring it
back, through QMP at DIRECTORY/qmp. The file is removed when it is done. Ends when it is killed.
"""

import json
import pathlib
import socket
import subprocess
import sys
import time

directory, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
card = None


def connect(path):
    """Waits until QEMU listens."""
    for _ in range(600):
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(str(path))
            return peer
        except OSError:
            peer.close()
            time.sleep(0.1)
    sys.exit(f"nobody listens at {path}")


class Machine:
    def __init__(self):
        self.stream = connect(directory / "qmp").makefile("rw")
        self.stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        return self.wait_for("return")

    def wait_for(self, word):
        while True:
            line = json.loads(self.stream.readline())
            if "error" in line:
                sys.exit(f"QEMU refuses: {line}")
            if word in line or line.get("event") == word:
                return line


def insert():
    """The card is a program of its own: it introduces itself once to each reader."""
    global card
    card = subprocess.Popen([sys.argv[3], directory / "card", sys.argv[4]])


def unplug(machine):
    card.kill()
    card.wait()
    machine.execute("device_del", id="reader")
    machine.wait_for("DEVICE_DELETED")


def plug(machine):
    machine.execute("device_add", driver="usb-ccid", id="reader", bus="xhci.0")
    machine.execute("device_add", driver="ccid-card-passthru", id="card", chardev="c0", bus="reader.0")
    insert()


machine = Machine()
insert()
try:
    while True:
        for name, action in (("unplug", unplug), ("plug", plug)):
            if (out / name).exists():
                action(machine)
                (out / name).unlink()
        time.sleep(0.1)
finally:
    card.kill()
