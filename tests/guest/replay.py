"""A recorded session with a real QEMU and a real Linux, played to qmpd: same commands in, same words out.

The guest's pace is taken from the recording (``recorded_pace.py``); everything else, what comes, in which order and
with which fields, is qmpd's own doing. What was done by hand inside the guest is a control
command, named per recording in ``recordings.py``.
"""

from __future__ import annotations

import json
import re
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.guest.contact import Quirk
from qmpd.model.hostmem_host import Host
from qmpd.model.virtio_mem import VirtioMemPci
from qmpd.qemu_argv import parse
from qmpd.vm import Vm
from tests.guest.recorded_pace import GLANCE, StepPace, rules
from tests.model.test_objects import EmptyFileEverywhere

TRACES = Path(__file__).with_name("traces")
SLACK = 0.2
"""An event may come so much later, in seconds, than recorded: delays in the recording are rounded to milliseconds."""
EARLY = 0.02
"""And so much earlier: how soon the guest looks is not recorded."""
RUN_STATE = frozenset({"STOP", "RESUME", "RESET", "POWERDOWN", "SHUTDOWN", "WAKEUP"})
"""The events that a command causes before it is answered."""
UNKNOWN = (1 << 64) - 1
"""What a statistic is that the guest does not tell."""
NOT_MODELLED = ("inject-nmi",)
NO_DRIVER = {"virtio-mem": "virtio_mem driver not loaded", "virtio-balloon": "no balloon driver"}

Message = dict[str, Any]


@dataclass(frozen=True)
class Line:
    t: float
    dir: str
    msg: Message
    raised: float | None


@dataclass(frozen=True)
class Trace:
    name: str
    argv: list[str]
    guest: str
    lines: list[Line]

    @classmethod
    def read(cls, name: str) -> Trace:
        header, *lines = map(json.loads, (TRACES / f"{name}.jsonl").read_text().splitlines())
        return cls(name, header["argv"], header["guest"], [_line(**line) for line in lines])


def _line(t: float, dir: str, msg: Message, raised: float | None = None) -> Line:
    return Line(t, dir, msg, raised)


@dataclass
class Script:
    """What cannot be seen in the recording.

    ``set_up`` is sent before it begins. ``inside`` holds the commands for what was done in the guest, by a part of
    what the recording says about it. ``unseen`` says which ``device_del``, counted from 1, the guest noticed only
    together with the next command. ``boot`` is how long the guest takes to be up, in seconds; ``off``: when the
    recording begins, it is not. ``near`` is how many bytes the balloon may differ by.
    """

    set_up: list[Message] = field(default_factory=list)
    inside: Mapping[str, Message] = field(default_factory=dict)
    unseen: frozenset[int] = frozenset()
    boot: float = 1.0
    behaviour: str = "linux"
    off: bool = False
    near: int = 0


