"""Reader, session and encoder together, row by row against what QEMU answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .monitor import Monitor
from .tables import rows, value_rows

VALUES = [*value_rows("strings"), *value_rows("numbers"), *value_rows("containers")]
MESSAGES = rows("messages")
REQUESTS = rows("requests")
TRANSCRIPT = [case.values for case in [*VALUES, *MESSAGES, *REQUESTS]]
RESYNC = b'\xff\n{"execute":"query-name","id":"resync"}'
RESYNC_REPLY = b'{"return": {}, "id": "resync"}\r\n'


@pytest.mark.parametrize(("sent", "replies"), [*VALUES, *MESSAGES, *REQUESTS])
def test_a_negotiated_session_answers_as_qemu(sent: bytes, replies: list[bytes]) -> None:
    assert Monitor([]).send(sent) == replies


@pytest.mark.parametrize(("sent", "replies"), rows("requests-oob"))
def test_a_session_with_oob_answers_as_qemu(sent: bytes, replies: list[bytes]) -> None:
    assert Monitor(["oob"]).send(sent) == replies


@pytest.mark.parametrize(("sent", "replies"), rows("negotiation"))
def test_a_new_session_answers_as_qemu(sent: bytes, replies: list[bytes]) -> None:
    assert Monitor().send(sent) == replies


@pytest.mark.parametrize(("sent", "replies"), [*VALUES, *MESSAGES, *REQUESTS])
def test_one_byte_at_a_time_makes_no_difference(sent: bytes, replies: list[bytes]) -> None:
    monitor = Monitor([])
    assert [reply for byte in sent for reply in monitor.send(bytes([byte]))] == replies


@given(data=st.data())
def test_any_split_of_a_transcript_gives_the_same_replies(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from([sent + b"\n" for sent, _ in TRANSCRIPT]), min_size=1, max_size=5))
    sent = b"".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent)), max_size=8)))
    split, whole = Monitor([]), Monitor([])
    chunks = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert [reply for chunk in chunks for reply in split.send(chunk)] == whole.send(sent)


@given(garbage=st.binary(max_size=200))
def test_after_a_resynchronisation_any_garbage_is_forgotten(garbage: bytes) -> None:
    assert Monitor([]).send(garbage + RESYNC)[-1] == RESYNC_REPLY


@given(garbage=st.text("{}[]:,\"'\\ue0-1.truefalsn \n", max_size=60).map(str.encode))
def test_after_a_resynchronisation_near_json_is_forgotten(garbage: bytes) -> None:
    assert Monitor([]).send(garbage + RESYNC)[-1] == RESYNC_REPLY
