"""The threads behind CPUs and iothreads: what others see of them, in qmpd and in the real QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import peers

from .emulators import DROP_IN, Emulator, started

MONITOR = ("-qmp", "unix:monitor,server=on,wait=off")
BOARD = ("-nodefaults", "-display", "none", "-S", "-machine", "q35", "-smp", "3")


@pytest.fixture(params=["qmpd", "qemu"])
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return DROP_IN if request.param == "qmpd" else (peers.require_peer(peers.QEMU),)


def names(emulator: Emulator) -> dict[int, str]:
    """The process's threads by number."""
    tasks = Path(f"/proc/{emulator.process.pid}/task").iterdir()
    return {int(task.name): (task / "comm").read_text().strip() for task in tasks}


def test_each_cpu_and_iothread_has_a_thread_of_its_own(command: tuple[str, ...], tmp_path: Path) -> None:
    options = (*BOARD, "-name", "x,debug-threads=on", "-object", "iothread,id=io0")
    with started(command, *options, *MONITOR, cwd=tmp_path) as emulator:
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
        cpus = [cpu["thread-id"] for cpu in monitor.ask("query-cpus-fast")]
        (iothread,) = monitor.ask("query-iothreads")
        threads = names(emulator)
        assert [threads[number] for number in cpus] == ["CPU 0/TCG", "CPU 1/TCG", "CPU 2/TCG"]
        assert threads[iothread["thread-id"]] == "IO io0"
        assert emulator.process.pid not in {*cpus, iothread["thread-id"]}


def test_threads_keep_the_name_of_the_program_unless_asked(command: tuple[str, ...], tmp_path: Path) -> None:
    with started(command, *BOARD, *MONITOR, cwd=tmp_path) as emulator:
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
        threads = names(emulator)
        for cpu in monitor.ask("query-cpus-fast"):
            assert threads[cpu["thread-id"]] == threads[emulator.process.pid]


def test_one_thread_for_all_cpus(command: tuple[str, ...], tmp_path: Path) -> None:
    options = ("-name", "x,debug-threads=on", "-accel", "tcg,thread=single")
    with started(command, *BOARD, *options, *MONITOR, cwd=tmp_path) as emulator:
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
        (number,) = {cpu["thread-id"] for cpu in monitor.ask("query-cpus-fast")}
        assert names(emulator)[number] == "ALL CPUs/TCG"


def test_an_iothread_takes_its_thread_along(command: tuple[str, ...], tmp_path: Path) -> None:
    with started(command, *BOARD, *MONITOR, cwd=tmp_path) as emulator:
        monitor = emulator.connect(tmp_path / "monitor").negotiate()
        monitor.ask("object-add", **{"qom-type": "iothread", "id": "io0"})
        (iothread,) = monitor.ask("query-iothreads")
        number = iothread["thread-id"]
        assert number in names(emulator)
        monitor.ask("object-del", id="io0")
        monitor.ask("query-status")
        assert monitor.ask("query-iothreads") == []
        while number in names(emulator):  # the kernel takes a moment to bury it
            monitor.ask("query-status")
