#!/usr/bin/env python3
"""The jeton command: a table of command lines with what they must answer, then questions at a terminal."""

import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pseudo_terminal

JETON = os.environ["JETON"]
MODULE = os.environ["MODULE"]

# Arguments (@ stands for the test's directory), exit status, patterns for standard output and standard error.
ROWS = [
    ("--version", 0, r"^jeton \d+\.\d+\.\d+$", r"^$"),
    ("--help", 0, r"Exit status: 0 done; 1 not done", r"^$"),
    ("", 2, r"^$", r"subcommand is required"),
    ("nonsense", 2, r"^$", r"subcommand is required"),
    ("list --nonsense", 2, r"^$", r"nonsense"),
    ("softcard", 2, r"^$", r"subcommand is required"),
    ("softcard create", 2, r"^$", r"NAME is required"),
    # Nothing is there yet.
    ("list", 0, r"There is no reader and no software card\. Make a card: jeton softcard create NAME", r"^$"),
    ("list --json", 0, r"^\[\]$", r"^$"),
    ("softcard list", 0, r"There is no software card\. Make one", r"^$"),
    ("softcard list --json", 0, r"^\[\]$", r"^$"),
    ("softcard delete main --yes", 1, r"^$", r'There is no software card "main"'),
    # Cards.
    ("softcard create main", 0, r'in the reader "jeton soft card main"', r"Note: the PIN is 123456.*\n.*Note: the PUK is"),
    ("softcard create main", 1, r"^$", r'There is a software card "main" already'),
    ("softcard create other --pin-file @/pin --puk-file @/puk --json", 0, r'"name": "other"', r"^$"),
    ("softcard create applets --applet piv", 0, r"reader", r"Note"),
    ("softcard create x --applet geldkarte", 2, r"^$", r"geldkarte"),
    ("softcard create x --applet piv,geldkarte", 2, r"^$", r"geldkarte"),
    ("softcard create x --applet openpgp --pin-file @/pin --admin-pin-file @/short", 1, r"^$", r"The admin PIN must have 8 to 64"),
    ("softcard create pgp --applet openpgp --pin-file @/pin --json", 0, r'"applets": \[\s*"openpgp"', r"Note: the admin PIN is 12345678"),
    ("softcard delete pgp --yes", 0, r"is gone", r"^$"),
    ("softcard create both --applet piv,openpgp --pin-file @/pin --puk-file @/puk --admin-pin-file @/puk", 0, r"reader", r"^$"),
    ("softcard delete both --yes", 0, r"is gone", r"^$"),
    ("softcard create x --applet sc-hsm,sc-hsm", 1, r"^$", r"sc-hsm.*named twice"),
    ("softcard create vault --applet sc-hsm --pin-file @/pin --puk-file @/puk --aes ecb", 0, r"reader", r"^$"),
    ("softcard create empty --applet sc-hsm --blank", 0, r"reader", r"^$"),
    ("softcard delete vault --yes", 0, r"is gone", r"^$"),
    ("softcard delete empty --yes", 0, r"is gone", r"^$"),
    ("softcard create x --applet piv --blank --pin-file @/pin --puk-file @/puk", 1, r"^$", r"sc-hsm can be left blank"),
    ("softcard create x --global-pin-file @/pin", 1, r"^$", r"--global-pin-file is for the application piv"),
    ("softcard create x --admin-pin-file @/puk", 1, r"^$", r"--admin-pin-file is for the application openpgp"),
    ("softcard create x --applet openpgp --management-algorithm 3des", 1, r"^$", r"--management-algorithm is for .* piv"),
    ("softcard create x --applet sc-hsm --aes xts", 2, r"^$", r"xts"),
    ("softcard create x --applet piv,piv", 1, r"^$", r"piv.*twice"),
    ("softcard create Main", 1, r"^$", r"Main"),
    ("softcard create ../x", 1, r"^$", r"\.\./x"),
    ("softcard create " + "x" * 33, 1, r"^$", r"xxx"),
    ("softcard create x --pin-file @/missing", 1, r"^$", r"The PIN file .*/missing cannot be read"),
    ("softcard create x --pin-file @", 1, r"^$", r"must be a regular file"),
    ("softcard create x --pin-file @/short", 1, r"^$", r"The PIN must have 6 to 8"),
    ("softcard create x --pin-file @/long", 1, r"^$", r"The PIN must have 6 to 8"),
    ("softcard create x --pin-file @/pin --puk-file @/blank", 1, r"^$", r"The PUK must have 8 digits.*without blanks"),
    ("softcard create x --pin-file @/pin --puk-file @/puk --applet piv --global-pin-file @/short", 1, r"^$", r"The global PIN must have 6 to 8"),
    ("softcard create x --pin-file @/pin --puk-file @/puk --applet piv --management-key-file @/missing", 1, r"^$",
     r"The management key file .*/missing cannot be read"),
    ("softcard create x --pin-file @/pin --puk-file @/puk --applet piv --management-key-file @/blank", 1, r"^$", r"hexadecimal digits"),
    ("softcard create x --pin-file @/pin --puk-file @/puk --applet piv --management-key-file @/puk", 1, r"^$", r"an AES key of 16, 24 or 32 bytes"),
    ("softcard create x --pin-file @/pin --puk-file @/puk --applet piv --management-key-file @/aes128 --management-algorithm 3des", 1, r"^$",
     r"a 3DES key of 24 bytes"),
    ("softcard create x --applet piv --management-algorithm des", 2, r"^$", r"des"),
    ("softcard create keyed --pin-file @/pin --puk-file @/puk --applet piv --global-pin-file @/puk --management-key-file @/aes128", 0, r"reader", r"^$"),
    ("softcard create tdes --pin-file @/pin --puk-file @/puk --applet piv --management-key-file @/tdes --management-algorithm 3des --json", 0,
     r'"name": "tdes"', r"^$"),
    ("softcard create x --pin-iterations 0", 1, r"^$", r"hashed 1 to 1000000 times"),
    ("softcard create x --pin-iterations many", 2, r"^$", r"many"),
    ("softcard create light --pin-iterations 100", 0, r"reader", r"Note"),
    ("softcard delete light --yes", 0, r"is gone", r"^$"),
    ("softcard delete keyed --yes", 0, r"is gone", r"^$"),
    ("softcard delete tdes --yes", 0, r"is gone", r"^$"),
    ("softcard list", 0, r"NAME +READER +FILE\napplets .*\nmain +jeton soft card main .*\nother ", r"^$"),
    # Profiles.
    ("profile", 2, r"^$", r"subcommand is required"),
    ("profile check", 2, r"^$", r"FILE is required"),
    ("profile show", 0, r"^PROFILE +APPLET +PRIORITY +SHA-256 +FROM\n(.*\n)*piv +piv +0 +[0-9A-F]{16} +built-in piv\.json\n", r"^$"),
    ("profile show piv", 0, r'^id: +piv\nSHA-256: [0-9A-F]{64}\nfrom: +built-in piv\.json\n\{\n  "\$schema"', r"^$"),
    ("profile show piv --json", 0, r'"layers": \[\s*"built-in piv\.json"\s*\]', r"^$"),
    ("profile show nothing", 1, r"^$", r'There is no profile and no reader called "nothing"\.'),
    ("profile show jeton", 1, r"^$", r'There is more than one reader called "jeton"\.'),
    ("profile check @/patch.json", 0, r"/patch\.json: no mistakes; profiles: sc-hsm-native$", r"^$"),
    ("profile check @/patch.json --json", 0, r'"problems": \[\],\s*"profiles": \[\s*"sc-hsm-native"', r"^$"),
    ("profile check @/typo.json", 1, r"^$", r'/typo\.json: at /keys/0/lable: expected a known key, such as "label", found "lable"\n.*1 mistake\.'),
    ("profile check @/patch.json @/typo.json @/verify.json", 1, r"^\S*/patch\.json: no mistakes", r"2 mistakes\."),
    ("profile check @/verify.json --json", 1, r'"pointer": "/commands/x/ins"', r"1 mistake\."),
    ("profile check @/missing.json", 1, r"^$", r"/missing\.json is not a file"),
    ("profile check @", 1, r"^$", r"is not a file"),
    ("list", 0, r"READER +CARD +PROFILE +LABEL +SERIAL\n.*applets +present +piv .*\njeton soft card main +present +sc-hsm-native ", r"^$"),
    # Deletion is asked for, or said.
    ("softcard delete applets", 1, r"^$", r"Nothing was deleted.*add --yes"),
    ("softcard delete applets --yes", 0, r'The software card "applets" is gone\.', r"^$"),
    ("softcard delete applets --yes --json", 1, r"^$", r'There is no software card "applets"'),
]

