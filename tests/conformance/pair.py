"""Two emulators that are told the same, and the shortest way found to a difference between them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

from .runner import Conversation, Launch, play
from .transcript import Section

LATE = "DEVICE_DELETED"
"""An event that QEMU sends when another thread of it has freed the device; it is waited for."""


class Difference(AssertionError):
    """Two emulators answered differently. ``told`` is all that was sent, the last of it with two answers."""

    def __init__(self, section: Section, told: list[bytes], ours: Sequence[str], theirs: Sequence[str]) -> None:
        self.section = section
        self.told = told
        self.answers = ours, theirs
        super().__init__(self.transcript())

    def transcript(self) -> str:
        """What happened, in the way of a conformance case."""
        ours, theirs = self.answers
        last = b"".join(self.told[-1:]).decode().splitlines()
        if len(last) == len(ours) == len(theirs):
            wrong = [number for number in range(len(last)) if ours[number] != theirs[number]]
            last, ours, theirs = ([lines[number] for number in wrong] for lines in (last, ours, theirs))
        sent = [line for data in self.told[:-1] for line in data.decode().splitlines()]
        return "\n".join(
            (
                *(f"{key}: {value}" for key, value in self.section.headers.items() if value),
                *(f"-> {line}" for line in (*sent, *last)),
                *(f"<- {line}" for line in theirs),
                "# but qmpd:",
                *(f"#  {line}" for line in ours),
            )
        )


def machine(args: str, host: str = "") -> Section:
    """A machine with QEMU's options ``args``, on a host with the settings ``host`` of ``-x-qmpd``."""
    return Section((), {"args": args, "host": host})


class Pair:
    """Two emulators that are told the same."""

    def __init__(self, section: Section, ours: Launch, theirs: Launch) -> None:
        self.section = section
        self.told: list[bytes] = []
        with ExitStack() as stack:
            self._sides = [Conversation(stack.enter_context(launch(section)), LATE) for launch in (ours, theirs)]
            for side in self._sides:
                side.negotiate()
            self._closing = stack.pop_all()

    def ask(self, command: str, **arguments: Any) -> bool:
        """Whether both say that it went well."""
        request = {
            "execute": command,
            "arguments": {name.replace("_", "-"): value for name, value in arguments.items()},
        }
        return any(line.startswith('{"return"') for line in self.tell(json.dumps(request).encode() + b"\n"))

    def tell(self, data: bytes, *, changes: bool = True) -> list[str]:
        """The lines both answer. Raises Difference. What does not change anything is forgotten if they agree."""
        us, them = self._sides
        ours, theirs = us.ask(data), them.ask(data)
        ours += us.late(us.held)
        with suppress(TimeoutError):  # then they differ
            theirs += them.late(max(len(ours) - len(theirs), 0))
        if ours != theirs or any(side.closed for side in self._sides):
            raise Difference(self.section, [*self.told, data], ours, theirs)
        if changes:
            self.told.append(data)
        return ours

    def close(self) -> None:
        self._closing.close()


def refused_alike(section: Section, ours: Launch, theirs: Launch) -> None:
    """Raises Difference unless both emulators refuse to start, with the same words; warnings apart."""
    outcomes = (play(section, launch).outcome for launch in (ours, theirs))
    our_words, their_words = ([line for line in outcome if ": warning: " not in line] for outcome in outcomes)
    if our_words != their_words or not our_words:
        raise Difference(section, [], our_words, their_words)


def reduced(difference: Difference, ours: Launch, theirs: Launch, seconds: float) -> Difference:
    """A shorter way to a difference, found within ``seconds`` by leaving out more and more of what was told."""
    end = time.monotonic() + seconds
    size = max(len(difference.told) // 2, 1)
    while size and time.monotonic() < end:
        position = 0
        while position < len(difference.told) - 1 and time.monotonic() < end:
            told = difference.told
            shorter = replayed(difference.section, told[:position] + told[position + size :], ours, theirs)
            if shorter is None:
                position += size
            else:
                difference = shorter
        size //= 2
    return difference


def replayed(section: Section, told: Sequence[bytes], ours: Launch, theirs: Launch) -> Difference | None:
    """The first difference when ``told`` is told."""
    pair = Pair(section, ours, theirs)
    try:
        for data in told:
            pair.tell(data)
    except Difference as difference:
        return difference
    finally:
        pair.close()
    return None
