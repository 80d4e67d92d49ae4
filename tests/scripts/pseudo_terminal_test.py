#!/usr/bin/env python3
"""The client tests that type say in one sentence when there is no pseudo terminal, and fail."""

import pty
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients"))
import pseudo_terminal  # noqa: E402


def none_left():
    raise OSError("out of pty devices")


def main():
    pty.fork = none_left
    try:
        pseudo_terminal.fork()
    except SystemExit as end:
        print(end.code)
        return 0 if "out of pty devices" in end.code and "mount devpts" in end.code and "\n" not in end.code else 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
