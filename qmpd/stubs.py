"""Commands that a user's file answers: for what is not modelled, or shall be answered in another way.

The document is described in ``schema/stubs.json``. What a command of QEMU's is made to return has to be what it may
return; nothing is known of other commands, which exist while the file names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qmpd.errors import ErrorClass, QemuError
from qmpd.named import NamedTuple
from qmpd.schemas import documents


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
    """Stubs by the names of their commands. Raises BadDocument."""
    document = documents.read_file(path, "stubs")
    return {name: _stub(path, name, reply) for name, reply in document["commands"].items()}


def _stub(path: str, name: str, reply: dict[str, Any]) -> Stub:
    if "error" in reply:
        error = reply["error"]
        return Stub(error=(error["desc"], ErrorClass(error.get("class", ErrorClass.GENERIC))))
    problem = documents.reply_complaint(name, reply["return"])
    if problem:
        raise documents.BadDocument(f"{path}: what '{name}' returns: {problem}")
    return Stub(reply["return"])
