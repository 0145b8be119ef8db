"""The runner's own rules, against an endpoint that says what a test tells it to: no emulator is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from . import runner
from .pair import Pair, machine
from .runner import Conversation, Endpoint, Gone
from .transcript import Section, Step

GREETING = '{"QMP": {"version": {"package": "Built here"}, "capabilities": []}}'
DELETED = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "DEVICE_DELETED"}'


class Parrot:
    """Answers each request by what its name stands for in ``answers``, and the runner's own as QEMU would."""

    def __init__(self, answers: dict[str, list[str]], greeting: tuple[str, ...] = (GREETING,)) -> None:
        self.names = {"/tmp/here": "<tmp>"}
        self.received: list[dict[str, object]] = []
        self._answers = answers
        self._lines = list(greeting)
        self._closed = not greeting

    def send(self, data: bytes) -> None:
        for line in data.decode().splitlines():
            request = json.loads(line)
            self.received.append(request)
            if self._closed:
                continue
            if request["execute"] == "quit":
                self._closed = True
            elif request["execute"] == "sync":
                self._lines.append(json.dumps({"id": request["id"], "error": {}}))
            self._lines += self._answers.get(request["execute"], [])

    def read_line(self) -> str | None:
        return self._lines.pop(0) if self._lines else None


def played(parrot: Parrot, *sent: str, **headers: str) -> list[tuple[str, ...]]:
    """What the steps of a section get for answers."""

    @contextmanager
    def launch(section: Section) -> Iterator[Endpoint]:
        yield parrot

    section = Section((), {"negotiate": "no", **headers}, tuple(Step(line) for line in sent))
    return [step.answers for step in runner.play(section, launch).steps]


def test_answers_are_written_down_and_the_runner_s_own_requests_are_not() -> None:
    parrot = Parrot({"a": ['{"return": 1}'], "b": ['{"event": "X"}', '{"return": 2}']})

    answers = played(parrot, '-> {"execute": "a"}', '-> {"execute": "b"}', '-> {"execute": "nothing"}')

    assert answers == [('<- {"return": 1}',), ('<- {"event": "X"}', '<- {"return": 2}'), ()]


def test_pieces_are_sent_with_the_step_that_completes_them() -> None:
    parrot = Parrot({"a": ['{"return": 1}']})

    answers = played(parrot, """~> "{\\"execute\\":" """.strip(), """=> "\\"a\\"}\\n" """.strip())

    assert answers == [(), ('<- {"return": 1}',)]


def test_the_end_of_the_connection_is_written_down_once() -> None:
    answers = played(Parrot({"quit": ['{"return": {}}']}), '-> {"execute": "quit"}', '-> {"execute": "a"}')

    assert answers == [('<- {"return": {}}', "-- closed"), ()]


def test_pretty_output_is_written_down_line_by_line() -> None:
    answers = played(Parrot({"a": ["{", '    "return": {', "    }", "}"]}), '-> {"execute": "a"}')

    assert answers == [("<- {", '<- "return": {'.replace('"r', '    "r'), "<-     }", "<- }")]


def test_late_events_wait_until_they_are_asked_for() -> None:
    parrot = Parrot({"a": ['{"return": 1}', DELETED], "b": [DELETED, '{"return": 2}']})

    answers = played(parrot, '-> {"execute": "a"}', '-> {"execute": "b"}', ".. 2", late="DEVICE_DELETED")

    event = '<- {"timestamp": {"seconds": <seconds>, "microseconds": <microseconds>}, "event": "DEVICE_DELETED"}'
    assert answers == [('<- {"return": 1}',), ('<- {"return": 2}',), (event, event)]


def test_the_temporary_directory_and_the_package_are_masked_both_ways() -> None:
    parrot = Parrot({"a": ['{"return": "/tmp/here/x of Built here"}']})

    answers = played(parrot, '-> {"execute": "a", "path": "<tmp>/x"}')

    assert answers == [('<- {"return": "<tmp>/x of <package>"}',)]
    assert parrot.received[0] == {"execute": "a", "path": "/tmp/here/x"}


def test_a_monitor_that_says_nothing_is_gone() -> None:
    with pytest.raises(Gone):
        Conversation(Parrot({}, greeting=()))


def test_a_difference_between_two_emulators_is_an_error_that_shows_both() -> None:
    def launched(answer: str) -> runner.Launch:
        @contextmanager
        def launch(section: Section) -> Iterator[Endpoint]:
            yield Parrot({"query-name": [answer], "query-uuid": ['{"error": {}}']})

        return launch

    pair = Pair(machine("-m 1G"), launched('{"return": 1}'), launched('{"return": 2}'))

    assert not pair.ask("query-uuid")
    with pytest.raises(AssertionError, match=r'<- \{"return": 2\}\n# but qmpd:\n#  \{"return": 1\}'):
        pair.ask("query-name")
