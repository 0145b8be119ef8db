"""Domains with disks, cards, ports and the like of all kinds."""

from __future__ import annotations

import struct
from pathlib import Path

from .domain import Domain

_PORTS = "<controller type='pci' model='pcie-root'/>" + "<controller type='pci' model='pcie-root-port'/>" * 10
_CLUSTER = 1 << 16
_MAC = "<mac address='52:54:00:12:34:56'/>"


def _qcow2(domain: Domain) -> str:
    """An empty image of 8 MiB: its header, a table and a block of reference counts, and a table of nothing."""
    path = domain.file(0)
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 3, 0, 0, 16, 8 << 20, 0, 1, 3 * _CLUSTER, _CLUSTER, 1, 0, 0)
    header += struct.pack(">QQQII", 0, 0, 0, 4, 104)
    clusters = header, struct.pack(">Q", 2 * _CLUSTER), struct.pack(">4H", 1, 1, 1, 1), b""
    Path(path).write_bytes(b"".join(cluster.ljust(_CLUSTER, b"\0") for cluster in clusters))
    return path


def _disk(
    source: str, target: str, bus: str, *, device: str = "disk", driver: str = "type='raw'", more: str = ""
) -> str:
    return f"""
    <disk type='file' device='{device}'><driver name='qemu' {driver}/>{f"<source file='{source}'/>" if source else ""}
      <target dev='{target}' bus='{bus}'/>{more}</disk>
    """


def disks_of_all_kinds(domain: Domain) -> None:
    first, other, last = (domain.file(4) for _ in range(3))
    qcow2 = "type='qcow2' cache='writeback' io='threads' discard='unmap' detect_zeroes='unmap'"
    domain.start(
        devices="<controller type='scsi' model='virtio-scsi'/>"
        + _PORTS
        + _disk(first, "sda", "scsi", driver="type='raw' cache='none'", more="<serial>abc</serial>")
        + _disk(domain.file(4), "sdb", "scsi", device="cdrom", more="<readonly/>")
        + _disk(
            _qcow2(domain),
            "vda",
            "virtio",
            driver=qcow2,
            more="<iotune><total_bytes_sec>1000</total_bytes_sec></iotune>",
        )
        + _disk(domain.file(4), "sdc", "sata", driver="type='raw' error_policy='stop' rerror_policy='report'")
        + _disk(domain.file(4), "sdd", "usb")
        + _disk("", "sde", "sata", device="cdrom", more="<readonly/>")
        + _disk(domain.file(4), "fda", "fdc", device="floppy")
    )
    domain.do("domblklist", "--details")
    for target in ("sda", "vda", "sdc", "sdd", "sde", "fda"):
        domain.do("domblkinfo", target)
    domain.do("blkdeviotune", "vda", "--total-iops-sec", "100")
    domain.do("blkdeviotune", "vda")
    domain.do("blkdeviotune", "sda", "--read-bytes-sec", "100000")
    domain.do("blkdeviotune", "sda")
    domain.do("change-media", "sde", other, "--insert")
    domain.do("change-media", "sde", last, "--update")
    domain.do("change-media", "sde", "--eject")
    domain.do("change-media", "sdb", "--eject")
    domain.do("change-media", "sdb", other, "--insert")
    domain.do("change-media", "fda", "--eject")
    domain.do("attach-disk", _qcow2(domain), "vdb", "--subdriver", "qcow2", "--targetbus", "virtio")
    domain.do("attach-disk", last, "sdf", "--targetbus", "scsi")
    domain.do("attach-disk", domain.file(2), "sdg", "--targetbus", "usb")
    domain.do("attach-disk", domain.file(2), "sdh", "--targetbus", "sata")
    domain.do("attach-disk", first, "vdc", "--targetbus", "virtio")
    domain.do("attach-disk", "/does/not/exist", "vdc", "--targetbus", "virtio")
    domain.do("detach-disk", "sdf")
    domain.do("detach-disk", "sdg")
    domain.do("domblkthreshold", "vda", "1M")
    domain.do("domblkerror")
    domain.do("blockjob", "vda")
    domain.do("blockcommit", "vda", "--active")


def iommu_and_a_frame_buffer_for_firmware(domain: Domain) -> None:
    domain.start(
        features="<acpi/><ioapic driver='qemu'/>",
        devices="<iommu model='intel'><driver intremap='on' aw_bits='39'/></iommu><video><model type='ramfb'/></video>",
    )
    domain.attach("<iommu model='virtio'/>")
    domain.attach("<iommu model='intel'/>")


