"""The text form of cases: what is read is what is written, and bytes are what they spell."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import transcript
from .transcript import Step, answer_lines, masked


@pytest.mark.parametrize("case", transcript.read_all(), ids=lambda case: case.name)
def test_a_case_is_written_as_it_was_read(case: transcript.Case) -> None:
    assert case.text == case.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        ('-> {"execute": "é"}', b'{"execute": "\xc3\xa9"}\n'),
        (r'=> "{\x00\xff"', b"{\x00\xff"),
        (r'=> "a\n\"b\""', b'a\n"b"'),
        ('=> "[" * 3 + "]"', b"[[[]"),
        ('~> "a + b"', b"a + b"),
    ],
)
def test_a_step_sends_the_bytes_it_spells(sent: str, data: bytes) -> None:
    assert Step(sent).data == data


def test_bytes_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match="not a byte string"):
        _ = Step('=> "a" - "b"').data


def test_a_file_that_does_not_begin_with_arguments_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.qmp"
    path.write_text('# hello\n-> {"execute": "quit"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.qmp:2: a section starts with 'args:'"):
        transcript.read(path)


def test_a_line_that_repeats_is_written_once() -> None:
    assert answer_lines(["a", "a", "b", "b", "b", "b"]) == ("<- a", "<- a", "<-*4 b")


def test_what_varies_is_masked_and_nothing_else() -> None:
    line = '{"timestamp": {"seconds": 17, "microseconds": 4}, "event": "STOP", "thread-id": 0, "x": "/tmp/a/s"}'
    expected = (
        '{"timestamp": {"seconds": <seconds>, "microseconds": <microseconds>}, "event": "STOP", "thread-id": 0, '
        '"x": "<tmp>/s"}'
    )
    assert masked(line, {"/tmp/a": "<tmp>"}) == expected
