"""A domain that is led through a scenario, and what it looked like on the way: what two emulators must share."""

from __future__ import annotations

import difflib
import os
import re
import signal
import sys
from pathlib import Path

from .daemon import Libvirt, until
from .xml import domain

# What differs from run to run whoever the emulator is: (pattern, what is written instead).
_VOLATILE = [
    (r"(<domain [^>]*\bid=')\d+", r"\1N"),
    (r"(?m)^(Id: +)\d+", r"\1N"),
    (r"(?m)^(rss|last_update) \d+", r"\1 N"),
    (r"(?m)^( *(?:cpu\.\S+|vcpu\.\d+\.(?:time|wait|delay)|balloon\.(?:rss|last-update))=)\d+", r"\1N"),
    (r"(?m)^( *block\.\d+\.(?:rd|wr|fl)\.\S+=)\d+", r"\1N"),  # firmware looks for something to boot
    (r"(?m)^(vda \S+ )\d+", r"\1N"),
    (r"(?m)^(CPU: +)\d+", r"\1N"),
    (r"Block \w+: \[ *\d?\d\.\d+ %\]\n", ""),  # how far it is when virsh happens to look
    (r"((?:time_elapsed|Time elapsed): +)\d+ *", r"\1N "),
    (r"(?m)^CPU time: .*\n", ""),  # is not there before a CPU has run
    (r"(<graphics type='vnc' port=')\d+", r"\1N"),
    (r"(dirtyrate\.calc_start_time=)[1-9]\d*", r"\1N"),
    (r"/dev/pts/\d+", "/dev/pts/N"),
    (r"(domain-|channel/)\d+-", r"\1N-"),
    (r"\d{4}-\d\d-\d\dT\S+Z (?=(?:qemu|qmpd)-system)", ""),
    (r"\b(?:qemu|qmpd)-system-x86_64: ", "EMULATOR: "),
    # which of the two depends on who is quicker
    (
        r"process exited while connecting to monitor|(?i:qemu) unexpectedly closed the monitor( \(vm='DOMAIN'\))?",
        "it ended",
    ),
]

_ROOM = [(r"(?m)^( *block\.\d+\.(?:allocation|physical)=)\d+", r"\1N")]


_LOOKS = ("dumpxml", "dominfo", "domstate --reason", "dommemstat", "domstats")


QMPD = str(Path(sys.executable).with_name("qmpd-system-x86_64"))


class Domain:
    """``seen`` has every command with all that it printed, and every look at the domain.

    Where QEMU ``copies_data``, how much room the images take then is not looked at.
    """

    def __init__(self, libvirt: Libvirt, emulator: str) -> None:
        self.libvirt = libvirt
        self.emulator = emulator
        self.name = f"d{os.urandom(3).hex()}"
        self.seen: list[str] = []
        self.copies_data = False
        self._events_told = self._files = 0
        self._last_look: list[str] = []
        self._file = libvirt.write("")

    def file(self, size: int) -> str:
        """The path of a new file of ``size`` MiB, the same for each emulator."""
        self._files += 1
        path = self.libvirt.folder / f"file{self._files}"
        with path.open("wb") as stream:
            stream.truncate(size << 20)
        return str(path)

    # What a scenario does

    def define(self, **how: str | bool) -> None:
        self("define", "XML", xml=domain(self.name, self.emulator, **how))  # type: ignore[arg-type]

    def start(self, **how: str | bool) -> None:
        self.define(**how)
        self("start", "DOMAIN")
        self.look()

    def attach(self, xml: str, *flags: str) -> None:
        self("attach-device", "DOMAIN", "XML", *flags, xml=xml)
        self.look()

    def detach(self, xml: str, *flags: str) -> bool:
        return self("detach-device", "DOMAIN", "XML", *flags, xml=xml)

    def do(self, command: str, *arguments: str) -> None:
        """A command about the domain, and a look at what has become of it."""
        self(command, "DOMAIN", *arguments)
        self.look()

    def look(self) -> None:
        """Write down what has changed since the last look."""
        seen = self._virsh("; ".join(f"{command} DOMAIN" for command in _LOOKS))[1].splitlines()
        changes = [line for line in difflib.unified_diff(self._last_look, seen, n=0) if line[0] in "+-"][2:]
        self._last_look = seen
        self.seen += ["a look:", *(f"  {line}" for line in changes)]

    def ask(self, command: str, *arguments: str) -> list[str]:
        """The lines that virsh prints; nothing is written down."""
        return self._virsh(command, "DOMAIN", *arguments)[1].split("\n\n")[0].splitlines()

    def xml(self) -> str:
        return "\n".join(self.ask("dumpxml"))

    def events(self) -> list[str]:
        """What was announced since the domain was defined or the daemon started."""
        return self.libvirt.events(self.name)

    def wait_for(self, event: str) -> None:
        """Until an event has come whose text holds ``event``; each event is waited for once."""

        def come() -> bool:
            news = self.events()[self._events_told :]
            for number, text in enumerate(news, 1):
                if event in text:
                    self._events_told += number
                    return True
            return False

        until(come, f"'{event}'")

    def restart_daemon(self) -> None:
        self.seen.append("the daemon is restarted")
        self.tell_events()
        self.libvirt.restart()
        self._events_told = 0
        self.look()

    def reset(self, told: int = 1) -> None:
        """Reset the machine, and wait until libvirt has ``told`` of it that often."""
        self.do("reset")
        for _ in range(told):
            self.wait_for("'reboot'")

    def kill(self) -> None:
        self.seen.append("the emulator is killed")
        os.kill(self.libvirt.pid(self.name), signal.SIGKILL)
        self.wait_for("Stopped")
        self.look()

    def end(self) -> None:
        """Destroy it, if somebody has not done that, and note what was announced about it."""
        if self("destroy", "DOMAIN"):
            self.wait_for("Stopped")
        self.tell_events()
        self("undefine", "DOMAIN", "--nvram")

    # How it is written down

    def __call__(self, *words: str, xml: str = "") -> bool:
        """Run virsh and write down what it printed; whether it succeeded. ``DOMAIN`` is its name, ``XML`` a file."""
        if xml:
            with open(self._file, "w") as stream:
                stream.write(xml)
        status, output = self._virsh(*words)
        self.seen.append(f"$ virsh {self._steady(' '.join(words))} -> {status}\n{output}")
        return status == 0

    def _virsh(self, *words: str) -> tuple[int, str]:
        done = self.libvirt.virsh(*(word.replace("DOMAIN", self.name).replace("XML", self._file) for word in words))
        return done.returncode, self._steady(done.stdout)

    def tell_events(self) -> None:
        self.seen.append("events:\n" + self._steady("".join(f"  {line}\n" for line in self.events())))

    def _steady(self, text: str) -> str:
        text = text.replace(self.name, "DOMAIN").replace(self._file, "XML").replace(self.emulator, "EMULATOR")
        text = text.replace(str(self.libvirt.folder), "FOLDER")
        for pattern, instead in [*_VOLATILE, *(_ROOM if self.copies_data else [])]:
            text = re.sub(pattern, instead, text)
        return text
