#!/usr/bin/env python3
"""exports_test.py MODULE FUNCTIONS: the module exports the functions of PKCS#11 and nothing else."""

import re
import subprocess
import sys

ROW = re.compile(r"^CK_FUNCTION_ROW\w*\(\s*\d+,\s*\d+,\s*(C_\w+)", re.MULTILINE)


def main():
    module, functions = sys.argv[1:]
    with open(functions, encoding="utf-8") as file:
        wanted = set(ROW.findall(file.read()))
    listing = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", module],
                             capture_output=True, text=True, check=True).stdout
    exported = {line.split()[0] for line in listing.splitlines()}
    for name in sorted(wanted - exported):
        print(f"{name} is not exported")
    for name in sorted(exported - wanted):
        print(f"{name} is exported and is no function of PKCS#11")
    print(f"{len(exported)} exports, {len(wanted)} functions")
    return 0 if exported == wanted and len(wanted) >= 104 else 1


if __name__ == "__main__":
    sys.exit(main())
