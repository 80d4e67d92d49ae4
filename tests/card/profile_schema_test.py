#!/usr/bin/python3
"""profile_schema_test.py PROFILES CASES: profiles/schema.json against the shipped profiles and the cases of the C++
tests, with a validator that is not ours."""

import json
import pathlib
import re
import sys

import jsonschema


def place(document, pointer):
    """The parent and the last name of a JSON pointer."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    for name in names[:-1]:
        if isinstance(document, list):
            document = document[int(name)]
        else:
            document = document.setdefault(name, {})
    last = int(names[-1]) if isinstance(document, list) else names[-1]
    return document, last


def document_of(base, case):
    if "document" in case:
        return case["document"]
    document = json.loads(json.dumps(base))
    for pointer, value in case.get("set", {}).items():
        parent, name = place(document, pointer)
        parent[name] = value
    for pointer in case.get("remove", []):
        parent, name = place(document, pointer)
        del parent[name]
    return document


def main():
    profiles, cases_file = map(pathlib.Path, sys.argv[1:])
    schema = json.loads((profiles / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0

    def expect(name, document, wanted):
        nonlocal failures
        errors = [error.message for error in validator.iter_errors(document)]
        if (not errors) != wanted:
            failures += 1
            print(f"{name}: {'refused: ' + errors[0][:300] if errors else 'accepted'}")

    count = 0
    for path in sorted(profiles.glob("*.json")):
        if path.name != "schema.json":
            expect(path.name, json.loads(path.read_text()), True)
            count += 1
    cases = json.loads(cases_file.read_text())
    for group in ("good", "bad", "files"):
        for case in cases[group]:
            wanted = not case["schema"] if "pointer" in case else True
            expect(f"{group} {case['name']}", document_of(cases["base"], case), wanted)
            count += 1
    # The recipes of the documentation are profiles too.
    page = (profiles.parent / "docs" / "profiles.md").read_text()
    for number, text in enumerate(re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)):
        expect(f"recipe {number + 1} of docs/profiles.md", json.loads(text), True)
        count += 1
    # What the other page shows is its example.
    page = (profiles.parent / "docs" / "new-card.md").read_text()
    example = (profiles.parent / "docs" / "examples" / "town-hall.json").read_text()
    expect("docs/examples/town-hall.json", json.loads(example), True)
    count += 1
    if re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE) != [example]:
        failures += 1
        print("docs/new-card.md does not show docs/examples/town-hall.json")
    print(f"{count} documents, {failures} failures")
    return 1 if failures or count < 100 else 0


sys.exit(main())
