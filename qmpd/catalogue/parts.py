"""The file a catalogue is kept in: lines of JSON under a heading each, read no further than asked.

The first line is an object, the build's identity. A line like "part: types", a bare JSON string, opens a part. The
lines below it are the part's rows: arrays that begin with their key, or any JSON value in a part that is
used by position. So the file can be read, searched, compared and mended with a text editor. Nothing here knows
what a row means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path  # importing it costs a start 2 ms

FORMAT = 1

_TITLE = "part: "
_HEADING = b'\n"part: '  # a long one is found faster
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class CatalogueFormatError(Exception):
    """The file is not a catalogue, or one of a format that this program does not read."""


class Part:
    """One part's rows as bytes; a row is parsed when it is asked for."""

    __slots__ = ("_text",)

    def __init__(self, text: bytes) -> None:
        self._text = b"\n" + text  # so that each row, the first too, follows a line end

    def get(self, key: str) -> list[Any] | None:
        """The row whose first element is ``key``, without that element."""
        opening = f"\n[{_compact(key)},".encode()
        start = self._text.find(opening)
        if start < 0:
            return None
        line = self._text[start + 1 : self._text.index(b"\n", start + 1)]
        row: list[Any] = json.loads(line)
        return row[1:]

    def lines(self) -> list[bytes]:
        """All rows unparsed, in the file's order."""
        return self._text.split(b"\n")[1:-1]

    def rows(self) -> list[Any]:
        """All rows, in the file's order."""
        return list(json.loads(b"[" + b",".join(self.lines()) + b"]"))


class PartFile:
    """A catalogue file. Only its first line is read until a part is asked for, and only that part is kept."""

    def __init__(self, path: str | Path) -> None:
        """:raise OSError: no such file. :raise CatalogueFormatError: not a catalogue."""
        self._path = path
        self._parts: dict[str, Part] = {}
        with open(path, "rb") as file:
            first = file.readline()
        try:
            self.header: dict[str, Any] = json.loads(first)
            known = self.header["catalogue"] == FORMAT
        except (ValueError, KeyError, TypeError) as error:
            raise CatalogueFormatError(f"{path} is not a catalogue") from error
        if not known:
            raise CatalogueFormatError(f"{path} is a catalogue of format {self.header['catalogue']}, not {FORMAT}")

    def part(self, name: str) -> Part:
        """The part ``name``; one that is not in the file has no rows."""
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = self.read(name)
        return part

    def read(self, name: str) -> Part:
        """The same for somebody who takes from it what he needs: it is not kept here."""
        start, end = self._places.get(name, (0, 0))
        with open(self._path, "rb") as file:
            file.seek(start)
            return Part(file.read(end - start))

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """Where each part's rows begin and end, in bytes."""
        with open(self._path, "rb") as file:
            text = file.read()
        places = {}
        heading = text.find(_HEADING)
        while heading >= 0:
            start = text.index(b"\n", heading + 1) + 1
            following = text.find(_HEADING, start - 1)
            places[json.loads(text[heading:start]).removeprefix(_TITLE)] = (
                start,
                len(text) if following < 0 else following + 1,
            )
            heading = following
        return places


def write_parts(path: Path, header: dict[str, Any], parts: Mapping[str, Iterable[Any]]) -> None:
    """Write a catalogue of ``parts``: name to rows, none of them a bare string."""
    path.write_text("".join(f"{line}\n" for line in _file_lines(header, parts)), encoding="utf-8", newline="\n")


def _file_lines(header: dict[str, Any], parts: Mapping[str, Iterable[Any]]) -> Iterator[str]:
    yield _compact({"catalogue": FORMAT, **header})
    for name, rows in parts.items():
        yield _compact(_TITLE + name)
        for row in rows:
            yield _compact(row)
