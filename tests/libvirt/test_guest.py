"""What needs a guest that answers.

A QEMU without one never gets there, so what is expected here is what libvirt was seen to make of a real Linux: which
events come, and what a domain has afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

import pytest

from .daemon import Libvirt, until
from .domain import QMPD, Domain
from .xml import dimm, virtio_mem

_KIB = 1 << 10
_BASE = 4 << 30


@pytest.fixture
def start(libvirt: Libvirt) -> Iterator[Callable[..., Domain]]:
    """Start a domain of 1 GiB whose guest is a Linux that has booted; ``rules`` say what it does otherwise.

    ``-x-qmpd`` goes through libvirt's own door for options.
    """
    domains: list[Domain] = []

    def run(rules: Sequence[dict[str, str]] = (), **how: str) -> Domain:
        guest = {"system": "linux", "power-button": True, "timing": {"boot": 0}, "rules": list(rules)}
        domain = Domain(libvirt, QMPD)
        domains.append(domain)
        domain.start(options=f"-x-qmpd guest={libvirt.write(json.dumps(guest))}", **how)
        return domain

    yield run
    for domain in domains:
        domain.end()


def _devices(domain: Domain) -> list[str]:
    return re.findall(r"<alias name='((?:dimm|virtiomem)\d+)'/>", domain.xml())


def _current(domain: Domain) -> int:
    """What the guest has, in MiB."""
    (size,) = re.findall(r"<currentMemory unit='KiB'>(\d+)<", domain.xml())
    return int(size) // _KIB


def _wait_until_it_shows(domain: Domain, text: str) -> None:
    """libvirt announces a new size before it shows it."""
    until(lambda: text in domain.xml(), f"'{text}'")


def test_a_detached_dimm_goes_while_virsh_waits(start: Callable[..., Domain]) -> None:
    domain = start()
    domain.attach(dimm(512))
    assert (_devices(domain), _current(domain)) == (["dimm0"], 1536)
    assert domain.detach(dimm(512, slot=0, base=_BASE))
    assert (_devices(domain), _current(domain)) == ([], 1024)
    assert domain.events()[-2:] == ["'device-added': memdimm0", "'device-removed': dimm0"]


def test_a_dimm_detached_by_its_alias_goes_and_its_slot_and_place_are_free_again(start: Callable[..., Domain]) -> None:
    domain = start()
    domain.attach(dimm(512))
    for _ in range(2):
        domain("detach-device-alias", "DOMAIN", "dimm0")
        domain.wait_for("'device-removed': dimm0")
        domain.attach(dimm(512))
        assert f"<address type='dimm' slot='0' base='{_BASE:#x}'/>" in domain.xml()


def test_a_guest_that_keeps_its_memory_makes_detaching_fail(start: Callable[..., Domain]) -> None:
    domain = start([{"on": "dimm-unplug", "do": "refuse"}])
    domain.attach(dimm(512))
    domain("detach-device-alias", "DOMAIN", "dimm0")
    domain.wait_for("'device-removal-failed': dimm0")
    assert not domain.detach(dimm(512, slot=0, base=_BASE))
    assert "unplug of device was rejected by the guest" in domain.seen[-1]
    assert _devices(domain) == ["dimm0"]


def test_virtio_mem_grows_shrinks_and_goes_when_it_is_empty(start: Callable[..., Domain]) -> None:
    domain = start()
    domain.attach(virtio_mem(1024, 512))
    domain.wait_for(f"alias: virtiomem0 size: {512 * _KIB}")
    for requested in (1024, 256, 0):
        domain("update-memory-device", "DOMAIN", "--alias", "virtiomem0", "--requested-size", f"{requested}MiB")
        domain.wait_for(f"alias: virtiomem0 size: {requested * _KIB}")
        _wait_until_it_shows(domain, f"<current unit='KiB'>{requested * _KIB}</current>")
    domain("detach-device-alias", "DOMAIN", "virtiomem0")
    domain.wait_for("'device-removed': virtiomem0")
    assert _devices(domain) == []


def test_the_balloon_gives_memory_back_and_tells_of_the_guest(start: Callable[..., Domain]) -> None:
    domain = start(devices="<memballoon model='virtio'><stats period='1'/></memballoon>")
    domain("setmem", "DOMAIN", "512MiB", "--live")
    domain.wait_for(f"'balloon-change': {512 * _KIB}KiB")
    _wait_until_it_shows(domain, f"<currentMemory unit='KiB'>{512 * _KIB}</currentMemory>")
    assert {"actual", "unused", "available", "last_update"} <= {line.split()[0] for line in domain.ask("dommemstat")}


def test_the_power_button_shuts_the_domain_off(start: Callable[..., Domain]) -> None:
    domain = start()
    domain("shutdown", "DOMAIN", "--mode", "acpi")
    domain.wait_for("'lifecycle': Stopped Shutdown")
    assert domain.ask("domstate", "--reason") == ["shut off (shutdown)"]
    assert "'lifecycle': Shutdown Finished after guest request" in domain.events()


def test_a_reboot_keeps_the_process(start: Callable[..., Domain]) -> None:
    domain = start()
    pid = domain.libvirt.pid(domain.name)
    domain("reboot", "DOMAIN", "--mode", "acpi")
    domain.wait_for("'reboot'")
    until(lambda: domain.ask("domstate") == ["running"], "the domain to run again")
    assert domain.libvirt.pid(domain.name) == pid


def test_devices_plugged_before_the_daemon_restarts_can_be_detached_after_it(start: Callable[..., Domain]) -> None:
    domain = start()
    domain.attach(dimm(512))
    domain.restart_daemon()
    domain.attach(dimm(256))
    for alias in ("dimm0", "dimm1"):
        domain("detach-device-alias", "DOMAIN", alias)
        domain.wait_for(f"'device-removed': {alias}")
    assert (_devices(domain), _current(domain)) == ([], 1024)
