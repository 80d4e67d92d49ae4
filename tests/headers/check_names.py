#!/usr/bin/env python3
"""Checks that the header and the committed tables name the same things, so that neither can grow alone, and
that the members of the structures have the types of the table.

Usage: check_names.py HEADER_DIRECTORY TABLE_DIRECTORY
"""

import collections
import csv
import pathlib
import re
import sys

headers, tables = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
failures = []


def column(file, name):
    with open(tables / file, newline="", encoding="ascii") as rows:
        return [row[name] for row in csv.DictReader(rows)]


def compare(what, in_header, in_table, minimum):
    for name, count in collections.Counter(in_header).items():
        if count > 1:
            failures.append(f"{what}: {name} is defined {count} times")
    for name in sorted(set(in_header) - set(in_table)):
        failures.append(f"{what}: {name} is in the header, not in the table")
    for name in sorted(set(in_table) - set(in_header)):
        failures.append(f"{what}: {name} is in the table, not in the header")
    if len(in_header) < minimum:
        failures.append(f"{what}: only {len(in_header)}, expected at least {minimum}")
    print(f"{len(in_header)} {what} compared")


constants = (headers / "pkcs11_constants.h").read_text(encoding="ascii")
compare(
    "constants",
    re.findall(r"^#define ((?:CK[A-Z]?|CRYPTOKI)_\w+) \S", constants, re.MULTILINE),
    column("constants.csv", "name"),
    1050,
)

structs = (headers / "pkcs11_structs.h").read_text(encoding="ascii")
form = r"^typedef struct (\w+) \{(.*?)^\} (\w+);\ntypedef (\w+)\* (\w+)_PTR;"
bodies = re.findall(form, structs, re.M | re.S)
members = []
for tag, body, name, pointed, pointer in bodies:
    if not tag == name == pointed == pointer:
        failures.append(f"structs: {tag}, {name}, {pointed}, {pointer} should be one name")
    for kind, member, array in re.findall(r"^    (\w+) (\w+)(\[\d+\])?;$", body, re.M):
        members.append(f"{kind}{array} {tag}.{member}")
table = list(zip(*(column("layout.csv", name) for name in ("struct", "member", "type"))))
compare(
    "structs",
    [body[0] for body in bodies],
    [struct for struct, member, _ in table if not member and not struct.startswith("CK_FUNCTION_LIST")],
    97,
)
compare("members", members, [f"{kind} {struct}.{member}" for struct, member, kind in table if member], 487)
if structs.count("typedef struct") != len(bodies):
    failures.append("structs: some struct does not have the usual form")

for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
