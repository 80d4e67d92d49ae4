#!/usr/bin/env python3
"""Turns constants.csv, layout.csv and functions.csv into the tables that headers_test.c includes."""

import csv
import pathlib
import sys


def rows(path):
    with open(path, newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def constants(path):
    return [f"CONSTANT({row['name']}, {row['value']}UL)" for row in rows(path)]


def layout(path):
    lines = []
    for row in rows(path):
        if row["member"]:
            lines.append(f"MEMBER({row['struct']}, {row['member']}, {row['offset']}, {row['size']})")
        else:
            lines.append(f"STRUCT({row['struct']}, {row['size']})")
    return lines


def functions(path):
    lines = []
    for row in rows(path):
        major, minor = row["since"].split(".")
        params = row["params"].split("; ")
        args = ", ".join(param.split()[-1] for param in params)
        params = ", ".join(params)
        numbers = f"{major}, {minor}, {row['offset']}"
        lines.append(f'FUNCTION("{row["name"]}", {numbers}, "({params})", "({args})")')
    return lines


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for name, make in (("constants", constants), ("layout", layout), ("functions", functions)):
        (target / f"{name}.inc").write_text("\n".join(make(source / f"{name}.csv")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
