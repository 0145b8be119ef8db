"""What the recorder makes of answers, without a QEMU."""

from __future__ import annotations

from typing import Any

import pytest

from qmpd.catalogue.record.__main__ import main
from qmpd.catalogue.record.peer import Peer, PeerDied, as_inserted
from qmpd.catalogue.record.types import PropertyRecorder
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_bucket, qdict_order

SIZE = {"name": "size", "type": "size"}
REALIZED = {"name": "realized", "type": "bool"}
LEGACY = {"name": "legacy-addr", "type": "str"}
ANSWERS: dict[str, dict[str, Any]] = {
    "qom-list-properties": {
        "device": [REALIZED, SIZE, LEGACY],
        "twin": [REALIZED, SIZE, LEGACY],
        "odd": [REALIZED, SIZE],
        "deadly": None,
    },
    "device-list-properties": {"device": [SIZE], "twin": [SIZE], "odd": [REALIZED], "deadly": None},
}


def recorded(*names: str) -> PropertyRecorder:
    def ask(command: str, name: str) -> Any:
        if name not in ANSWERS[command]:
            raise QemuError(f"no {name}")
        return ANSWERS[command][name]

    recorder = PropertyRecorder(ask)
    for name in names:
        recorder.add(name)
    return recorder


def test_a_device_s_list_that_follows_from_the_object_s_is_not_kept() -> None:
    recorder = recorded("device")
    assert recorder.rows == [["device", [0, 1, 2], True]]
    assert recorder.descriptors() == [REALIZED, SIZE, LEGACY]


def test_a_list_seen_before_is_kept_once() -> None:
    assert recorded("device", "twin").rows[1] == ["twin", "device", True]


def test_a_device_s_list_that_does_not_follow_is_kept() -> None:
    assert recorded("odd").rows == [["odd", [0, 1], [0]]]


def test_a_refusal_is_kept_with_class_and_text() -> None:
    refusal = {"class": "GenericError", "desc": "no nonesuch"}
    assert recorded("nonesuch").rows == [["nonesuch", refusal, refusal]]


def test_a_deadly_question_leaves_no_answer() -> None:
    assert recorded("deadly").rows == [["deadly", None, None]]


def test_members_that_share_a_bucket_are_written_as_they_came() -> None:
    assert qdict_bucket("name") == qdict_bucket("Nbme")
    for came in (["name", "Nbme"], ["Nbme", "name"]):
        assert qdict_order(as_inserted([(key, 0) for key in came])) == came


def test_a_program_that_ends_at_once_is_not_a_peer() -> None:
    with pytest.raises(PeerDied):
        Peer("false")


def test_the_recorder_says_why_it_cannot_record(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    assert main(["record", "--qemu", "/nonexistent/qemu", "--out", str(tmp_path)]) == 1
    assert "cannot record /nonexistent/qemu" in capsys.readouterr().err
