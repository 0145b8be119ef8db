"""Configuration files, ``-readconfig``: sections of ``key = "value"`` lines (util/qemu-config.c).

What a section means is decided by whoever asked for the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.named import NamedTuple
from qmpd.options import keyval

_HEADER_WITH_ID: Final = r'\[(\S{1,63})\s+"([^"]{1,63})'
_HEADER: Final = r"\[([^\]]{1,63})"
_KEY: Final = r"\s*(\S{1,63})"
_VALUE: Final = r'\s*=\s*"([^"]{1,1023})'


class Section(NamedTuple):
    """``origin`` is the place of its last line, which is where QEMU says an error is."""

    group: str
    id: str | None
    values: dict[str, str]
    origin: str

    def tree(self) -> keyval.Tree:
        """The values of a section whose keys are paths. Raises QemuError."""
        tree: keyval.Tree = {} if self.id is None else {"id": self.id}
        for key, value in self.values.items():
            keyval.put(tree, key, value)
        try:
            keyval.make_lists(tree)
        except QemuError:
            raise errors.startup.config_keys_mixed() from None
        return tree


def read(path: str) -> Iterator[Section]:
    """The sections of a file, each as soon as it is complete. Raises QemuError.

    QEMU reads loosely: a line that has a word but no quoted value gives the word an empty value.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        raise errors.startup.file_not_opened(path, error.strerror or "") from None
    yield from parse(text, path)


def parse(text: str, path: str) -> Iterator[Section]:
    """The sections of the file that holds ``text``. Raises QemuError."""
    section: Section | None = None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line == "\n" or line.startswith("#"):
            continue
        header = _read_header(line)
        if header is not None:
            if section is not None:
                yield section
            section = header
            continue
        key = re.match(_KEY, line)
        if key is None:
            raise errors.startup.config_malformed()
        if section is None:
            raise errors.startup.config_group_missing()
        value = re.match(_VALUE, line[key.end() :])
        section.values[key[1]] = value[1] if value else ""
        section = section._replace(origin=f":{path}:{number}")
    if section is not None:
        yield section


def _read_header(line: str) -> Section | None:
    found = re.match(_HEADER_WITH_ID, line)
    if found:
        return Section(found[1], found[2], {}, "")
    found = re.match(_HEADER, line)
    return Section(found[1], None, {}, "") if found else None