FILES = {"pin": "654321\n", "puk": "87654321\r\nsecond line\n", "short": "12345\n", "long": "123456789\n", "blank": "1234 567\n",
         "aes128": "000102030405060708090a0b0c0d0e0f\n", "tdes": "010203040506070801020304050607080102030405060708\n",
         "patch.json": '{"schemaVersion": "1.0", "patch": "sc-hsm-native", "name": "Ours"}',
         "typo.json": '{"schemaVersion": "1.0", "patch": "piv", "keys": [{"id": "9a", "lable": "x"}]}',
         "verify.json": '{"schemaVersion": "1.0", "patch": "piv", "commands": {"x": {"cla": "00", "ins": "20", "p1": "00", "p2": "80"}}}'}


class Test:
    def __init__(self, directory):
        self.directory = directory
        self.wrong = 0
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("JETON_", "XDG_"))}
        self.environment.update(HOME=directory, JETON_STATE_DIR=f"{directory}/state", LC_ALL="C.UTF-8")
        os.makedirs(f"{directory}/.config/jeton", exist_ok=True)
        with open(f"{directory}/.config/jeton/jeton.json", "w", encoding="ascii") as file:
            json.dump({"readers": {"access": "none"}}, file)  # software cards alone, whatever readers the machine has

    def expect(self, condition, what):
        if not condition:
            self.wrong += 1
            print(f"WRONG: {what}")

    def run(self, *arguments, **environment):
        return subprocess.run([JETON, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env={**self.environment, **environment}, timeout=60)

    def run_table(self):
        for line, status, output, errors in ROWS:
            result = self.run(*line.replace("@", self.directory).split())
            self.expect(result.returncode == status and re.search(output, result.stdout) and re.search(errors, result.stderr),
                        f"jeton {line}: {result.returncode}\n{result.stdout}\n{result.stderr}")

    def check_json(self):
        cards = json.loads(self.run("list", "--json").stdout)
        self.expect([card["reader"] for card in cards] == ["jeton soft card main", "jeton soft card other"], cards)
        self.expect(all(card["card"] == "present" and card["profile"] == "sc-hsm-native" and card["label"] for card in cards), cards)
        self.expect(len({card["serial"] for card in cards}) == 2, f"serial numbers differ: {cards}")

    def check_profiles(self):
        """What a file changes is in force, for the card that it is about, and says where it comes from."""
        shown = json.loads(self.run("profile", "show", "jeton soft card main", "--json").stdout)
        layers = [f"built-in {name}.json" for name in ("smartcard-hsm", "pico-hsm", "sc-hsm-native")]
        self.expect(shown["id"] == "sc-hsm-native" and shown["layers"] == layers, shown)
        patch = f"{self.directory}/patch.json"
        changed = json.loads(self.run("profile", "show", "jeton soft card main", "--json", JETON_PROFILES=patch).stdout)
        self.expect(changed["layers"] == [*layers, patch] and changed["sha256"] != shown["sha256"], changed)
        self.expect(changed["profile"]["name"] == "Ours" and shown["profile"]["name"] != "Ours", changed)
        del changed["profile"]["name"], shown["profile"]["name"]
        self.expect(changed["profile"] == shown["profile"], "nothing else changes")

    def check_files(self):
        state = Path(self.directory) / "state"
        self.expect(state.stat().st_mode & 0o777 == 0o700, "the state directory is private")
        for card in json.loads(self.run("softcard", "list", "--json").stdout):
            self.expect(Path(card["file"]).stat().st_mode & 0o777 == 0o600, f"{card['file']} is private")
        blocked = self.run("softcard", "create", "x", JETON_STATE_DIR=f"{self.directory}/pin/below")
        self.expect(blocked.returncode == 1 and blocked.stderr.count("\n") >= 1 and "/pin" in blocked.stderr,
                    f"a state directory that cannot be made: {blocked}")
        damaged = Path(json.loads(self.run("softcard", "list", "--json").stdout)[0]["file"])
        content = damaged.read_bytes()
        damaged.write_text("{")
        listing = self.run("list")
        self.expect(listing.returncode == 0 and "jeton soft card other" in listing.stdout,
                    f"a damaged card does not hide the others: {listing}")
        damaged.write_bytes(content)

    def check_pin(self, reader, pin):
        result = subprocess.run(["pkcs11-tool", "--module", MODULE, "--slot-description", reader, "--login", "--pin", pin,
                                 "--list-objects"], capture_output=True, text=True, check=False, env=self.environment,
                                stdin=subprocess.DEVNULL, timeout=60)
        self.expect(result.returncode == 0, f"{reader} takes the PIN {pin}: {result}")

    def converse(self, arguments, talk):
        """Runs the command at a terminal: waits for each text, then types the answer. Gives exit status and screen."""
        child, terminal = pseudo_terminal.fork()
        if child == 0:
            os.execve(JETON, [JETON, *arguments], self.environment)
        screen = ""
        for question, answer in [*talk, ("\0", None)]:
            end = time.monotonic() + 30
            seen = len(screen)
            while question not in screen[seen:] and time.monotonic() < end:
                if not select.select([terminal], [], [], 1)[0]:
                    continue
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    break
                if not piece:
                    break
                screen += piece.decode()
            if answer is not None:
                os.write(terminal, answer.encode())
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen

    def check_terminal(self):
        talk = [("New PIN:", "246810\n"), ("New PIN again:", "246811\n"), ("New PIN:", "246810\n"),
                ("New PIN again:", "246810\n"), ("New PUK:", "13579135\n"), ("New PUK again:", "13579135\n")]
        status, screen = self.converse(["softcard", "create", "typed"], talk)
        self.expect(status == 0 and "not the same" in screen and "jeton soft card typed" in screen, screen)
        self.expect("2468" not in screen and "1357" not in screen, f"the screen does not show what was typed: {screen}")
        self.check_pin("jeton soft card typed", "246810")
        status, screen = self.converse(["softcard", "create", "broken-off"], [("New PIN:", "\x03")])
        self.expect(status == -2, f"an interrupt ends the command: {status} {screen}")
        status, screen = self.converse(["softcard", "create", "no-answer"], [("New PIN:", "\x04")])
        self.expect(status == 1 and "nothing was done" in screen, screen)
        for answer, left in (("n\n", True), ("\n", True), ("y\n", False)):
            status, screen = self.converse(["softcard", "delete", "typed"], [("[y/N]", answer)])
            names = [card["name"] for card in json.loads(self.run("softcard", "list", "--json").stdout)]
            self.expect(("typed" in names) == left and status == (1 if left else 0), f"delete, {answer!r}: {names} {screen}")


def main():
    with tempfile.TemporaryDirectory(prefix="jeton-tool.") as directory:
        for name, content in FILES.items():
            (Path(directory) / name).write_text(content, encoding="ascii")
        test = Test(directory)
        test.run_table()
        test.check_json()
        test.check_profiles()
        test.check_files()
        test.check_pin("jeton soft card main", "123456")
        test.check_pin("jeton soft card other", "654321")
        test.check_terminal()
    print(f"{len(ROWS)} command lines, {test.wrong} wrong")
    return 1 if test.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
