"""Asks a real QEMU again: re-records case files and shows what has drifted, as a unified diff.

``python -m tests.conformance.record [--check] [FILE …]``; without files, all of them. ``--check`` writes nothing and
fails on drift. Needs the QEMU version the cases are of.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import unified_diff
from pathlib import Path

from . import runner, transcript


def drift(one: transcript.Case, other: transcript.Case, one_is: str = "recorded", other_is: str = "heard now") -> str:
    """The difference between two versions of a case, for people; empty if there is none."""
    lines = one.text.splitlines(keepends=True), other.text.splitlines(keepends=True)
    return "".join(unified_diff(*lines, f"{one.name} ({one_is})", f"{other.name} ({other_is})"))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.record", description="Re-record the cases.")
    parser.add_argument("files", nargs="*", type=Path, help="case files; all of them if none is given")
    parser.add_argument("--check", action="store_true", help="only tell the difference")
    options = parser.parse_args(argv)
    if reason := runner.qemu_is_missing():
        print(reason, file=sys.stderr)
        return 2
    cases = [transcript.read(path.resolve()) for path in options.files] or transcript.read_all()
    for case in list(cases):
        if reason := runner.host_is_missing(case):
            print(f"{case.name}: {reason}", file=sys.stderr)
            cases.remove(case)
    drifted = 0
    with ThreadPoolExecutor(2) as pool:
        for case, heard in zip(cases, pool.map(lambda case: runner.play_case(case, runner.qemu), cases), strict=True):
            difference = drift(case, heard)
            drifted += bool(difference)
            sys.stdout.write(difference)
            if difference and not options.check:
                case.path.write_text(heard.text, encoding="utf-8")
    exchanges = sum(section.exchanges for case in cases for section in case.sections)
    print(f"{len(cases)} cases, {exchanges} exchanges, {drifted} cases {'differ' if options.check else 'written'}")
    return 1 if drifted and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
