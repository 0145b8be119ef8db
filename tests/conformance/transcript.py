"""The text form of a conversation with a monitor: reading case files, writing them, and masking what varies.

A case file holds one or more sections; each section is one fresh emulator with its arguments and the lines exchanged
with it. README.md beside this file describes the form. Nothing here starts or talks to an emulator.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

CASES = Path(__file__).parent / "cases"
HEADERS = frozenset({"args", "host", "negotiate", "paused", "pretty", "late", "process", "defaults"})

SENT = ("-> ", "=> ", "~> ", ".. ")
ANSWERED = ("<- ", "<-*", "-- ")
REFUSED = ("!! ", "-- exit ")
CLOSED = "-- closed"

_BYTES = re.compile(r'("(?:[^"\\]|\\.)*")(?: \* (\d+))?')

# What legitimately differs between two runs, or between QEMU and a stand-in: (pattern, replacement). The thread-id of
# a CPU's place in the topology stays.
_MASKS = (
    (re.compile(r'"(seconds|microseconds)": \d+'), r'"\1": <\1>'),
    (
        re.compile(r'"thread-id": \d+(?=, "(?:props|aio-max-batch|qom-path)")'),
        '"thread-id": <thread-id>',
    ),
    (re.compile(r'"package": "[^"]*"'), '"package": "<package>"'),
    (re.compile(r"thread_id=\d+"), "thread_id=<thread-id>"),
    (re.compile(r"#(net|block)(\d+)\d\d"), r"#\1\2<chance>"),
)


@dataclass(frozen=True)
class Step:
    """One line sent, the raw answer lines it drew, and the comments that lead up to it."""

    sent: str
    answers: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()

    @property
    def data(self) -> bytes:
        """The bytes to send: the text and a line feed, or exactly what the byte form spells."""
        form, text = self.sent[:3], self.sent[3:]
        if form == ".. ":
            return b""
        return text.encode() + b"\n" if form == "-> " else _spelled(text)

    @property
    def waits(self) -> bool:
        """False for a piece of a message (``~>``), whose answers come with a later step."""
        return not self.sent.startswith("~>")

    @property
    def late_events(self) -> int:
        """How many of the section's late events this step waits for (``.. N``)."""
        return int(self.sent[3:]) if self.sent.startswith("..") else 0


@dataclass(frozen=True)
class Section:
    """One emulator: how it is started, and what was said. ``outcome`` is how it refused to start, if it did."""

    preamble: tuple[str, ...]
    headers: dict[str, str]
    steps: tuple[Step, ...] = ()
    outcome: tuple[str, ...] = ()

    @property
    def args(self) -> list[str]:
        return self.headers.get("args", "").split()

    @property
    def host(self) -> dict[str, str]:
        """What the host must have, which may be simulated: settings as of ``-x-qmpd``."""
        return dict(setting.split("=", 1) for setting in self.headers.get("host", "").split(",") if setting)

    def flag(self, name: str, default: bool) -> bool:
        return {"yes": True, "no": False}[self.headers.get(name, "yes" if default else "no")]

    @property
    def exchanges(self) -> int:
        return len(self.steps) or len(self.outcome[:1])

    def lines(self) -> Iterator[str]:
        yield from self.preamble
        yield from self.outcome
        for step in self.steps:
            yield from (*step.lead, step.sent, *step.answers)


@dataclass(frozen=True)
class Case:
    """A case file."""

    path: Path
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        inside = self.path.is_relative_to(CASES)
        return self.path.relative_to(CASES).with_suffix("").as_posix() if inside else str(self.path)

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for section in self.sections for line in section.lines())


def read(path: Path) -> Case:
    """The case in a file. Raises ValueError, with the line, for anything that is not of the form."""
    sections: list[Section] = []
    lead: list[str] = []
    current: Section | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        key, colon, value = line.partition(":")
        if not line.strip() or line.startswith("#"):
            lead.append(line)
        elif colon and key in HEADERS:
            if current is None or current.steps or current.outcome:
                current = Section((), {})
                sections.append(current)
            current = replace(
                current, preamble=(*current.preamble, *lead, line), headers=current.headers | {key: value.strip()}
            )
            lead = []
        elif current is None:
            raise ValueError(f"{path}:{number}: a section starts with 'args:'")
        else:
            current = _with_line(current, line, lead, f"{path}:{number}")
            lead = []
        if current is not None:
            sections[-1] = current
    return Case(path, tuple(sections))


def _with_line(section: Section, line: str, lead: list[str], where: str) -> Section:
    if line.startswith(SENT):
        return replace(section, steps=(*section.steps, Step(line, lead=tuple(lead))))
    if not section.steps and line.startswith(REFUSED):
        return replace(section, outcome=(*section.outcome, *lead, line))
    if section.steps and line.startswith(ANSWERED):
        *before, last = section.steps
        return replace(section, steps=(*before, replace(last, answers=(*last.answers, *lead, line))))
    raise ValueError(f"{where}: cannot read {line!r}")


def read_all(root: Path = CASES) -> list[Case]:
    return [read(path) for path in sorted(root.rglob("*.qmp"))]


def answer_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Raw lines as a case file shows them; a line that repeats more than three times is written once."""
    shown: list[str] = []
    for line, same in groupby(lines):
        count = len(list(same))
        shown += [f"<-*{count} {line}"] if count > 3 else [f"<- {line}"] * count
    return tuple(shown)


def masked(line: str, names: dict[str, str]) -> str:
    """A raw line with all that may vary replaced by placeholders; ``names`` maps literal texts to theirs."""
    for pattern, replacement in _MASKS:
        line = pattern.sub(replacement, line)
    for text, placeholder in names.items():
        line = line.replace(text, placeholder)
    return line


def _spelled(text: str) -> bytes:
    """Bytes from ``"…"``, ``"…" * N`` and sums of these, with Python's escapes."""
    out, at = b"", 0
    while match := _BYTES.match(text, at):
        piece: bytes = ast.literal_eval("b" + match[1])
        out += piece * int(match[2] or 1)
        at = match.end()
        if at == len(text):
            return out
        if not text.startswith(" + ", at):
            break
        at += len(" + ")
    raise ValueError(f"not a byte string: {text[at:]!r}")
