"""The shipped catalogue against a running QEMU 10.0: every type, not only samples."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from qmpd.catalogue import Catalogue
from qmpd.catalogue.record.peer import Peer
from qmpd.catalogue.record.trees import walk
from qmpd.catalogue.record.types import Survivor
from qmpd.errors import QemuError

QEMU = os.environ.get("QMPD_QEMU", "qemu-system-x86_64")

Reply = dict[str, Any]


def absence(catalogue: Catalogue) -> str:
    """Why no QEMU of the catalogue's version can be asked; empty if one can."""
    if shutil.which(QEMU) is None:
        return f"{QEMU} is not installed"
    with Peer(QEMU, "-machine", "none") as peer:
        version = peer.ask("query-version")
    return "" if version == catalogue.version else f"{QEMU} is {version}, the catalogue is of {catalogue.version}"


@pytest.fixture(scope="module", name="catalogue")
def catalogue_fixture() -> Catalogue:
    catalogue = Catalogue.open()
    if reason := absence(catalogue):
        pytest.fail(reason) if os.environ.get("QMPD_REQUIRE_PEERS") == "1" else pytest.skip(reason)
    return catalogue


@pytest.fixture(scope="module", name="peer")
def peer_fixture(catalogue: Catalogue) -> Iterator[Peer]:
    with Peer(QEMU, "-machine", "none") as peer:
        yield peer


def outcome(ask: Any) -> Reply:
    try:
        return {"return": ask()}
    except QemuError as error:
        return {"class": error.error_class, "desc": error.desc}


def all_names(peer: Peer) -> list[str]:
    return [entry["name"] for entry in peer.ask("qom-list-types", abstract=True)]


@pytest.mark.parametrize("abstract", [False, True])
def test_types_are_listed_alike_whatever_they_implement(catalogue: Catalogue, peer: Peer, abstract: bool) -> None:
    assert catalogue.types(None, abstract).value == peer.ask("qom-list-types", abstract=abstract)
    for name in all_names(peer):
        theirs = peer.ask("qom-list-types", implements=name, abstract=abstract)
        assert catalogue.types(name, abstract).value == theirs, name


def test_device_list_properties_answers_alike_for_every_type(catalogue: Catalogue, peer: Peer) -> None:
    for name in [*all_names(peer), "nonesuch"]:
        theirs = outcome(lambda name=name: peer.ask("device-list-properties", typename=name))
        assert outcome(lambda name=name: catalogue.device_properties(name).value) == theirs, name


def test_qom_list_properties_answers_alike_for_every_type(catalogue: Catalogue, peer: Peer) -> None:
    survivor = Survivor(lambda: Peer(QEMU, "-machine", "none"))
    deadly = []
    for name in [*all_names(peer), "nonesuch"]:
        theirs = outcome(lambda name=name: survivor.ask("qom-list-properties", typename=name))
        if theirs == {"return": None}:
            deadly.append(name)
            theirs = {"return": []}
        assert outcome(lambda name=name: catalogue.qom_properties(name).value) == theirs, name
    survivor.close()
    assert deadly == ["x-remote-object", "colo-compare", "memory-region-portio-list"]


def test_machines_and_options_are_listed_alike(catalogue: Catalogue, peer: Peer) -> None:
    assert catalogue.machines().value == peer.ask("query-machines")
    assert catalogue.command_line_options().value == peer.ask("query-command-line-options")


@pytest.mark.parametrize("machine", ["q35", "pc", "microvm", "isapc", "pc-q35-4.0", "pc-q35-4.1"])
def test_cpu_models_are_listed_alike(catalogue: Catalogue, machine: str) -> None:
    with Peer(QEMU, "-machine", machine) as peer:
        assert catalogue.cpu_definitions(machine).value == peer.ask("query-cpu-definitions")


@pytest.mark.parametrize("machine", ["pc-q35-8.0", "pc-q35-2.4", "pc-i440fx-5.1"])
def test_an_old_machine_sets_what_the_catalogue_says(catalogue: Catalogue, machine: str) -> None:
    changes = catalogue.compat_defaults(machine)["virtio-balloon-pci"]
    assert changes
    with Peer(QEMU, "-machine", machine, "-device", "virtio-balloon-pci,id=balloon") as peer:
        for name, value in changes.items():
            assert peer.ask("qom-get", path="balloon", property=name) == value, name


@pytest.mark.parametrize("machine", ["q35", "pc", "microvm", "none", "isapc"])
def test_objects_have_the_same_entries_and_values(catalogue: Catalogue, machine: str) -> None:
    tree = catalogue.tree(machine)
    assert tree
    unrecorded = set()
    with Peer(QEMU, "-machine", machine, "-m", "128M") as peer:
        theirs = dict(walk(peer))
    assert list(tree.paths()) == list(theirs)
    for path, recorded in theirs.items():
        ours = tree.get(path)
        assert ours
        assert list(ours.entries.items()) == recorded.entries
        for name, answer in recorded.answers.items():
            try:
                said = outcome(lambda ours=ours, name=name: ours.value(name))
            except KeyError:
                unrecorded.add(name)
            else:
                assert said == (answer.error or {"return": answer.value}), (path, name)
    assert unrecorded <= {"rtc-time", "date", "addr"}
