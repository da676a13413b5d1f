#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# The table of conformance, doc/eventdevs/dlb_conformance.csv: each statement has a number of its
# own, none is missing, and the tests that each must name are there. Likewise the requirements of
# doc/dmadevs/dsa_requirements.csv, the items and requirements of the MIC in doc/rawdevs, and those
# of SCIF in doc/scif, where the statements of SCIF also name the settings that their tests run in.
# Prints the counts; exit status 1 when something is wrong.

import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFORMANCE = ROOT / "doc/eventdevs/dlb_conformance.csv"
REQUIREMENTS = ROOT / "doc/dmadevs/dsa_requirements.csv"
NB_REQUIREMENTS = 22
MIC_ITEMS = ROOT / "doc/rawdevs/mic_conformance.csv"
NB_MIC_ITEMS = 46
MIC_REQUIREMENTS = ROOT / "doc/rawdevs/mic_requirements.csv"
# First and last of each group of the MIC's requirements.
MIC_GROUPS = ((1, 9), (10, 11), (20, 26), (30, 39), (40, 44), (50, 61), (70, 72), (80, 88),
              (90, 95), (100, 115))
SCIF_REQUIREMENTS = ROOT / "doc/scif/scif_requirements.csv"
NB_SCIF_REQUIREMENTS = 42
SCIF_STATEMENTS = ROOT / "doc/scif/scif_conformance.csv"
NB_SCIF_STATEMENTS = 225
# A case of app/test/scif, by the number of its statement, and where its sides are.
SCIF_CASE = re.compile(r"\bCASE(?:_WHERE|_NODES)?\((s(\d{3})_\w+)(?:, ([A-Z]+(?:\([A-Z]+\))?))?")
SCIF_SETTINGS = {"": "all", "EVERYWHERE": "all", "APART": "two processes; two nodes",
                 "ON(NODES)": "two nodes"}
# The sections of the datasheet whose statements are listed, and how many each has.
SECTIONS = {
    "4.1": 11, "4.2": 18, "4.3": 20, "4.4": 3, "4.5": 14, "4.6": 4, "4.7": 5, "4.8": 12,
    "4.9": 8, "5.1": 11, "5.2": 3, "5.3": 15, "5.4": 3, "5.5": 2, "5.6": 14, "5.7": 22,
    "5.8": 11, "5.9": 4, "5.10": 3, "5.11": 4, "5.12": 4, "5.13": 4, "6.1": 8, "6.2": 7,
    "6.3": 8, "6.4": 4, "6.5": 7, "6.6": 6, "6.7": 1, "6.8": 14, "6.9": 5, "7.1": 10,
    "7.2": 10, "7.3": 2, "7.4": 13, "7.5": 3, "7.6": 7, "7.7": 8, "7.8": 7, "7.9": 9,
    "7.10": 1, "8.1": 20, "8.2": 5, "8.3": 10, "8.4": 2, "8.5": 3, "8.6": 1, "9.1": 3,
    "9.2": 7, "9.3": 7, "9.4": 13, "9.5": 5, "9.6": 4, "12.5": 15,
}
NOT_APPLICABLE = "not applicable: "
LATER = "later: "
# What registers a case with its suite: macros whose name says so, by the case's name; any other one
# with the name of a function of that file.
REGISTERED = re.compile(r"\b(?:cmocka_unit_test\w*|\w*_CASE\w*|ON_(?:BOTH|V20|V25)|CASE)\((\w+)")
MENTIONED = re.compile(r"\b[A-Z][A-Z0-9_]*\((\w+)[,)]")
DEFINED = re.compile(r"^(\w+)\(", re.MULTILINE)


def cases():
    """The cases of each suite, by the stem of its file."""
    found = {}
    for where in ("lib", "app", "drivers"):
        for path in (ROOT / where).rglob("*_test.c"):
            text = path.read_text()
            here = set(REGISTERED.findall(text))
            here |= set(MENTIONED.findall(text)) & set(DEFINED.findall(text))
            # Two suites may have one name: a directory in front tells them apart.
            for suite in (path.stem, f"{path.parent.name}/{path.stem}"):
                found.setdefault(suite, set()).update(here)
    return found


def exists(test, suites, jobs):
    suite, _, case = test.partition(":")
    if suite == "guide":
        return (ROOT / f"doc/{case}.rst").is_file()
    if suite == "test.sh":
        return f'"{case}' in jobs
    if suite == "verify":
        return (ROOT / f"lib/verify/{case}.pml").is_file()
    return case in suites.get(suite, ())


