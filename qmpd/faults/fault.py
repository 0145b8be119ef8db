"""One fault as data: when it happens, and what then. The document is described in ``schema/faults.json``."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from qmpd.named import NamedTuple
from qmpd.rules import BadRule


class Occasion(StrEnum):
    """What a fault can be about. A message is any of the others that goes to a client."""

    GREETING = "greeting"
    REQUEST = "request"
    REPLY = "reply"
    EVENT = "event"
    MESSAGE = "message"


class Deed(StrEnum):
    """What happens then."""

    FAIL = "fail"
    DELAY = "delay"
    DROP = "drop"
    INSERT = "insert"
    SPLIT = "split"
    JOIN = "join"
    CLOSE = "close"
    STALL = "stall"
    KILL = "kill"


class Fault(NamedTuple):
    """A rule: the conditions of ``qmpd.rules``, what to do, and how.

    It holds for ``seconds`` from when it was added (None: without end). What it delays, splits, joins or stalls waits
    for ``delay`` seconds plus up to ``jitter``, or for an event ``until``, or for the rule's end, whatever comes first.
    ``size`` is the number of bytes of a message that still go through.  With ``spare``, ``owner`` is left alone.
    """

    on: Occasion
    do: Deed
    name: str = ""
    pattern: str = "*"
    skip: int = 0
    times: int | None = None
    every: int = 1
    chance: float = 1.0
    seconds: float | None = None
    delay: float | None = None
    jitter: float = 0.0
    until: str | None = None
    error_class: str = "GenericError"
    desc: str = "failed on purpose"
    message: dict[str, Any] | None = None
    text: str | None = None
    size: int = 0
    signal: str = "KILL"
    spare: bool = False
    owner: object = None


_WAITS = frozenset({"delay", "jitter"})

# What each deed needs to know, beside the conditions.
_MEMBERS = {
    Deed.FAIL: frozenset({"class", "desc"}),
    Deed.DELAY: _WAITS | {"until"},
    Deed.DROP: frozenset[str](),
    Deed.INSERT: frozenset({"message", "text"}),
    Deed.SPLIT: _WAITS | {"bytes"},
    Deed.JOIN: _WAITS,
    Deed.CLOSE: frozenset({"bytes"}),
    Deed.STALL: _WAITS,
    Deed.KILL: frozenset({"signal"}),
}
_OF_DEEDS = frozenset[str]().union(*_MEMBERS.values())

# What each occasion has a name of.
_NAMED = {Occasion.REQUEST: "command", Occasion.REPLY: "command", Occasion.EVENT: "event"}

_BEFORE_EXECUTION = (Deed.FAIL, Deed.CLOSE, Deed.KILL)

_RENAMED = {"command": "pattern", "event": "pattern", "class": "error_class", "bytes": "size"}


def fault_from(members: dict[str, Any], owner: object = None) -> Fault:
    """The rule that members of the right types describe. Raises BadRule."""
    on, do = Occasion(members["on"]), Deed(members["do"])
    _check(members, on, do)
    arguments = {_RENAMED.get(key, key): value for key, value in members.items()}
    return Fault(**{**arguments, "on": on, "do": do}, owner=owner)


def _check(members: dict[str, Any], on: Occasion, do: Deed) -> None:
    if on is Occasion.REQUEST and do not in _BEFORE_EXECUTION:
        raise BadRule(f"a request can only 'fail', 'close' or 'kill'; for '{do}' take the occasion 'reply'")
    if do is Deed.FAIL and on is not Occasion.REQUEST:
        raise BadRule("'fail' is for the occasion 'request': the command is not executed then")
    for name in ("command", "event"):
        if name in members and _NAMED.get(on) != name:
            raise BadRule(f"'{name}' is not for the occasion '{on}'")
    for name in members:
        if name in _OF_DEEDS - _MEMBERS[do]:
            raise BadRule(f"'{name}' is not for '{do}'")
    if do is Deed.INSERT and ("message" in members) is ("text" in members):
        raise BadRule("'insert' takes either 'message' or 'text'")
    if not isinstance(members.get("message", {}), dict):
        raise BadRule("'message' has to be an object")
    if not members.get("text", "").isascii() and max(members["text"]) > "\u00ff":
        raise BadRule("'text' is sent as bytes: no character may be above U+00FF")


class Document(NamedTuple):
    """What a file says. ``seed`` is where chance starts from."""

    faults: tuple[Fault, ...]
    seed: int = 0


def load(path: str) -> Document:
    """The rules in a file. Raises BadDocument."""
    from qmpd.schemas import documents

    document = documents.read_file(path, "faults")
    faults = []
    for number, rule in enumerate(document["rules"]):
        try:
            faults.append(fault_from(rule))
        except BadRule as problem:
            raise documents.BadDocument(f"{path}: $.rules[{number}]: {problem}") from None
    return Document(tuple(faults), document.get("seed", 0))
