#!/usr/bin/env python3
"""docs_commands.py REPOSITORY BUILD WORK INSTALLED [PAGE]: checks README.md and docs/*.md against reality, or one page.

The commands of all ```sh blocks of a document run as one script at a pseudo terminal, where the PIN is typed when it is
asked for, in a new home and with nothing left from the document before. Python blocks must be one of docs/examples,
and links must lead somewhere.
"""

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pseudo_terminal

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
NOT_COMMANDS = {"text", "json"}

# Commands that this very test run executes elsewhere: building takes too long to do it again here.
ELSEWHERE = re.compile(
    r"\./scripts/(quickstart|coverage|test( \w+)*)$|cmake (--build )?--preset \w+$|ctest --test-dir build/asan |"
    r"build/(asan|fuzz)/|llvm-cov-19 |MODULE=\S+ JETON=\S+ .*tests/clients/")

# What a program asks at the terminal, and what a person types.
ANSWERS = [
    (re.compile(r"New (PUK|admin PIN)[^\n]*: ?$"), "12345678\n"),
    (re.compile(r"(PIN|Pin|pass(word|phrase)|Password)[^\n]*: ?$"), "123456\n"),
    (re.compile(r"to continue: ?$"), "\n"),
    (re.compile(r"\[y/N\] ?$"), "y\n"),
]
TIME_LIMIT = 180

# Pages whose commands need what only another test has; it names the page.
OWN_STAGE = {"docs/pcsc.md"}


def commands(text):
    """The script of a document: its commands, without those that run elsewhere (with their continuation lines)."""
    lines = []
    for language, block in FENCE.findall(text):
        if language == "sh":
            lines += [line for line in block.replace("\\\n", " ").splitlines() if not ELSEWHERE.match(line)]
    return "\n".join(lines) + "\n"


def mistakes(path, text, examples):
    for language, block in FENCE.findall(text):
        if language == "python" and block not in examples:
            yield "a Python block is not the text of a file in docs/examples"
        if language not in NOT_COMMANDS | {"sh", "python"}:
            yield f"a block is marked \"{language}\": use sh, python, text or json"
    for target in LINK.findall(text):
        if not (path.parent / target).exists():
            yield f"the link to {target} leads nowhere"


class Stage:
    """What a document takes for granted."""

    def __init__(self, repository, build, work, installed):
        self.repository, self.build, self.work, self.installed = repository, build, work, installed

    def reset(self):
        home, checkout = self.work / "home", self.work / "checkout"
        for directory in (home, checkout):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(mode=0o700)
        profile = home / ".mozilla/firefox/0123.default-release"
        profile.mkdir(parents=True)
        subprocess.run(["certutil", "-N", "-d", f"sql:{profile}", "--empty-password"], check=True)
        for name in ("docs", "scripts", "tests"):
            (checkout / name).symlink_to(self.repository / name)
        (checkout / "build").mkdir()
        (checkout / "build/release").symlink_to(self.build)

    def run(self, script):
        """Gives what went wrong, or None."""
        self.reset()
        script_file = self.work / "script"
        script_file.write_text(script.replace("/usr/local/", f"{self.installed}/"), encoding="utf-8")
        child, terminal = pseudo_terminal.fork()
        if child == 0:
            os.chdir(self.work / "checkout")
            os.execvp("bash", ["bash", "-e", "-v", "-o", "pipefail", str(script_file)])
        screen, in_time = self.converse(terminal)
        if not in_time:
            os.kill(child, 9)
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(screen.replace("\r\n", "\n"))
        return None if status == 0 and in_time else f"ended with {status}" + ("" if in_time else " at the time limit")

    @staticmethod
    def converse(terminal):
        screen, answered, end = "", 0, time.monotonic() + TIME_LIMIT
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.3)[0]:
                try:
                    piece = os.read(terminal, 4096)
                except OSError:
                    return screen, True
                if not piece:
                    return screen, True
                screen += piece.decode(errors="replace")
                continue
            for question, answer in ANSWERS:
                if question.search(screen[answered:]):
                    os.write(terminal, answer.encode())
                    answered = len(screen)
                    break
        return screen, False


def main():
    repository, build, work, installed = (Path(argument) for argument in sys.argv[1:5])
    only = set(sys.argv[5:])
    stage = Stage(repository, build, work, installed)
    examples = {path.read_text(encoding="utf-8") for path in (repository / "docs/examples").glob("*.py")}
    wrong, count = [], 0
    for path in sorted([*repository.glob("*.md"), *repository.glob("docs/*.md")]):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(repository))
        if name in OWN_STAGE - only or (only and name not in only):
            continue
        wrong += [f"{name}: {mistake}" for mistake in mistakes(path, text, examples)]
        script = commands(text)
        if script.strip():
            count += len(script.splitlines())
            print(f"---- {name}", flush=True)
            problem = stage.run(script)
            if problem:
                wrong.append(f"{name}: {problem}")
    print(f"{count} lines of commands")
    print("\n".join(wrong))
    return 1 if wrong or count < (5 if only else 20) else 0


if __name__ == "__main__":
    sys.exit(main())