def wrong_numbers(rows):
    """Numbers go up by one in each section, and sections are complete."""
    counts = {}
    for row in rows:
        section, _, number = row["id"].partition("-")
        counts[section] = counts.get(section, 0) + 1
        if number != str(counts[section]):
            yield f"{row['id']}: expected {section}-{counts[section]}"
    for section in sorted(set(SECTIONS) | set(counts)):
        have, want = counts.get(section, 0), SECTIONS.get(section, 0)
        if have != want:
            yield f"section {section}: {have} statements, expected {want}"


def wrong_requirements(table, rows, want):
    """Each of them is there once, in its order, and something shows it."""
    if [row["id"] for row in rows] != want:
        yield f"{table.name}: expected {want[0]} to {want[-1]}, in order"
    for row in rows:
        if not row["shown by"]:
            yield f"{row['id']}: shown by no test"


def wrong_tests(rows):
    suites = cases()
    jobs = "".join(path.read_text() for path in (ROOT / "devtools").glob("*.sh"))
    for row in rows:
        if row["shown by"].startswith((NOT_APPLICABLE, LATER)):
            continue
        for test in row["shown by"].split("; "):
            if not exists(test, suites, jobs):
                yield f"{row['id']}: there is no test '{test}'"


def wrong_settings(rows):
    """Cases of a number stand in its row, with the settings they run in; what a node can test by
    itself runs in all."""
    by_id = {row["id"]: row for row in rows}
    settings = {}
    for path in sorted((ROOT / "app/test/scif").glob("*_test.c")):
        for case, number, where in SCIF_CASE.findall(path.read_text()):
            row = by_id.get(str(int(number)))
            if row is None or f"scif/{path.stem}:{case}" not in row["shown by"].split("; "):
                yield f"{case}: the row of its statement does not name it"
            settings[str(int(number))] = SCIF_SETTINGS[where]
    for row in rows:
        if row["settings"] != settings.get(row["id"], ""):
            yield f"{row['id']}: its test runs in '{settings.get(row['id'], '')}'"
        if "L" in row["tag"] and row["settings"] != "all":
            yield f"{row['id']}: tagged L, and not tested in all settings"


def wrong_names(rows):
    """A statement that tests show has one that is named after its number."""
    for row in rows:
        shown = row["shown by"]
        if shown.startswith((NOT_APPLICABLE, LATER, "guide:", "test.sh:")):
            continue
        if f":s{int(row['id']):03}_" not in shown:
            yield f"{row['id']}: no test is named after it"


def rows_of(table):
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def numbered(text, count):
    return [text.format(number) for number in range(1, count + 1)]


def later(rows):
    return sum(row["shown by"].startswith(LATER) for row in rows)


def main():
    rows, asked = rows_of(CONFORMANCE), rows_of(REQUIREMENTS)
    items, mic = rows_of(MIC_ITEMS), rows_of(MIC_REQUIREMENTS)
    scif = rows_of(SCIF_REQUIREMENTS)
    stated = rows_of(SCIF_STATEMENTS)
    errors = [*wrong_numbers(rows), *wrong_tests(rows + asked + items + mic + scif + stated),
              *wrong_requirements(SCIF_STATEMENTS, stated, numbered("{}", NB_SCIF_STATEMENTS)),
              *wrong_settings(stated), *wrong_names(stated),
              *wrong_requirements(REQUIREMENTS, asked, numbered("FR-{:02}", NB_REQUIREMENTS)),
              *wrong_requirements(MIC_ITEMS, items, numbered("M{}", NB_MIC_ITEMS)),
              *wrong_requirements(SCIF_REQUIREMENTS, scif,
                                  numbered("FR-{}", NB_SCIF_REQUIREMENTS)),
              *wrong_requirements(MIC_REQUIREMENTS, mic, [
                  f"FR-{n:03}" for first, last in MIC_GROUPS for n in range(first, last + 1)])]
    for error in errors:
        print(error)
    aside = sum(row["shown by"].startswith(NOT_APPLICABLE) for row in rows)
    print(f"{len(rows)} statements: {len(rows) - aside} shown by tests, {aside} not applicable")
    print(f"{len(asked)} requirements of the DSA, shown by tests")
    print(f"{len(items)} items of the MIC: {len(items) - later(items)} shown by tests, "
          f"{later(items)} later")
    print(f"{len(mic)} requirements of the MIC: {len(mic) - later(mic)} shown by tests, "
          f"{later(mic)} later")
    print(f"{len(scif)} requirements of SCIF: {len(scif) - later(scif)} shown, "
          f"{later(scif)} later")
    aside = sum(row["shown by"].startswith(NOT_APPLICABLE) for row in stated)
    print(f"{len(stated)} statements of SCIF: {len(stated) - later(stated) - aside} shown by "
          f"tests, {later(stated)} later, {aside} not applicable")
    print(f"{len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