class Replay:
    """One run. ``check`` raises AssertionError at the first line that differs."""

    def __init__(self, trace: Trace, script: Script, check_invariants: Callable[[Any], None]) -> None:
        self.trace = trace
        self.script = script
        self.clock = ManualClock(1_700_000_000)
        self.status: int | None = None
        self._check_invariants = check_invariants
        self._received: deque[Message] = deque()
        argv = [word for word in trace.argv if word not in ("-device", "pvpanic")] if self._pvpanic else trace.argv
        config = parse(["-nodefaults", "-display", "none", "-cpu", "max", "-smp", "2", *argv])
        config.extras = Extras(guest=script.behaviour, manual_clock=True, control=True)
        self.vm = Vm(config, self.clock, host=Host(files=EmptyFileEverywhere()))
        self.vm.on_exit = self._exit
        self.vm.on_death = self._die
        self._adapt_behaviour()
        self._session = self.vm.open_session()
        self._session.greet()
        self.send({"execute": "qmp_capabilities"})
        native = any("bridge-support=off" in word for word in trace.argv)
        for command in [*rules(trace.lines, native=native), *script.set_up]:
            assert "return" in self.send(command), command
        if not script.off:
            self.send({"execute": "x-qmpd-guest-do", "arguments": {"action": "boot"}})
        self._start = self.clock.now()
        self.vm.guest.conduct.pace = StepPace(trace.lines, lambda: self._elapsed)
        self._removals = 0
        self._noticed = True
        self._reply: Message | None = None

    @property
    def _pvpanic(self) -> bool:
        return "pvpanic" in self.trace.argv

    @property
    def _dies(self) -> bool:
        return any("exited with status -6" in line.msg.get("text", "") for line in self.trace.lines)

    def _die(self, signal_name: str) -> None:
        self.status = -signal.Signals[f"SIG{signal_name}"]

    def _exit(self, status: int) -> None:
        self.status = status

    def _adapt_behaviour(self) -> None:
        behaviour, guest = self.vm.guest.behaviour, self.trace.guest
        timing = behaviour.timing._replace(boot=self.script.boot, scan=GLANCE, power=0.02, pci_plug=0.002)
        missing = {driver for driver, words in NO_DRIVER.items() if words in guest}
        self.vm.guest.become(
            behaviour._replace(
                timing=timing,
                acpi="acpi=off" not in guest,
                auto_online=not guest.endswith(" offline"),
                drivers=tuple(driver for driver in behaviour.drivers if driver not in missing),
                pvpanic=self._pvpanic,
                power_button="daemon that powers off" in guest,
                quirks=tuple(Quirk) if self._dies else (),
                reboots_on_panic="panic=-1" in guest,
            )
        )

    # Talking

    def send(self, command: Message) -> Message:
        """The reply, empty if the machine dies instead; events that came meanwhile are kept."""
        waiting = len(self._received)
        self._session.receive_data(json.dumps(command).encode())
        self._collect()
        reply = next((message for message in self._received if "event" not in message), {})
        if reply:
            before = list(self._received)[waiting : self._received.index(reply)]
            self._before_reply = [event["event"] for event in before if event["event"] in RUN_STATE]
            self._received.remove(reply)
        return reply

    def _collect(self) -> None:
        for line in self._session.data_to_send().splitlines():
            message = json.loads(line)
            if "QMP" not in message:
                self._received.append(message)

    @property
    def _elapsed(self) -> float:
        (seconds, microseconds), (first, first_micro) = self.clock.now(), self._start
        return seconds - first + (microseconds - first_micro) / 1e6

    def _advance_to(self, t: float) -> None:
        self.clock.advance(max(0.0, t - self._elapsed))
        self._collect()

    # Checking

    def check(self) -> None:
        lines = self.trace.lines
        for number, line in enumerate(lines):
            where = f"{self.trace.name}, line {number + 2} ({line.t})"
            getattr(self, f"_check_{line.dir}")(number, line, where)
            self._check_invariants(self.vm.machine)
        self.clock.advance(1)
        self._collect()
        assert not self._received, f"{self.trace.name}: more than was recorded: {list(self._received)}"

    def _check_cmd(self, number: int, line: Line, where: str) -> None:
        if self._removals not in self.script.unseen or self._noticed:
            self._advance_to(line.t)
        self._check_early(number, line, where)
        self._removals += line.msg["execute"] == "device_del"
        self._noticed = line.msg["execute"] != "device_del" or self._removals not in self.script.unseen
        self._reply = None if line.msg["execute"] in NOT_MODELLED else self.send(line.msg)
        if self._reply:
            recorded = [later.msg for later in self._until_reply(number)]
            expected = [event["event"] for event in recorded if event.get("event") in RUN_STATE]
            assert self._before_reply == expected, f"{where}: before the reply came {self._before_reply}"
        if self._noticed:
            self.clock.advance(2 * GLANCE)
            self._collect()

    def _until_reply(self, number: int) -> Iterator[Line]:
        return takewhile(lambda line: line.dir != "reply", self.trace.lines[number:])

    def _check_early(self, number: int, line: Line, where: str) -> None:
        """What has come already must have been recorded soon after."""
        soon = [later.msg for later in self.trace.lines[number:] if later.dir == "event" and later.t <= line.t + EARLY]
        early = [_timeless(event) for event in self._received]
        assert early == soon[: len(early)], f"{where}: not recorded"

    def _check_reply(self, number: int, line: Line, where: str) -> None:
        if self._reply is not None:
            assert _comparable(self._reply) == _comparable(line.msg), where

    def _check_event(self, number: int, line: Line, where: str) -> None:
        deadline = line.t + SLACK
        while not self._received and self._elapsed < deadline:
            self._advance_to(self._elapsed + 0.001)
        assert self._received, f"{where}: nothing came, recorded is {line.msg}"
        event = _timeless(self._received.popleft())
        if self.script.near and event["event"] == line.msg["event"] == "BALLOON_CHANGE":
            assert abs(event["data"]["actual"] - line.msg["data"]["actual"]) <= self.script.near, where
        else:
            assert event == line.msg, where

    def _mapped_memslots(self) -> set[str]:
        devices = self.vm.machine.memory_devices.memory_device_list()
        slots = [device.backend.dynamic_slots for device in devices if isinstance(device, VirtioMemPci)]
        return {f"memslot-{number}" for several in slots for number, slot in enumerate(several) if slot.active}

    def _check_guest(self, number: int, line: Line, where: str) -> None:
        self._advance_to(line.t)
        self._do_inside(json.dumps(line.msg), where)

    def _do_inside(self, text: str, where: str) -> None:
        for part, command in self.script.inside.items():
            if part in text:
                assert "return" in self.send(command), where

    def _check_note(self, number: int, line: Line, where: str) -> None:
        text: str = line.msg["text"]
        self._advance_to(line.t)
        self._do_inside(text, where)
        if "lines" in line.msg:
            memslots = {found[1] for entry in line.msg["lines"] if (found := _MEMSLOT.search(entry))}
            assert memslots == self._mapped_memslots(), where
        if text == "SIGTERM":
            self.vm.request_shutdown("host-signal")
            self._collect()
        if text == "QMP connection closed by QEMU":
            assert self.status is not None, where
        if "exited with status" in text:
            assert self.status == int(text.split()[-1]), where
        if "still running" in text:
            assert self.status is None, where


_MEMSLOT = re.compile(r"alias (memslot-\d+) ")


def _comparable(reply: Message) -> Message:
    """A reply without what only a real guest knows: the values of its statistics."""
    stats = reply.get("return", {}).get("stats") if isinstance(reply.get("return"), dict) else None
    if stats is None:
        return reply
    known = {name for name, value in stats.items() if value != UNKNOWN}
    return {"return": {"stats": list(stats), "known": known, "last-update": reply["return"]["last-update"] > 0}}


def _timeless(event: Message) -> Message:
    return {name: value for name, value in event.items() if name != "timestamp"}