def devices_that_check_their_options(domain: Domain) -> None:
    """Each is refused by the emulator, and the start fails."""
    for devices in (
        "<iommu model='intel'><driver aw_bits='40'/></iommu>",
        "<video><model type='bochs' vram='1024'/></video>",
        "<audio id='1' type='pulseaudio'/>",
        "<smartcard mode='host'/>",
        "<graphics type='sdl' display=':9'/>",
        f"<interface type='user'>{_MAC}<model type='virtio'/><driver tx_queue_size='512'/></interface>",
        _disk(domain.file(1), "fda", "fdc", device="floppy", more="<blockio physical_block_size='4096'/>"),
    ):
        domain.define(machine="pc-q35-6.0", hotplug=False, devices=devices)
        domain("start", "DOMAIN")


def without_acpi_on_the_older_board(domain: Domain) -> None:
    card = f"<interface type='user'>{_MAC}<model type='virtio'/><driver {{}}/></interface>"
    domain.start(machine="pc", features="", hotplug=False, devices="<iommu model='virtio'/>")
    domain.do("qemu-monitor-command", '{"execute":"query-current-machine"}')
    domain.do("dompmwakeup")
    domain.attach(card.format("iommu='on'"))
    domain.attach(card.format("rx_queue_size='512'"))
    domain.attach(_disk(domain.file(2), "sda", "usb").replace("bus='usb'", "bus='usb' removable='on'"))
    domain.do("domblklist", "--details")


def cards_and_ports_of_all_kinds(domain: Domain) -> None:
    tablet = "<input type='tablet' bus='usb'/>"
    card = "<interface type='user'><mac address='52:54:00:12:34:60'/><model type='virtio'/></interface>"
    channel = "<channel type='pty'><target type='virtio' name='another.0'/></channel>"
    random = "<backend model='random'>/dev/urandom</backend>"
    domain.start(
        features="<acpi/><vmcoreinfo state='on'/>",
        more="<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>",
        devices=f"""{_PORTS}
        <controller type='pci' model='pcie-to-pci-bridge'/>
        <controller type='usb' model='ich9-ehci1'/>
        <controller type='usb' model='ich9-uhci1'><master startport='0'/></controller>
        <controller type='usb' model='ich9-uhci2'><master startport='2'/></controller>
        <controller type='virtio-serial'/>
        <interface type='user'><mac address='52:54:00:12:34:56'/><model type='e1000e'/></interface>
        <interface type='user'><mac address='52:54:00:12:34:58'/><model type='rtl8139'/><link state='down'/></interface>
        <interface type='mcast'><source address='230.0.0.1' port='5558'/><mac address='52:54:00:12:34:59'/>
          <model type='virtio'/></interface>
        <serial type='pty'><target type='isa-serial'/></serial>
        <serial type='null'><target type='usb-serial'/></serial>
        <serial type='tcp'><source mode='bind' host='127.0.0.1' service='0'/><target type='pci-serial'/></serial>
        <parallel type='null'/>
        <channel type='pty'><target type='virtio' name='org.libguestfs.channel.0'/></channel>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
        {tablet}<input type='keyboard' bus='usb'/><input type='mouse' bus='virtio'/>
        <graphics type='vnc' port='-1' autoport='yes'/>
        <sound model='ich9'><codec type='micro'/></sound><sound model='ac97'/>
        <video><model type='vga'/></video><video><model type='virtio'/></video>
        <hub type='usb'/>
        <rng model='virtio'><rate bytes='1024' period='1000'/>{random}</rng>
        <panic model='isa'/>
        <smartcard mode='passthrough' type='tcp'><source mode='bind' host='127.0.0.1' service='0'/></smartcard>
        """,
    )
    domain.do("domiflist")
    domain.do("domif-getlink", "52:54:00:12:34:58")
    domain.do("domif-setlink", "52:54:00:12:34:58", "up")
    domain.do("domif-setlink", "52:54:00:12:34:56", "down")
    domain.do("domifstat", "52:54:00:12:34:56")
    domain.do("ttyconsole")
    domain.attach(channel)
    domain.attach("<channel type='unix'><source mode='bind'/><target type='virtio' name='another.1'/></channel>")
    domain.attach(channel)
    domain.attach(f"<rng model='virtio'>{random}</rng>")
    domain.attach(tablet)
    domain.attach("<controller type='scsi' model='virtio-scsi' index='3'/>")
    domain.attach("<watchdog model='i6300esb' action='reset'/>")
    domain.attach(card)
    domain.attach(card.replace("'virtio'", "'e1000'"))
    domain.attach("<redirdev bus='usb' type='tcp'><source mode='bind' host='127.0.0.1' service='0'/></redirdev>")
    for plugged in (channel, tablet, card):
        domain.detach(plugged)
        domain.look()
    domain.do("iothreadadd", "1")
    domain.do("iothreadinfo")
    domain.do("iothreaddel", "1")
    domain.do("send-key", "KEY_A")
