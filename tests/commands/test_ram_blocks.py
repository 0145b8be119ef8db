"""``info ramblock``: what QEMU 10.0.2 listed, without the addresses in its process."""

from __future__ import annotations

import re

import pytest

from .test_hmp import asker

_LINE = re.compile(r" *(.*?) +[24] [KM]iB  0x(\w+) 0x(\w+) 0x(\w+) 0x\w+  (r[ow])")


def listed(*args: str, then: tuple[dict[str, object], ...] = ()) -> list[tuple[str, int, int]]:
    """Names, offsets and sizes."""
    ask = asker(*args)
    for request in then:
        assert ask(request) == {"return": {}}
    lines = ask({"execute": "x-query-ramblock"})["return"]["human-readable-text"].splitlines()[1:]
    matches = [_LINE.match(line) for line in lines]
    return [(match[1], int(match[2], 16), int(match[4], 16)) for match in matches if match is not None]


@pytest.mark.parametrize(
    ("args", "blocks"),
    [
        pytest.param(
            ("-machine", "isapc", "-vga", "cirrus"),
            [
                ("pc.ram", 0, 0x8000000),
                ("vga.vram", 0x8080000, 0x400000),
                ("pc.bios", 0x8000000, 0x20000),
                ("pc.rom", 0x8040000, 0x20000),
            ],
            id="an ISA card",
        ),
        pytest.param(
            ("-machine", "q35", "-device", "vmware-svga", "-device", "pcie-root-port,id=r", "-device", "e1000e,bus=r"),
            [
                ("pc.ram", 0, 0x8000000),
                ("0000:00:01.0/vga.vram", 0x80C0000, 0x1000000),
                ("/rom@etc/acpi/tables", 0x9140000, 0x200000),
                ("pc.bios", 0x8000000, 0x40000),
                ("0000:00:02.0:00.0/e1000e.rom", 0x9100000, 0x40000),
                ("pc.rom", 0x8040000, 0x20000),
                ("vmsvga.fifo", 0x8080000, 0x10000),
                ("0000:00:01.0/vmware_vga.rom", 0x90C0000, 0x10000),
                ("/rom@etc/table-loader", 0x9340000, 0x10000),
                ("/rom@etc/acpi/rsdp", 0x9380000, 0x1000),
            ],
            id="PCI cards",
        ),
        pytest.param(("-machine", "none", "-m", "64M"), [("ram", 0, 0x4000000)], id="no board"),
    ],
)
def test_cards_bring_blocks_of_their_own(args: tuple[str, ...], blocks: list[tuple[str, int, int]]) -> None:
    assert listed(*args) == blocks


def test_a_backend_has_a_name_once_it_is_used_and_stays_where_it_is() -> None:
    board = ("-machine", "q35", "-m", "1G,slots=4,maxmem=8G", "-object", "memory-backend-ram,id=a,size=64M")
    backend = {"qom-type": "memory-backend-ram", "id": "m1", "size": 128 << 20}
    plug = ({"execute": "object-add", "arguments": backend},)
    end = [("/rom@etc/acpi/tables", 0x44080000), ("pc.bios", 0x44000000), ("pc.rom", 0x44040000)]
    unused = [block[:2] for block in listed(*board, then=plug)][:6]
    assert unused == [("pc.ram", 0x4000000), ("", 0x44300000), ("", 0), *end]
    dimm = {"execute": "device_add", "arguments": {"driver": "pc-dimm", "memdev": "m1"}}
    used = [block[:2] for block in listed(*board, then=(*plug, dimm))][:6]
    assert used == [("pc.ram", 0x4000000), ("m1", 0x44300000), ("", 0), *end]
