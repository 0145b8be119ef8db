"""Records what the tests of the catalogue expect: raw replies, and how device_add refuses each type, from a real QEMU.

``python -m tests.catalogue.record [QEMU]`` from the top of the project, some minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qmpd.catalogue.record.peer import Peer, PeerDied

DATA = Path(__file__).with_name("data")

_Q35 = ("-machine", "q35")
_QUESTIONS: tuple[tuple[tuple[str, ...], str, dict[str, Any]], ...] = (
    (_Q35, "query-version", {}),
    (_Q35, "query-target", {}),
    (_Q35, "query-machines", {}),
    (_Q35, "query-command-line-options", {}),
    (("-machine", "isapc"), "query-cpu-definitions", {}),
    *(
        (_Q35, "qom-list-types", arguments)
        for arguments in (
            {"implements": "memory-device"},
            {"implements": "memory-device", "abstract": True},
            {"implements": "hotplug-handler", "abstract": False},
            {"implements": "interface", "abstract": True},
            {"implements": "user-creatable"},
            {"implements": "no-such-type"},
        )
    ),
    *(
        (_Q35, "device-list-properties", {"typename": name})
        for name in (
            "pc-dimm",
            "nvdimm",
            "virtio-mem-pci",
            "pcie-root-port",
            "memory-backend-ram",
            "device",
            "nonesuch",
        )
    ),
    *(
        (_Q35, "qom-list-properties", {"typename": name})
        for name in (
            "memory-backend-file",
            "none-machine",
            "generic-pc-machine",
            "memory-device",
            "virtio-blk",
            "nonesuch",
        )
    ),
    *((_Q35, "qom-list", {"path": path}) for path in ("/", "/machine", "/machine/q35/mch")),
)

_PLUG_MACHINES = {
    "q35": (*_Q35, "-m", "1G,slots=4,maxmem=8G", "-device", "pcie-root-port,id=rp0"),
    "pc": ("-machine", "pc", "-m", "1G,slots=4,maxmem=8G"),
}
_BEFORE_ANYTHING_IS_MADE = ("Parameter 'driver' expects", "No '", "'")


def record_replies(qemu: str) -> Iterator[dict[str, Any]]:
    """The questions with QEMU's answers as it wrote them."""
    for arguments, command, parameters in _QUESTIONS:
        with Peer(qemu, *arguments) as peer:
            reply = peer.ask_raw({"execute": command, "arguments": parameters})
        yield {"qemu": arguments, "execute": command, "arguments": parameters, "reply": reply.decode()}


def record_device_add(qemu: str) -> Iterator[list[str]]:
    """[machine, type, class, text] for each type that device_add refuses when given no more than the type."""
    for machine, arguments in _PLUG_MACHINES.items():
        with Peer(qemu, *arguments) as peer:
            names = [entry["name"] for entry in peer.ask("qom-list-types", implements="device", abstract=True)]
        peer = Peer(qemu, *arguments)
        for name in names:
            try:
                reply = json.loads(peer.ask_raw({"execute": "device_add", "arguments": {"driver": name}}))
            except PeerDied:
                reply = {}
            error = reply.get("error")
            if error:
                yield [machine, name, error["class"], error["desc"]]
            if error is None or not error["desc"].startswith(_BEFORE_ANYTHING_IS_MADE):
                peer.close()
                peer = Peer(qemu, *arguments)
        peer.close()


def main() -> None:
    qemu = sys.argv[1] if len(sys.argv) > 1 else "qemu-system-x86_64"
    DATA.mkdir(exist_ok=True)
    for name, rows in (("replies", record_replies(qemu)), ("device_add", record_device_add(qemu))):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (DATA / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
