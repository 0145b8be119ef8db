"""Passing for another build of QEMU: its facts come from the file that is named, and a bad one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qmpd.catalogue.catalogue import DEFAULT, SUFFIX
from qmpd.cli import main
from qmpd.clock import ManualClock
from qmpd.errors import StartupError
from qmpd.options.report import StartupExit
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

SHIPPED = Path(__file__).parents[2] / "qmpd" / "catalogue" / f"{DEFAULT}{SUFFIX}"
OTHER = {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": "somebody's"}


@pytest.fixture(name="other")
def other_build(tmp_path: Path) -> Path:
    """A build with another version, and one machine type less."""
    path = tmp_path / f"other{SUFFIX}"
    header, *lines = SHIPPED.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith('["isapc",')]
    path.write_text(json.dumps(json.loads(header) | {"version": OTHER}) + "\n" + "".join(kept), encoding="utf-8")
    return path


def vm(identity: object, *argv: str) -> Vm:
    return Vm(parse(["-nodefaults", "-S", "-x-qmpd", f"as={identity}", *argv]), ManualClock())


def test_the_greeting_and_query_version_tell_of_that_build(other: Path) -> None:
    session = vm(other, "-machine", "q35").open_session()
    session.greet()
    assert json.loads(session.data_to_send())["QMP"]["version"] == OTHER
    session.receive_data(b'{"execute": "qmp_capabilities"} {"execute": "query-version"}')
    answers: list[Any] = [json.loads(line) for line in session.data_to_send().splitlines()]
    assert answers[1] == {"return": OTHER}


def test_its_machines_are_those_of_that_build(other: Path) -> None:
    with pytest.raises(StartupError) as caught:
        vm(other, "-machine", "isapc")
    assert caught.value.errors[0].desc == 'unsupported machine type: "isapc"'


@pytest.fixture(name="older")
def older_build(other: Path) -> Path:
    """A build from before some features, properties and words of CPUs."""
    later = ("vmx-enable-user-wait-pause", "avx10", "fred", "guest-phys-bits", "module-id", "kvm-asyncpf-vmexit")
    starts = tuple(f'["{name}' for name in later)
    before, part, cpus = other.read_text(encoding="utf-8").partition('"part: cpu-words"\n')
    kept = [line for line in cpus.splitlines(keepends=True) if not line.startswith(starts)]
    other.write_text(before + part + "".join(kept).replace("CPUID.24H:EBX", "another word"), encoding="utf-8")
    return other


def test_cpus_need_not_know_of_what_came_later(older: Path) -> None:
    session = vm(older, "-machine", "q35", "-smp", "1,maxcpus=2,sockets=2").open_session()
    session.greet()
    cpu = {"driver": "qemu64-x86_64-cpu", "socket-id": 1, "core-id": 0, "thread-id": 0}
    for command, arguments in (
        ("qmp_capabilities", {}),
        ("device_add", cpu),
        ("query-cpu-model-expansion", {"type": "static", "model": {"name": "max"}}),
    ):
        session.receive_data(json.dumps({"execute": command, "arguments": arguments}).encode())
    answers: list[Any] = [json.loads(line) for line in session.data_to_send().splitlines()]
    assert [set(answer) for answer in answers] == [{"QMP"}, {"return"}, {"return"}, {"return"}]
    props = answers[-1]["return"]["model"]["props"]
    assert props["aes"] is True
    assert "avx10" not in props


def test_a_shipped_build_is_known_by_its_name() -> None:
    assert vm(DEFAULT, "-machine", "none").machine.catalogue.version["qemu"]["major"] == 10


@pytest.mark.parametrize("content", [None, "", "{}\n", '{"catalogue": 0}\n'])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bad"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StartupError) as caught:
        vm(path, "-machine", "none")
    assert caught.value.errors[0].desc.startswith("cannot be that QEMU: ")


def test_the_version_option_tells_of_that_build(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StartupExit):
        parse(["-x-qmpd", f"as={other}", "-version"])
    assert capsys.readouterr().out.startswith("QEMU emulator version 7.2.22 (somebody's)")


def test_recording_is_a_command_of_qmpd(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["catalogue", "record", "--help"])
    assert end.value.code == 0
    assert "--qemu PATH" in capsys.readouterr().out
