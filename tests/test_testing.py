"""What is shipped for the tests of others."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from qmpd.testing import CommandFailed, Machine, NoReply, Process, described

pytest_plugins = ["pytester"]

GUIDE = (Path(__file__).parents[1] / "docs" / "testing.md").read_text()


def test_a_process_is_served_advanced_and_ended() -> None:
    with Process("--guest", "linux") as vm:
        client = vm.connect().negotiate()
        with pytest.raises(CommandFailed) as failure:
            client.ask("device_del", id="none")
        assert (failure.value.error_class, failure.value.desc) == ("DeviceNotFound", "Device 'none' not found")
        vm.advance(10)
        assert vm.control.ask("x-qmpd-guest-query")["life"] == "running"
        client.ask("stop")
        assert described(client.events) == ["STOP"]
        process = vm.process
    assert process.returncode is not None
    assert not Path(vm.socket).exists()


def test_what_is_due_has_been_sent_to_everybody_when_the_clock_has_advanced() -> None:
    with Process("--guest", "linux") as vm, ExitStack() as stack:
        socks = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
        for sock in socks:
            sock.connect(vm.socket)
            sock.sendall(b'{"execute": "qmp_capabilities"}')
            while not sock.recv(4096).endswith(b'{"return": {}}\r\n'):
                pass
        vm.advance(10)
        vm.control.ask("object-add", qom_type="memory-backend-ram", id="m0", size=1 << 30)
        vm.control.ask("device_add", driver="pc-dimm", id="d0", memdev="m0")
        vm.advance(10)
        for sock in socks:
            sock.setblocking(False)
            assert b'"event": "ACPI_DEVICE_OST"' in sock.recv(4096), "nobody has to wait for it"


def test_a_process_that_does_not_start_says_so() -> None:
    with pytest.raises(RuntimeError, match="qmpd did not start; exit status 1"):
        Process("--machine", "none-such")


def test_two_machines_know_nothing_of_each_other() -> None:
    first, second = (Machine() for _ in range(2))
    first.connect().negotiate().ask("stop")
    first.advance(10)
    assert second.connect().negotiate().ask("query-status")["running"]
    assert second.clock.now() == (0, 0)


def test_a_reply_that_is_held_up_is_no_reply() -> None:
    client = Machine().connect().negotiate()
    client.ask("x-qmpd-fault-add", on="reply", do="drop", command="query-name")
    with pytest.raises(NoReply):
        client.ask("query-name")


def passed(pytester: pytest.Pytester) -> int:
    """How many tests passed. The plugin is named, because the checkout need not be installed with its entry points."""
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "qmpd.pytest_plugin", "-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    return outcomes["passed"]


def test_the_fixture_starts_and_ends_machines(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        processes = []

        def test_one(qmpd):
            vm = qmpd("--stopped")
            processes.append(vm.process)
            assert not vm.control.ask("query-status")["running"]

        def test_it_has_ended():
            assert processes[0].returncode is not None
        """
    )
    assert passed(pytester) == 2


def test_the_guides_example_in_process_works(pytester: pytest.Pytester) -> None:
    _, _, example = GUIDE.split("```python\n")
    pytester.makepyfile(example.split("```")[0])
    assert passed(pytester) == 1


def test_the_guides_example_behind_a_socket_works(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        my_manager="""
        from qmpd.testing import connect

        class Manager:
            def __init__(self, path):
                self.client = connect(path).negotiate()

            def plug(self, name):
                self.client.ask("object-add", qom_type="memory-backend-ram", id="m-" + name, size=1 << 30)
                self.client.ask("device_add", driver="pc-dimm", id=name, memdev="m-" + name)

            def unplug(self, name):
                self.client.ask("device_del", id=name)

            def sees(self, name):
                return name in [entry["data"]["id"] for entry in self.client.ask("query-memory-devices")]
        """
    )
    _, example, _ = GUIDE.split("```python\n")
    pytester.makepyfile(example.split("```")[0])
    assert passed(pytester) == 1
