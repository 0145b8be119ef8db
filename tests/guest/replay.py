"""A recorded session with a real QEMU and a real Linux, played to qmpd: same commands in, same words out.

The guest's pace is taken from the recording (how long each piece of work took becomes a rule); everything else, what
comes, in which order and with which fields, is qmpd's own doing. What was done by hand inside the guest is a control
command, named per recording in ``recordings.py``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qmpd.clock import ManualClock
from qmpd.config import Extras
from qmpd.qemu_argv import parse
from qmpd.vm import Vm

TRACES = Path(__file__).with_name("traces")
SLACK = 0.2
"""An event may come so much later, in seconds, than recorded: delays in the recording are rounded to milliseconds."""
EARLY = 0.02
"""And so much earlier: how soon the guest looks is not recorded."""
GLANCE = 0.0002
"""How soon the guest looks at its slots, in seconds: before the next command, unless a script says otherwise."""

NOT_MODELLED = ("inject-nmi",)

Message = dict[str, Any]


@dataclass(frozen=True)
class Line:
    t: float
    dir: str
    msg: Message


@dataclass(frozen=True)
class Trace:
    name: str
    argv: list[str]
    guest: str
    lines: list[Line]

    @classmethod
    def read(cls, name: str) -> Trace:
        header, *lines = map(json.loads, (TRACES / f"{name}.jsonl").read_text().splitlines())
        return cls(name, header["argv"], header["guest"], [Line(line["t"], line["dir"], line["msg"]) for line in lines])


def _rule(occasion: str, device: str, deed: str, seconds: float) -> Message:
    arguments = {"on": occasion, "device": device, "do": deed, "times": 1, "delay": seconds}
    return {"execute": "x-qmpd-guest-rule-add", "arguments": arguments}


@dataclass
class Script:
    """What cannot be seen in the recording.

    ``set_up`` is sent before it begins. ``inside`` holds the commands for what was done in the guest, by a part of
    what the recording says about it. ``unseen`` says which ``device_del``, counted from 1, the guest noticed only
    together with the next command. ``boot`` is how long the guest takes to be up, in seconds; ``off``: when the
    recording begins, it is not.
    """

    set_up: list[Message] = field(default_factory=list)
    inside: Mapping[str, Message] = field(default_factory=dict)
    unseen: frozenset[int] = frozenset()
    boot: float = 1.0
    behaviour: str = "linux"
    off: bool = False


class Replay:
    """One run. ``check`` raises AssertionError at the first line that differs."""

    def __init__(self, trace: Trace, script: Script, check_invariants: Callable[[Any], None]) -> None:
        self.trace = trace
        self.script = script
        self.clock = ManualClock()
        self.status: int | None = None
        self._check_invariants = check_invariants
        self._received: deque[Message] = deque()
        argv = [word for word in trace.argv if word not in ("-device", "pvpanic")] if self._pvpanic else trace.argv
        config = parse(["-nodefaults", "-display", "none", "-cpu", "max", "-smp", "2", *argv])
        config.extras = Extras(guest=script.behaviour, manual_clock=True, control=True)
        self.vm = Vm(config, self.clock)
        self.vm.on_exit = self._exit
        self._adapt_behaviour()
        self._session = self.vm.open_session()
        self._session.greet()
        self.send({"execute": "qmp_capabilities"})
        for command in [*self._paces(), *script.set_up]:
            assert "return" in self.send(command), command
        if not script.off:
            self.send({"execute": "x-qmpd-guest-do", "arguments": {"action": "boot"}})
        self._start = self.clock.now()
        self._removals = 0
        self._noticed = True
        self._reply: Message | None = None

    @property
    def _pvpanic(self) -> bool:
        return "pvpanic" in self.trace.argv

    def _exit(self, status: int) -> None:
        self.status = status

    def _adapt_behaviour(self) -> None:
        behaviour, guest = self.vm.guest.behaviour, self.trace.guest
        timing = behaviour.timing._replace(boot=self.script.boot, scan=GLANCE, power=0.02)
        self.vm.guest.become(
            behaviour._replace(
                timing=timing,
                acpi="acpi=off" not in guest,
                pvpanic=self._pvpanic,
                power_button="daemon that powers off" in guest,
                reboots_on_panic="panic=-1" in guest,
            )
        )

    # The guest's pace

    def _paces(self) -> list[Message]:
        """Rules for how long each insertion and removal took, and for which of them were refused or never ended."""
        paces: list[Message] = []
        started: dict[str, tuple[float, Message]] = {}
        free_from = 0.0
        for line in self.trace.lines:
            if line.dir == "cmd" and line.msg["execute"] in ("device_add", "device_del", "cont"):
                free_from = max(free_from, line.t)
            data = line.msg.get("data", {}) if line.dir == "event" else {}
            device = data.get("device") or data.get("info", {}).get("device")
            if device is None:
                continue
            said = (data["info"]["source"], data["info"]["status"]) if "info" in data else "deleted"
            if said == (1, 0):
                paces.append(_rule("dimm-plug", device, "obey", max(line.t - free_from - 2 * GLANCE, 0.0)))
            elif said == (3, 132):
                paces.append(_rule("dimm-unplug", device, "stall", 0.0))
                started[device] = line.t, paces[-1]["arguments"]
            elif device in started:
                since, rule = started.pop(device)
                rule |= {"do": "obey" if said == "deleted" else "refuse", "delay": line.t - since}
            free_from = line.t
        return paces[::-1]  # the rule added last is asked first

    # Talking

    def send(self, command: Message) -> Message:
        """The reply; events that came meanwhile are kept."""
        self._session.receive_data(json.dumps(command).encode())
        self._collect()
        reply = next(message for message in self._received if "event" not in message)
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
        if self._noticed:
            self.clock.advance(2 * GLANCE)
            self._collect()

    def _check_early(self, number: int, line: Line, where: str) -> None:
        """What has come already must have been recorded soon after."""
        soon = [later.msg for later in self.trace.lines[number:] if later.dir == "event" and later.t <= line.t + EARLY]
        early = [_timeless(event) for event in self._received]
        assert early == soon[: len(early)], f"{where}: not recorded"

    def _check_reply(self, number: int, line: Line, where: str) -> None:
        if self._reply is not None:
            assert self._reply == line.msg, where

    def _check_event(self, number: int, line: Line, where: str) -> None:
        deadline = line.t + SLACK
        while not self._received and self._elapsed < deadline:
            self._advance_to(self._elapsed + 0.001)
        assert self._received, f"{where}: nothing came, recorded is {line.msg}"
        assert _timeless(self._received.popleft()) == line.msg, where

    def _check_guest(self, number: int, line: Line, where: str) -> None:
        self._advance_to(line.t)
        text = json.dumps(line.msg)
        for part, command in self.script.inside.items():
            if part in text:
                assert "return" in self.send(command), where

    def _check_note(self, number: int, line: Line, where: str) -> None:
        text: str = line.msg["text"]
        self._advance_to(line.t)
        if text == "SIGTERM":
            self.vm.request_shutdown("host-signal")
            self._collect()
        if text == "QMP connection closed by QEMU":
            assert self.status is not None, where
        if "exited with status" in text:
            assert self.status == int(text.split()[-1]), where
        if "still running" in text:
            assert self.status is None, where


def _timeless(event: Message) -> Message:
    return {name: value for name, value in event.items() if name != "timestamp"}
