#!/usr/bin/env python3
"""jeton softcard serve, with a virtual reader of ours at the other end of the connection."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

JETON = os.environ["JETON"]
PATIENCE = 20

OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"
SOFTCARD_ATR = "3b8b8131fe458073c021c0556a65746f6e7d"
SELECT = bytes.fromhex("00A4040005A000000308")
SELECT_EXTENDED = bytes.fromhex("00A40400000005A0000003080000")
VERIFY = bytes.fromhex("0020008008") + b"123456\xff\xff"
TRIES_LEFT = bytes.fromhex("00200080")

# Arguments (@ stands for a port that nobody listens on), exit status, patterns for standard output and standard error.
ROWS = [
    ("softcard serve", 2, r"^$", r"NAME is required"),
    ("softcard serve --help", 0, r"--vpcd HOST:PORT", r"^$"),
    ("softcard serve nobody", 1, r"^$", r'There is no software card "nobody"'),
    ("softcard serve ../main", 1, r"^$", r"There is no software card"),
    ("softcard serve main --vpcd", 2, r"^$", r"--vpcd"),
    ("softcard serve main --vpcd localhost:", 2, r"^$", r"is not HOST:PORT"),
    ("softcard serve main --vpcd localhost:65536", 2, r"^$", r"is not HOST:PORT"),
    ("softcard serve main --vpcd 127.0.0.1:@", 1, r"^$", r"No connection to 127\.0\.0\.1:@: .*vsmartcard-vpcd.*pcscd"),
    ("softcard serve main --vpcd no-such-host.invalid", 1, r"^$", r'There is no host "no-such-host\.invalid"'),
]


class Reader:
    """A virtual reader: listens, takes one card, asks it."""

    def __init__(self, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.card = None

    def insert(self):
        self.card = self.listener.accept()[0]
        self.card.settimeout(PATIENCE)

    def send(self, message):
        self.card.sendall(len(message).to_bytes(2, "big") + message)

    def take(self, count):
        out = b""
        while len(out) < count:
            piece = self.card.recv(count - len(out))
            if not piece:
                raise EOFError(out.hex())
            out += piece
        return out

    def ask(self, message):
        self.send(message)
        return self.take(int.from_bytes(self.take(2), "big")).hex()

    def close(self):
        for side in (self.card, self.listener):
            if side:
                side.close()


class Test:
    def __init__(self, directory):
        self.wrong = 0
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("JETON_", "XDG_"))}
        self.environment.update(HOME=directory, JETON_STATE_DIR=f"{directory}/state", LC_ALL="C.UTF-8")
        os.makedirs(f"{directory}/.config/jeton", exist_ok=True)
        with open(f"{directory}/.config/jeton/jeton.json", "w", encoding="ascii") as file:
            json.dump({"readers": {"access": "none"}}, file)  # software cards alone, whatever readers the machine has

    def expect(self, condition, what):
        if not condition:
            self.wrong += 1
            print(f"WRONG: {what}", flush=True)

    def part(self, part):
        """One part of the test; an error in it is a wrong answer too."""
        print(part.__name__, flush=True)
        try:
            part()
        except Exception as error:  # pylint: disable=broad-except
            self.expect(False, f"{part.__name__}: {error!r}")

    def run(self, *arguments):
        return subprocess.run([JETON, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env=self.environment, timeout=60)

    def start(self, name, place, **environment):
        return subprocess.Popen([JETON, "softcard", "serve", name, "--vpcd", place], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**self.environment, **environment})

    def serve(self, name, host="127.0.0.1", **environment):
        """A virtual reader with the card in it, and the process that serves the card."""
        reader = Reader(host)
        process = self.start(name, f"[{host}]:{reader.port}" if ":" in host else f"{host}:{reader.port}", **environment)
        reader.insert()
        self.expect("is in the virtual reader at" in process.stdout.readline(), "a line says where the card is")
        return reader, process

    def ended(self, process, status, output, errors):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        self.expect(process.returncode == status and re.search(output, out) and re.search(errors, err),
                    f"ended with {process.returncode}, not {status} {output!r} {errors!r}\n{out}\n{err}")

    def command_lines(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = str(closed.getsockname()[1])
        for line, status, output, errors in ROWS:
            result = self.run(*line.replace("@", port).split())
            self.expect(result.returncode == status and re.search(output, result.stdout) and
                        re.search(errors.replace("@", port), result.stderr),
                        f"jeton {line}: {result.returncode}\n{result.stdout}\n{result.stderr}")

    def a_session(self):
        for host in ("127.0.0.1", "::1") if loopback_has_ipv6() else ("127.0.0.1",):
            print(f"a session over {host}", flush=True)
            reader, process = self.serve("main", host)
            self.expect(reader.ask(ATR) == SOFTCARD_ATR, "the ATR before power")
            reader.send(ON)
            self.expect(reader.ask(ATR) == SOFTCARD_ATR, "the ATR")
            self.expect(reader.ask(SELECT).endswith("9000") and reader.ask(VERIFY) == "9000", "select and verify")
            self.expect(reader.ask(TRIES_LEFT) == "9000", "the PIN is verified")
            for controls in ((RESET,), (ON,), (OFF, ON)):
                reader.ask(VERIFY)
                for control in controls:
                    reader.send(control)
                reader.ask(SELECT)
                self.expect(reader.ask(TRIES_LEFT) == "63c3", f"after {controls} the PIN is not verified")
            reader.close()
            self.ended(process, 0, r"taken out: .* ended the connection", r"^$")

    def short_pieces(self):
        reader, process = self.serve("main")
        for byte in b"\x00\x01" + ON + len(SELECT).to_bytes(2, "big") + SELECT:
            reader.card.sendall(bytes([byte]))
            time.sleep(0.005)
        self.expect(reader.take(int.from_bytes(reader.take(2), "big")).hex().endswith("9000"), "byte by byte")
        reader.close()
        self.ended(process, 0, r"ended the connection", r"^$")

    def no_delays(self):
        """Some vpcd sends length and content apart: without quick acknowledgements each message takes 40 ms more."""
        reader, process = self.serve("main")
        times = []
        for _ in range(3):
            start = time.monotonic()
            for _ in range(25):
                reader.card.sendall(b"\x00\x01")
                reader.card.sendall(ATR)
                reader.take(int.from_bytes(reader.take(2), "big"))
            times.append(time.monotonic() - start)
        print(f"25 messages in two pieces each: {min(times) * 1000:.1f} ms")
        self.expect(min(times) < 0.5, f"25 messages take {times} s")
        reader.close()
        self.ended(process, 0, r"ended the connection", r"^$")

    def a_configured_card(self):
        """The reader of the configuration carries short APDUs alone, vpcd every length; the card is slow in both."""
        config = os.path.join(self.environment["HOME"], "jeton.json")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"readers": {"access": "none"}, "softCards": {"exchange": "short-apdu", "commandMilliseconds": 200}}, file)
        reader, process = self.serve("main", JETON_CONFIG=config)
        reader.send(ON)
        reader.ask(ATR)
        start = time.monotonic()
        self.expect(reader.ask(SELECT_EXTENDED).endswith("9000"), "an APDU of extended length")
        self.expect(time.monotonic() - start > 0.19, "the card takes its time")
        reader.close()
        self.ended(process, 0, r"ended the connection", r"^$")

    def signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            for powered in (False, True):
                reader, process = self.serve("main")
                if powered:
                    reader.send(ON)
                    reader.ask(ATR)
                process.send_signal(number)
                self.ended(process, 0, r"taken out, as a signal asked", r"^$")
                reader.close()

    def other_protocols(self):
        for garbage, errors in ((b"\x00\x00", "an empty message"), (b"\x00\x01\x03", "control 03"),
                                (b"GET / HTTP/1.1\r\n\r\n", None), (b"\xff\xff", None)):
            reader, process = self.serve("main")
            reader.card.sendall(garbage)
            if errors is None:  # the beginning of a message: the peer closes before its end
                reader.close()
                self.ended(process, 0, r"ended the connection", r"^$")
            else:
                self.ended(process, 1, r"^$", f"no virtual reader: it sent .*{errors}")
                reader.close()

    def a_card_that_is_deleted(self):
        self.run("softcard", "create", "short-lived", "--applet", "piv")
        reader, process = self.serve("short-lived")
        reader.ask(ATR)
        self.run("softcard", "delete", "short-lived", "--yes")
        reader.send(ATR)
        self.expect(reader.card.recv(1) == b"", "the connection ends")
        self.ended(process, 1, r"^$", r"jeton: jeton soft card short-lived: the card is gone")
        reader.close()

    def turns(self):
        """Whoever powers the card has it alone; the next one waits, and goes on when the first has finished."""
        first, first_process = self.serve("main")
        first.send(ON)
        first.ask(ATR)
        second = Reader()
        waiting = self.start("main", f"127.0.0.1:{second.port}")
        interrupted = self.start("main", f"127.0.0.1:{second.port}")
        time.sleep(0.5)
        self.expect(waiting.poll() is None and interrupted.poll() is None, "others wait for the card")
        interrupted.send_signal(signal.SIGTERM)
        self.ended(interrupted, 0, r"as a signal asked", r"^$")
        first.send(OFF)
        second.insert()
        second.send(ON)
        self.expect(second.ask(ATR) == SOFTCARD_ATR, "the second one has the card")
        first_process.kill()
        first_process.communicate()
        self.expect(second.ask(SELECT).endswith("9000"), "the first one's death changes nothing")
        for side in (first, second):
            side.close()
        self.ended(waiting, 0, r"ended the connection", r"^$")

    def the_holder_is_named(self):
        """Takes as long as a program waits for a card: 30 s. Runs beside the others, with a card of its own."""
        reader, process = self.serve("held")
        reader.send(ON)
        reader.ask(ATR)
        result = self.run("list", "--json")
        row = next(row for row in json.loads(result.stdout) if row["reader"] == "jeton soft card held")
        self.expect(f"in use by jeton (pid {process.pid})" in row.get("error", ""), f"the holder's name and pid: {row}")
        reader.send(OFF)
        reader.ask(ATR)
        result = self.run("list", "--json")
        row = next(row for row in json.loads(result.stdout) if row["reader"] == "jeton soft card held")
        self.expect(row["card"] == "present" and row.get("profile") == "piv", f"free again: {row}")
        reader.close()
        self.ended(process, 0, r"ended the connection", r"^$")


def loopback_has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def main():
    with tempfile.TemporaryDirectory(prefix="jeton-vpcd.") as directory:
        test = Test(directory)
        for name in ("main", "held"):
            test.expect(test.run("softcard", "create", name, "--applet", "piv").returncode == 0, f"the card {name}")
        beside = threading.Thread(target=test.part, args=[test.the_holder_is_named])
        beside.start()
        for part in (test.command_lines, test.a_session, test.short_pieces, test.no_delays, test.a_configured_card,
                     test.signals, test.other_protocols, test.a_card_that_is_deleted, test.turns):
            test.part(part)
        beside.join()
    print(f"{test.wrong} wrong")
    return 1 if test.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
