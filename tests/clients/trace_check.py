#!/usr/bin/env python3
"""trace_check.py TRACE WANTED SECRETS: searches a trace for secrets, also where messages, blocks and chains are put together.

WANTED and SECRETS are files with a line `name hex` each. Every value of WANTED must be found, most of them only in what was
put together: that tests the search. No six bytes of SECRETS may be found anywhere, no six digits of them as text either.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from usb_pcapng import packets  # noqa: E402

WINDOW = 6


def messages(data, half, types):
    """The data of the CCID messages of these types in one direction."""
    return [payload[10:] for event, kind, *_, payload in packets(data)
            if event == half and kind == 3 and payload and payload[0] in types]


def block_information(messages_):
    """The information fields of T=1 blocks; messages that are none as they are."""
    return [it[3:3 + it[2]] if len(it) > 3 and len(it) - it[2] in (4, 5) else it for it in messages_]


def command_data(commands):
    """The data fields of commands, short or extended, header or not; the rest as it is."""
    fields = []
    for it in commands:
        if len(it) > 7 and it[4] == 0:
            fields.append(it[7:7 + int.from_bytes(it[5:7], "big")])
        else:
            fields.append(it[5:5 + it[4]] if len(it) > 5 else b"")
    return fields


def response_data(responses):
    return [it[:-2] for it in responses]


def views(data):
    """The file, and what both directions say when it is put together in each way that the layers have."""
    yield data
    sent, received = messages(data, "S", (0x6F, 0x69, 0x6B)), messages(data, "C", (0x80, 0x83))
    for out in (sent, block_information(sent)):
        yield b"".join(out)
        yield b"".join(command_data(out))
        whole = b"".join(command_data(out))
        yield b"".join(command_data([whole]))
    for back in (received, block_information(received)):
        yield b"".join(back)
        yield b"".join(response_data(back))


def values(path):
    lines = [line.split() for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(name, bytes.fromhex(value)) for name, value in lines]


def main():
    trace, wanted, secrets = sys.argv[1:]
    all_views = list(views(Path(trace).read_bytes()))
    failures = []
    for name, value in values(wanted):
        if not any(value in view for view in all_views):
            failures.append(f"{name} is not in the trace: the search does not find what it should")
    for name, value in values(secrets):
        windows = {value[i:i + WINDOW] for i in range(max(1, len(value) - WINDOW + 1))}
        windows |= {window.hex().encode() for window in windows} | {window.hex().upper().encode() for window in windows}
        found = [window for window in windows if any(window in view for view in all_views)]
        if found:
            failures.append(f"{len(found)} pieces of {name} are in the trace: {found[0].hex()}")
    print("\n".join(failures) or f"{trace}: {len(all_views)} views, nothing secret")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
