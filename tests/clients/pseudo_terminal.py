"""A pseudo terminal for the tests that type."""

import pty
import sys


def fork():
    """pty.fork, which ends the program with a sentence where the system has no pseudo terminal to give."""
    try:
        return pty.fork()
    except OSError as error:
        sys.exit(f"This test types at a pseudo terminal, and none can be had ({error}): mount devpts at /dev/pts.")
