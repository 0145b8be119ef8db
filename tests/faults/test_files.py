"""Faults from a file, and what they do to a process and its sockets."""

from __future__ import annotations

import json
import os
import re
import signal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from qmpd.config import Extras
from qmpd.errors import StartupError
from qmpd.faults.fault import load
from qmpd.qemu_argv import parse
from qmpd.testing import Machine, described
from tests.server.emulators import COMMON, DROP_IN, QMPD, Emulator, Monitor, started


def write(directory: Path, *rules: dict[str, Any], **members: Any) -> str:
    path = directory / "faults.json"
    path.write_text(json.dumps({"rules": rules, **members}))
    return str(path)


def test_the_first_rule_of_a_file_that_fits_holds(tmp_path: Path) -> None:
    fail = {"on": "request", "do": "fail", "command": "stop", "times": 1}
    file = write(tmp_path, {**fail, "name": "first"}, {**fail, "desc": "second"}, description="two")
    client = Machine(faults=file).connect().negotiate()
    for _ in range(3):
        client.send("stop")
    errors = [message["error"]["desc"] for message in client.read() if "error" in message]
    assert errors == ["failed on purpose", "second"]
    assert [rule["name"] for rule in client.ask("x-qmpd-fault-query")] == ["first", "rule-1"]


def test_the_same_seed_gives_the_same_faults(tmp_path: Path) -> None:
    def outcome(seed: int) -> list[str]:
        rule = {"on": "request", "do": "fail", "command": "query-name", "chance": 0.5}
        client = Machine(faults=write(tmp_path, rule, seed=seed)).connect().negotiate()
        for _ in range(64):
            client.send("query-name")
        return described(client.read())

    assert outcome(1) == outcome(1) != outcome(2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, ": No such file or directory"),
        ("{", " is not JSON: "),
        ("[]", ": $: [] is not of type 'object'"),
        ('{"rules": [{"on": "noon", "do": "drop"}]}', ": $.rules[0].on: 'noon' is not one of "),
        ('{"rules": [{"on": "event"}]}', ": $.rules[0]: 'do' is a required property"),
        (
            '{"rules": [{"on": "event", "do": "drop", "times": 0}]}',
            ": $.rules[0].times: 0 is less than ",
        ),
        ('{"rules": [{"on": "event", "do": "fail"}]}', ": $.rules[0]: 'fail' is for the occasion 'request'"),
        ('{"rules": [{"on": "event", "do": "insert", "text": "\\u0100"}]}', ": $.rules[0].text: 'Ā' does not match"),
    ],
)
def test_a_start_with_a_bad_file_says_what_is_wrong(tmp_path: Path, text: str | None, complaint: str) -> None:
    path = tmp_path / "bad.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StartupError) as failure:
        Machine(faults=str(path))
    (error,) = failure.value.errors
    assert error.desc.startswith(f"cannot use these faults: {path}{complaint}")


def test_a_start_with_two_rules_of_one_name_says_so(tmp_path: Path) -> None:
    rule = {"on": "event", "do": "drop", "name": "twin"}
    with pytest.raises(StartupError, match="There is a rule 'twin' already"):
        Machine(faults=write(tmp_path, rule, rule))


def test_the_examples_of_the_guide_are_rules() -> None:
    text = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    in_files = [json.loads(part.split("```")[0])["rules"] for part in text.split("```json\n")[1:]]
    in_line = [json.loads(part) for part in re.findall(r"`(\{\"on\"[^`]*)`", text)]
    examples = [*chain(*in_files), *in_line]
    assert len(examples) == 5
    client = Machine().connect().negotiate()
    for example in examples:
        assert client.ask("x-qmpd-fault-add", **example)


def test_the_drop_in_takes_the_file_as_an_option() -> None:
    extras = parse(["-x-qmpd", "guest=linux", "-x-qmpd", "faults=/a,,b"]).extras
    assert extras == Extras("linux", control=True, faults="/a,b")


# Processes


def served(emulator: Emulator, path: Path) -> Monitor:
    return emulator.connect(path).negotiate()


@pytest.mark.parametrize(("name", "number"), [("KILL", signal.SIGKILL), ("ABRT", signal.SIGABRT)])
def test_a_process_dies_as_by_a_signal_and_leaves_everything_lying_about(
    tmp_path: Path, name: str, number: signal.Signals
) -> None:
    file = write(tmp_path, {"on": "request", "do": "kill", "command": "stop", "signal": name})
    monitor_path, pidfile = tmp_path / "monitor", tmp_path / "pid"
    options = ["-qmp", f"unix:{monitor_path},server=on,wait=off", "-pidfile", str(pidfile)]
    with started(DROP_IN, *COMMON, *options, environment={"QMPD_OPTIONS": f"faults={file}"}, cwd=tmp_path) as emulator:
        monitor = served(emulator, monitor_path)
        monitor.sock.sendall(b'{"execute": "query-name"}{"execute": "stop"}')
        assert monitor.line() == {"return": {}}
        assert monitor.line() is None
        assert emulator.ended() == -number
    assert int(pidfile.read_text()) == emulator.process.pid
    assert monitor_path.is_socket()


def test_a_greeting_arrives_in_pieces_over_a_socket(tmp_path: Path) -> None:
    file = write(tmp_path, {"on": "greeting", "do": "split", "bytes": 2, "delay": 1, "times": 1})
    options = ["--socket", str(tmp_path / "monitor"), "--faults", file, "--clock", "manual"]
    with started(QMPD, *options) as emulator:
        monitor = emulator.connect(tmp_path / "monitor")
        assert monitor.sock.recv(4096) == b'{"'
        served(emulator, tmp_path / "monitor").ask("x-qmpd-clock-advance", seconds=1)
        assert monitor.sock.recv(4096).startswith(b'QMP": ')


def test_a_connection_closed_on_purpose_is_only_that_one(tmp_path: Path) -> None:
    with started(QMPD, "--socket", tmp_path / "monitor") as emulator:
        first, second = (served(emulator, tmp_path / "monitor") for _ in range(2))
        second.ask("x-qmpd-fault-add", on="event", do="close", event="STOP", spare=True, bytes=3)
        second.sock.sendall(b'{"execute": "stop"}')
        assert first.sock.recv(4096) == b'{"t'
        assert first.sock.recv(4096) == b""
        assert second.line()["event"] == "STOP"
        assert second.line() == {"return": {}}


def test_a_process_that_reads_no_more_goes_on_when_told(tmp_path: Path) -> None:
    with started(QMPD, "--socket", tmp_path / "monitor", "--clock", "manual") as emulator:
        client, control = (served(emulator, tmp_path / "monitor") for _ in range(2))
        control.ask("x-qmpd-fault-add", name="hang", on="reply", do="stall", command="query-name")
        assert client.ask("query-name") == {}
        client.sock.sendall(b'{"execute": "query-status"}')
        control.ask("x-qmpd-fault-remove", name="hang")
        assert client.line()["return"]["running"]


def test_a_bad_file_stops_the_start_of_a_process(tmp_path: Path) -> None:
    path = os.fspath(tmp_path / "none.json")
    with started(QMPD, "--socket", tmp_path / "monitor", "--faults", path) as emulator:
        assert emulator.ended() == 1
        assert emulator.error == f"qmpd: cannot use these faults: {path}: No such file or directory\n"


def test_load_reads_what_the_schema_describes(tmp_path: Path) -> None:
    (fault,) = load(write(tmp_path, {"on": "request", "do": "fail", "class": "DeviceNotFound", "desc": "x"})).faults
    assert (fault.error_class, fault.desc) == ("DeviceNotFound", "x")
