"""How a guest behaves, as data: its system, how long things take it, and rules for what it does otherwise.

The document is described in ``schema/guest.json``; ``sets`` beside this module holds the shipped ones.
"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import Any

from qmpd.guest.contact import Quirk
from qmpd.named import NamedTuple

_SETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sets")


class System(StrEnum):
    """What runs in the machine: nothing at all, the firmware alone, or an operating system."""

    ABSENT = "absent"
    FIRMWARE = "firmware"
    LINUX = "linux"


class Occasion(StrEnum):
    """What a rule can be about."""

    DIMM_PLUG = "dimm-plug"
    DIMM_UNPLUG = "dimm-unplug"
    CPU_PLUG = "cpu-plug"
    CPU_UNPLUG = "cpu-unplug"
    PCI_PLUG = "pci-plug"
    PCI_UNPLUG = "pci-unplug"
    VIRTIO_MEM_GROW = "virtio-mem-grow"
    VIRTIO_MEM_SHRINK = "virtio-mem-shrink"
    BALLOON = "balloon"
    POWER_BUTTON = "power-button"


class Deed(StrEnum):
    """What the guest does then."""

    OBEY = "obey"
    REFUSE = "refuse"
    IGNORE = "ignore"
    STALL = "stall"
    PARTIAL = "partial"
    CRASH = "crash"
    FAIL = "fail"
    LOAD_DRIVER = "load-driver"
    UNLOAD_DRIVER = "unload-driver"


class Rule(NamedTuple):
    """One exception from what a guest does by itself.

    It holds ``on`` an occasion, for devices whose id fits the pattern ``device``, after ``skip`` such occasions, for
    ``times`` of them (None: from then on), of those each ``every``-th, and with the probability ``chance``. ``status``
    is what a refusal says (ACPI's _OST), ``percent`` how far a partial deed gets, ``floor`` how many bytes of each
    block of a virtio-mem, or of the memory beside a balloon, the guest needs itself, ``driver`` which one to load or
    unload. It takes ``delay`` seconds (None: as long as without the rule) plus up to ``jitter`` seconds plus the size
    in question divided by ``rate`` (bytes a second).
    """

    on: Occasion
    do: Deed = Deed.OBEY
    name: str = ""
    device: str = "*"
    skip: int = 0
    times: int | None = None
    every: int = 1
    chance: float = 1.0
    status: int = 130
    percent: float = 50.0
    delay: float | None = None
    jitter: float = 0.0
    rate: int | None = None
    floor: tuple[int, ...] = ()
    driver: str = "virtio-mem"

    @property
    def pattern(self) -> str:
        return self.device


class Timing(NamedTuple):
    """How long things take, in seconds of the guest's time, unless a rule says otherwise.

    ``boot``: from power on to a system that works; ``restart``: until the firmware resets the machine once more after a
    reset; ``scan``: from an interrupt to the look at what there is; ``plug``, ``unplug``, ``refuse``: work on one DIMM;
    ``pci_plug``, ``pci_unplug``: work on one PCI slot; ``deleted``: between the two times that a device is told to be
    gone, by ACPI; ``link``, ``button``, ``power_off``: what a slot that speaks for itself needs more; ``grow``,
    ``shrink``: 128 MiB of a virtio-mem; ``inflate``, ``deflate``: one MiB; ``power``: from the power button, or an
    order, to the end.
    """

    boot: float = 5.0
    restart: float = 0.035
    scan: float = 0.002
    plug: float = 0.075
    unplug: float = 0.1
    refuse: float = 0.05
    pci_plug: float = 0.03
    pci_unplug: float = 0.05
    deleted: float = 0.05
    link: float = 0.12
    button: float = 5.0
    power_off: float = 1.0
    grow: float = 0.01
    shrink: float = 0.275
    inflate: float = 0.008
    deflate: float = 0.0005
    power: float = 0.05


class Behaviour(NamedTuple):
    """A whole guest.

    ``acpi``: the system was started with ACPI; ``hot_remove``: it lets memory go; ``auto_online``: it uses memory that
    is added; ``drivers``: those that it loads; ``power_button``: it powers off when the button is pressed; ``pvpanic``:
    it has a device that tells the machine of a crash; ``reboots_on_panic``: it does not stay crashed; ``quirks``:
    what QEMU gets wrong with it. ``seed`` is where chance starts from.
    """

    name: str
    system: System
    acpi: bool = True
    hot_remove: bool = True
    auto_online: bool = True
    drivers: tuple[str, ...] = ("virtio-mem", "virtio-balloon", "hv-balloon")
    power_button: bool = False
    pvpanic: bool = False
    reboots_on_panic: bool = False
    quirks: tuple[Quirk, ...] = ()
    seed: int = 0
    timing: Timing = Timing()
    rules: tuple[Rule, ...] = ()


class BadBehaviour(Exception):
    """A document that is none; the text says what is wrong with it."""


def shipped() -> list[str]:
    """The names of the shipped behaviours."""
    return sorted(name.removesuffix(".json") for name in os.listdir(_SETS))


def load(name: str) -> Behaviour:
    """The shipped behaviour of that name, or the one in that file. Raises BadBehaviour."""
    if os.sep not in name:
        try:
            return _read(os.path.join(_SETS, f"{name}.json"), name)
        except FileNotFoundError:
            pass
    try:
        behaviour = _read(name, os.path.basename(name).removesuffix(".json"), check=True)
    except OSError as error:
        known = ", ".join(shipped())
        raise BadBehaviour(f"'{name}' is neither one of {known} nor a file: {error.strerror}") from None
    return behaviour


def _read(path: str, name: str, check: bool = False) -> Behaviour:
    with open(path, "rb") as file:
        text = file.read()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadBehaviour(f"{path} is not JSON: {error}") from None
    if check:
        _check(document, path)
    return from_document(document, name)


def _check(document: Any, path: str) -> None:
    from qmpd.schemas import documents

    complaint = documents.complaint("guest", document)
    if complaint:
        raise BadBehaviour(f"{path}: {complaint}")


def from_document(document: dict[str, Any], name: str) -> Behaviour:
    """The behaviour that a valid document describes."""
    members = {key.replace("-", "_"): value for key, value in document.items() if key != "description"}
    members["system"] = System(members["system"])
    timing = members.get("timing", {})
    members["timing"] = Timing(**{key.replace("-", "_"): value for key, value in timing.items()})
    if "drivers" in members:
        members["drivers"] = tuple(members["drivers"])
    members["quirks"] = tuple(map(Quirk, members.get("quirks", ())))
    members["rules"] = tuple(rule_from(rule) for rule in members.get("rules", ()))
    return Behaviour(name, **members)


def rule_from(members: dict[str, Any]) -> Rule:
    """The rule that a valid part of a document describes."""
    members = {**members, "on": Occasion(members["on"]), "do": Deed(members.get("do", Deed.OBEY))}
    return Rule(**{**members, "floor": tuple(members.get("floor", ()))})
