#!/usr/bin/env python3
"""valgrind_report.py REPORT MODULE: tells which errors in an XML report of valgrind happened in the module or below it.

It fails when there is one, or when the report was not written to its end.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree


def is_in(error, module):
    """The first stack is where it happened; others tell where the block comes from."""
    return any(os.path.realpath(frame.text) == module for frame in error.find("stack").iterfind("frame/obj"))


def describe(error):
    yield f"{error.findtext('kind')}: {error.findtext('what') or error.findtext('xwhat/text')}"
    for stack in error.iterfind("stack"):
        for frame in stack.iterfind("frame"):
            yield f"    {frame.findtext('fn', '?')} ({os.path.basename(frame.findtext('obj', '?'))})"
        yield ""


def main():
    report, module = sys.argv[1], os.path.realpath(sys.argv[2])
    root = ElementTree.parse(report).getroot()
    if root.findall("status/state")[-1].text != "FINISHED":
        sys.exit(f"{report} does not tell of the end of the program")
    errors = root.findall("error")
    ours = [error for error in errors if is_in(error, module)]
    for error in ours:
        print("\n".join(describe(error)))
    print(f"{len(ours)} mistakes in {os.path.basename(module)}, {len(errors) - len(ours)} elsewhere")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
