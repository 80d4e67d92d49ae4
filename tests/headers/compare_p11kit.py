#!/usr/bin/env python3
"""Compares our pkcs11.h with the one of p11-kit: all that both have must be the same.

The two headers use the same names, so each is compiled into a program of its own that prints one line for
each value, size, offset and function type; the outputs are compared. Differences that are known are listed
below, and each of them must still be there.

Usage: compare_p11kit.py --cxx COMPILER [--flags FLAGS] --ours DIRECTORY --p11kit-flags FLAGS
"""

import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

# name: (our value, the value of p11-kit). OASIS numbers these from 0x1B5, p11-kit from 0x1C0.
EXPECTED = {
    "CKR_EXCEEDED_MAX_ITERATIONS": (0x1B5, 0x1C0),
    "CKR_FIPS_SELF_TEST_FAILED": (0x1B6, 0x1C1),
    "CKR_LIBRARY_LOAD_FAILED": (0x1B7, 0x1C2),
    "CKR_PIN_TOO_WEAK": (0x1B8, 0x1C3),
    "CKR_PUBLIC_KEY_INVALID": (0x1B9, 0x1C4),
}
# The version of the standard that the header is for, which grows with p11-kit; ours is in constants.csv.
VERSIONS = ("CRYPTOKI_VERSION_MAJOR", "CRYPTOKI_VERSION_MINOR")

# What p11-kit 0.24.1 has; a later one has more. Fewer means that the comparison lost something.
MINIMUM = {"value": 695, "size": 76, "offset": 156, "function": 68}

PROLOGUE = """
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <typeinfo>
static void print_value(const char* name, unsigned long value) {
    std::printf("value %s %lu\\n", name, value);
}
static void print_size(const char* name, std::size_t size) {
    std::printf("size %s %zu\\n", name, size);
}
static void print_offset(const char* name, std::size_t offset) {
    std::printf("offset %s %zu\\n", name, offset);
}
static void print_function(const char* name, const std::type_info& type) {
    char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr);
    std::printf("function %s %s\\n", name, text);
    std::free(text);
}
int main() {
"""


def output_of(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Header:
    """One of the two headers: how to include it, its macros, its preprocessed text."""

    def __init__(self, compiler, flags, include, directory, name):
        self.command = compiler + flags
        self.include = f"#include {include}\n"
        self.directory = directory
        self.name = name
        source = directory / f"{name}.cpp"
        source.write_text(self.include, encoding="ascii")
        macros = self.run("-E", "-dM", str(source))
        self.macros = set(re.findall(r"^#define (\w+) \S", macros, re.M))
        self.text = self.run("-E", "-P", str(source))
        self.types = set(re.findall(r"\b(CK_\w+|specifiedParams)\s*;", self.text))

    def run(self, *arguments):
        return output_of(self.command + list(arguments))

    def print_table(self, lines):
        source = self.directory / f"{self.name}_table.cpp"
        program = self.directory / f"{self.name}_table"
        source.write_text(self.include + PROLOGUE + "\n".join(lines) + "\n}\n", encoding="ascii")
        self.run(str(source), "-o", str(program))
        table = {}
        for line in output_of([str(program)]).splitlines():
            kind, name, value = line.split(" ", 2)
            # p11-kit puts an underscore before the name of a struct.
            table[kind, name] = re.sub(r"\b_CK_", "CK_", value) if kind == "function" else int(value)
        return table


def table_lines(ours, theirs, header_directory):
    """The statements of both programs: one for each thing that both headers have."""
    lines = []
    for name in sorted(ours.macros & theirs.macros):
        if re.match(r"(CK[A-Z]?|CRYPTOKI)_", name) and name != "CK_EXPORT":
            lines.append(f'print_value("{name}", (unsigned long)({name}));')

    structs = (header_directory / "pkcs11_structs.h").read_text(encoding="ascii")
    functions = (header_directory / "pkcs11_functions.h").read_text(encoding="ascii")
    types = {}
    for name, body in re.findall(r"^typedef struct (\w+) \{(.*?)^\}", structs, re.M | re.S):
        types[name] = re.findall(r"^    \w+ (\w+)(?:\[\d+\])?;$", body, re.M)
    rows = re.findall(r"^CK_FUNCTION_ROW_(\w+)\(\d+, \d+, (C_\w+),", functions, re.M)
    lists = {"CK_FUNCTION_LIST": ("2_40",), "CK_FUNCTION_LIST_3_0": ("2_40", "3_0")}
    lists["CK_FUNCTION_LIST_3_2"] = ("2_40", "3_0", "3_2")
    for name, sections in lists.items():
        types[name] = [function for section, function in rows if section in sections]

    for name in sorted(ours.types & theirs.types):
        if name.startswith("CK_C_") and name not in types:
            continue
        lines.append(f'print_size("{name}", sizeof({name}));')
        for member in types.get(name, ()):
            lines.append(f'print_offset("{name}.{member}", offsetof({name}, {member}));')
    for _, function in rows:
        if re.search(rf"\b{function}\b", theirs.text):
            lines.append(f'print_function("{function}", typeid(&{function}));')
    return lines


def compare(ours, theirs):
    failures = []
    counts = dict.fromkeys(MINIMUM, 0)
    different = set()
    for key, our_value in ours.items():
        kind, name = key
        counts[kind] += 1
        their_value = theirs[key]
        if our_value == their_value or name in VERSIONS:
            continue
        different.add(name)
        if EXPECTED.get(name) != (our_value, their_value):
            failures.append(f"{kind} {name}: ours is {our_value}, that of p11-kit {their_value}")
    for name in EXPECTED:
        if name not in different:
            failures.append(f"{name}: listed as a known difference, but it does not differ")
    for kind, count in counts.items():
        print(f"{count} of kind '{kind}' compared")
        if count < MINIMUM[kind]:
            failures.append(f"only {count} of kind '{kind}', expected at least {MINIMUM[kind]}")
    print(f"{len(different)} known differences")
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--flags", default="")
    parser.add_argument("--ours", required=True, type=pathlib.Path)
    parser.add_argument("--p11kit-flags", default="")
    options = parser.parse_args()
    compiler = [options.cxx, "-std=c++20"] + shlex.split(options.flags)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        ours = Header(compiler, ["-I", str(options.ours)], '"pkcs11.h"', directory, "ours")
        p11kit_flags = shlex.split(options.p11kit_flags)
        theirs = Header(compiler, p11kit_flags, "<p11-kit/pkcs11.h>", directory, "p11kit")
        lines = table_lines(ours, theirs, options.ours)
        failures = compare(ours.print_table(lines), theirs.print_table(lines))
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
