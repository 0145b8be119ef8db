"""The recorder's command line, and the order in which the parts are recorded."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qmpd.catalogue.catalogue import SUFFIX, Catalogue, family_of
from qmpd.catalogue.parts import write_parts
from qmpd.catalogue.record import cpus, helps, hmp, machines, pci_info, plugged, setters, trees, types
from qmpd.catalogue.record.peer import Peer, PeerDied
from qmpd.catalogue.record.qtree import QtreeRecorder

_STARTED = time.monotonic()
_BARE = ("q35", "pc", "microvm", "none", "isapc")  #: the machines whose object trees are recorded


def record(qemu: str, folder: Path) -> Path:
    """Record the QEMU at ``qemu`` into a file in ``folder`` and return its path. Takes some minutes.

    :raise PeerDied: QEMU does not start, or dies over a question that it should survive.
    """
    _progress("types")
    with Peer(qemu, "-machine", "none") as peer:
        header = {"version": peer.ask("query-version"), "target": peer.ask("query-target")["arch"]}
        parts: dict[str, Any] = {
            "types": types.record_types(peer),
            "machines": machines.record_machines(peer),
            "options": machines.record_options(peer),
        }
        parts |= machines.record_compat_props(peer)
        models = [model["name"] for model in peer.ask("query-cpu-definitions") if "alias-of" not in model]
    known = {entry.get("alias", name) for name, entry in parts["machines"]}
    bare = [machine for machine in _BARE if machine in known]
    families = {family_of(_full_names(parts)[machine]): machine for machine in bare}
    _progress("devices")
    parts["devices"], parts["device-aliases"] = types.record_devices(qemu, parts["types"], bare)
    _progress("properties")
    names = [row[0] for row in parts["types"]]
    properties = types.record_properties(partial(Peer, qemu, "-machine", "none"), names)
    parts |= {"properties": properties.rows, "descriptors": properties.descriptors()}
    _progress("what devices bring along")
    parts |= plugged.record_plugged(qemu, parts["devices"], properties.described())
    _progress("what PCI says of devices")
    shown = QtreeRecorder(parts["types"], properties.described())
    parts |= pci_info.record_pci_info(qemu, parts["devices"], families, shown)
    _progress("CPU models on each machine")
    parts |= machines.record_cpus(qemu, [name for name, _ in parts["machines"]])
    parts["help"] = helps.record_helps(qemu)
    parts |= cpus.record_cpu_models(qemu, [name for name in models if name != "host"])
    parts |= _record_trees(qemu, parts["types"], parts["machines"], bare)
    _progress("machine versions")
    parts |= machines.record_compat(qemu, parts["machines"])
    _progress("the human monitor")
    parts |= hmp.record_hmp(qemu, families)
    path = _write(folder, header, parts)
    _progress("what objects take")
    parts["setters"] = setters.record_setters(qemu, bare, Catalogue.open(str(path)))
    return _write(folder, header, parts)


def _record_trees(qemu: str, type_rows: list[Any], machine_rows: list[Any], bare: list[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {"pci": []}
    recorder = trees.TreeRecorder(type_rows)
    full_names = _full_names({"machines": machine_rows})
    for machine in bare:
        _progress(f"objects of {machine}")
        family = family_of(full_names[machine])
        parts[f"tree {family}"], functions = recorder.record(qemu, machine)
        if functions:
            parts["pci"].append([family, functions])
    parts["entries"] = recorder.entry_lists()
    return parts


def _full_names(parts: dict[str, Any]) -> dict[str, str]:
    """Machine types by the name that people use."""
    return {entry.get("alias", name): name for name, entry in parts["machines"]}


def _write(folder: Path, header: dict[str, Any], parts: dict[str, Any]) -> Path:
    release = header["version"]["qemu"]
    path = folder / f"{release['major']}.{release['minor']}-{header['target']}{SUFFIX}"
    folder.mkdir(parents=True, exist_ok=True)
    write_parts(path, header, parts)
    return path


def _progress(what: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - _STARTED), 60)
    print(f"{minutes:2}:{seconds:02}  recording {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """``qmpd catalogue``: record a catalogue; the exit status says whether it worked."""
    parser = argparse.ArgumentParser("qmpd catalogue", description="Facts about a QEMU build, for 'qmpd --as FILE'.")
    commands = parser.add_subparsers(required=True, metavar="record")
    command = commands.add_parser(
        "record",
        help="ask a QEMU for them",
        description="Record the facts about a QEMU build into a file called VERSION-ARCHITECTURE.catalogue. QEMU is"
        " started some thousand times, without a guest; that takes ten minutes or more.",
    )
    command.add_argument("--qemu", required=True, metavar="PATH", help="the QEMU to ask, version 6.2 or later")
    command.add_argument(
        "--out", default=Path(), type=Path, metavar="DIR", help="where to write the file; default: the current folder"
    )
    options = parser.parse_args(arguments)
    try:
        print(record(options.qemu, options.out))
    except (OSError, PeerDied) as error:
        print(f"cannot record {options.qemu}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
