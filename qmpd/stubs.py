"""Commands that a user's file answers: for what is not modelled, or shall be answered in another way.

The document is described in ``schema/stubs.json``. What a command of QEMU's is made to return has to be what it may
return; nothing is known of other commands, which exist while the file names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from qmpd.errors import ErrorClass, QemuError
from qmpd.schemas import documents


class BadStubs(Exception):
    """A file that cannot be used; the text says why."""


class Stub(NamedTuple):
    """A reply: a value to return, or an error."""

    value: Any = None
    error: tuple[str, ErrorClass] | None = None

    def answer(self) -> Any:
        """The value. Raises the error."""
        if self.error is not None:
            raise QemuError(*self.error)
        return self.value


def load(path: str) -> Mapping[str, Stub]:
    """Stubs by the names of their commands. Raises BadStubs."""
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except OSError as error:
        raise BadStubs(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BadStubs(f"{path} is not JSON: {error}") from None
    problem = documents.complaint("stubs", document)
    if problem:
        raise BadStubs(f"{path}: {problem}")
    return {name: _stub(path, name, reply) for name, reply in document["commands"].items()}


def _stub(path: str, name: str, reply: dict[str, Any]) -> Stub:
    if "error" in reply:
        error = reply["error"]
        return Stub(error=(error["desc"], ErrorClass(error.get("class", ErrorClass.GENERIC))))
    problem = documents.reply_complaint(name, reply["return"])
    if problem:
        raise BadStubs(f"{path}: what '{name}' returns: {problem}")
    return Stub(reply["return"])
