"""qmpd says what QEMU said; and QEMU still says it.

One test per case file for each of the two. The second needs the real QEMU and is skipped without it, unless
QMPD_REQUIRE_PEERS=1.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.peers import missing_peer

from . import runner, transcript
from .record import drift
from .transcript import Case

CASES = transcript.read_all()
LATER = "later-kinds/"
ENABLED = (transcript.CASES / LATER / "ENABLED").read_text(encoding="utf-8").split()

PREPARATION = '-> {"execute": "object-add", "arguments": {"qom-type": "memory-backend-ram"'
AN_ERROR = re.compile(
    r'"error": \{|"return": "(Error: |unknown command: |[^"]*(extraneous characters|string expected))'
)

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def is_awaited(case: Case) -> bool:
    """True for a case about a kind of device that qmpd does not have yet."""
    return case.name.startswith(LATER) and case.name.removeprefix(LATER) not in ENABLED


@every_case
def test_qmpd_answers_as_recorded(case: Case) -> None:
    if is_awaited(case):
        pytest.skip(f"not in {LATER}ENABLED yet")
    pytest.importorskip("qmpd.vm")
    pytest.importorskip("qmpd.qemu_argv")
    from .in_process import stand_in

    difference = drift(case, runner.play_case(case, stand_in), "recorded from QEMU", "said by qmpd")

    assert not difference, f"\n{difference}"


@pytest.fixture(scope="module")
def answers_of_qemu(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Case]]]:
    """Every selected case, being played against the real QEMU, two at a time."""
    if reason := runner.qemu_is_missing():
        if os.environ.get("QMPD_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    asked = {item.name for item in request.session.items}
    askable = [case for case in CASES if not runner.host_is_missing(case)]
    selected = [case for case in askable if f"{test_the_recording_is_right.__name__}[{case.name}]" in asked]
    with ThreadPoolExecutor(2) as pool:
        yield {case.name: pool.submit(runner.play_case, case, runner.qemu) for case in selected}


@every_case
def test_the_recording_is_right(case: Case, answers_of_qemu: dict[str, Future[Case]]) -> None:
    if reason := runner.host_is_missing(case):
        if shutil.which("cc") is None:
            missing_peer(reason)
        pytest.skip(reason)
    difference = drift(case, answers_of_qemu[case.name].result())

    assert not difference, f"\n{difference}"


def test_errors_outnumber_successes() -> None:
    sections = [section for case in CASES for section in case.sections]
    steps = [step for section in sections for step in section.steps if step.waits]
    answers = [" ".join(step.answers) for step in steps if not step.sent.startswith(PREPARATION)]
    errors = sum(bool(AN_ERROR.search(answer)) for answer in answers)
    refusals = sum(bool(section.outcome) for section in sections)

    assert len(steps) > 500
    assert errors + refusals > len(answers) - errors
