#!/usr/bin/env python3
"""Tells what readers and cards do: waits for events, without asking again and again.

Needs python3-pykcs11. Usage: events.py MODULE [COUNT]; ends after COUNT events, or with Ctrl-C.
"""

import signal
import sys

import PyKCS11

lib = PyKCS11.PyKCS11Lib()
lib.load(sys.argv[1])
left = int(sys.argv[2]) if len(sys.argv) > 2 else -1
signal.signal(signal.SIGINT, signal.SIG_DFL)  # the wait is inside the module: Python's own handler would come too late


def state(slot):
    if slot not in lib.getSlotList(tokenPresent=True):
        return "no card"
    try:
        return f"card \"{lib.getTokenInfo(slot).label.strip()}\""
    except PyKCS11.PyKCS11Error as error:
        return f"card without a profile ({error})"


for slot in lib.getSlotList():
    print(f"{lib.getSlotInfo(slot).slotDescription.strip()}: {state(slot)}", flush=True)
print("waiting", flush=True)
while left != 0:
    slot = lib.waitForSlotEvent()
    print(f"{lib.getSlotInfo(slot).slotDescription.strip()}: {state(slot)}", flush=True)
    left -= 1
