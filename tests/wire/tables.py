"""Reads the tables in ``data``: what QEMU 10.0.2 answers to what. Each row was obtained from it over a Unix socket.

In both columns ``⟨0A⟩`` is a byte in hex. A reply is written out, or ``ok`` for ``{"return": {}}``, or ``G`` and
``CNF`` with the text of an error of class GenericError and CommandNotFound, as it is encoded. `` ¶ `` separates
replies.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

_DATA = Path(__file__).parent / "data"
_ROW = re.compile(r"\| `(.*)` \| `(.*)` \|")
_BYTE = re.compile(r"⟨([0-9A-F]{2})⟩")
_CLASSES = {"G": "GenericError", "CNF": "CommandNotFound"}


def rows(name: str) -> list[Any]:
    """The rows of a table as parameters for a test: (bytes of the first column, replies)."""
    lines = (_DATA / f"{name}.md").read_text(encoding="utf-8").splitlines()
    cells = [found.groups() for found in map(_ROW.fullmatch, lines) if found]
    assert len(cells) == sum(line.startswith("|") for line in lines) - 2
    return [pytest.param(_bytes(sent), _replies(answer), id=sent) for sent, answer in cells]


def value_rows(name: str) -> list[Any]:
    """The same for a table of values that are sent, and echoed, as a request's ``id``."""
    return [
        pytest.param(b'{"execute":"query-name","id":' + sent + b"}\n", _echo(replies), id=case.id)
        for case in rows(name)
        for sent, replies in [case.values]
    ]


def _bytes(cell: str) -> bytes:
    parts = _BYTE.split(cell)
    return b"".join(bytes([int(part, 16)]) if index % 2 else part.encode() for index, part in enumerate(parts))


def _replies(cell: str) -> list[bytes]:
    return [] if cell == "(nothing)" else [_reply(reply) for reply in cell.split(" ¶ ")]


def _reply(cell: str) -> bytes:
    kind, _, desc = cell.partition(" ")
    if kind in _CLASSES:
        cell = f'{{"error": {{"class": "{_CLASSES[kind]}", "desc": "{desc}"}}}}'
    elif cell == "ok":
        cell = '{"return": {}}'
    return cell.encode("ascii") + b"\r\n"


def _echo(replies: list[bytes]) -> list[bytes]:
    """A reply that is no error is the value of ``id``."""
    return [
        reply if reply.startswith(b'{"error"') else b'{"return": {}, "id": ' + reply.rstrip(b"\r\n") + b"}\r\n"
        for reply in replies
    ]
