"""What a domain is led through, once with the real QEMU and once with qmpd. Neither has a guest that answers."""

from __future__ import annotations

from .device_scenarios import (
    cards_and_ports_of_all_kinds,
    devices_that_check_their_options,
    disks_of_all_kinds,
    iommu_and_a_frame_buffer_for_firmware,
    without_acpi_on_the_older_board,
)
from .domain import Domain
from .snapshot_scenarios import backups, block_copies, snapshots
from .xml import TWO_CELLS, dimm, nvdimm, virtio_mem, virtio_pmem

_GIB = 1 << 30


def dimms(domain: Domain) -> None:
    domain.start()
    domain.attach(dimm(512))
    domain.attach(dimm(256, slot=5, base=8 * _GIB))
    domain.attach(dimm(256, slot=3, base=8 * _GIB))
    domain.attach(dimm(256, slot=3, base=_GIB // 2))
    domain.attach(dimm(256, slot=3, base=64 * _GIB))
    domain.attach(dimm(256, slot=3, base=4 * _GIB + 4096))
    domain.attach(dimm(256, slot=5))
    domain.attach(dimm(256, slot=8))
    domain.attach(dimm(512, node=1))
    domain.attach(dimm(15 * 1024))
    domain.attach(dimm(513))
    domain.do("detach-device-alias", "dimm0")
    domain.do("detach-device-alias", "dimm0")
    domain.do("detach-device-alias", "dimm7")
    domain.do("detach-device-alias", "unknown")


def all_slots(domain: Domain) -> None:
    domain.start()
    for _ in range(9):
        domain.attach(dimm(128))


def cold_dimms(domain: Domain) -> None:
    domain.start(devices=dimm(512) + dimm(256, slot=4, base=6 * _GIB), cells=TWO_CELLS)
    domain.attach(dimm(256, node=1))


def dimm_in_the_way_at_start(domain: Domain) -> None:
    domain.start(devices=dimm(512, slot=0, base=4 * _GIB) + dimm(512, slot=1, base=64 * _GIB))


def no_hotplug(domain: Domain) -> None:
    domain.start(hotplug=False)
    domain.attach(dimm(512))
    domain.attach(virtio_mem(1024, 0))


def no_acpi(domain: Domain) -> None:
    domain.start(features="")
    domain.attach(dimm(512))


def machine_pc(domain: Domain) -> None:
    domain.start(machine="pc")
    domain.attach(dimm(512))
    domain.attach(virtio_mem(1024, 256))
    domain.do("detach-device-alias", "dimm0")


def two_cells(domain: Domain) -> None:
    domain.start(cells=TWO_CELLS)
    domain.attach(dimm(512, node=1))
    domain.attach(dimm(512, node=2))
    domain.attach(virtio_mem(1024, 512, node=1))


def virtio_memory(domain: Domain) -> None:
    domain.start(devices=virtio_mem(2048, 0))
    domain.attach(virtio_mem(1024, 512))
    domain.attach(virtio_mem(1024, 512, address=f"<address base='{16 * _GIB:#x}'/>"))
    domain.attach(virtio_mem(1024, 512, address=f"<address base='{64 * _GIB:#x}'/>"))
    domain.attach(virtio_mem(1024, 2048))
    domain.attach(virtio_mem(1024, 511))
    domain.do("update-memory-device", "--alias", "virtiomem0", "--requested-size", "1GiB")
    domain.do("update-memory-device", "--alias", "virtiomem0", "--requested-size", "3GiB")
    domain.do("update-memory-device", "--alias", "virtiomem0", "--requested-size", "1023KiB")
    domain.do("update-memory-device", "--alias", "virtiomem0", "--requested-size", "0")
    domain.do("update-memory-device", "--alias", "unknown", "--requested-size", "0")
    domain.do("detach-device-alias", "virtiomem1")
    domain.do("detach-device-alias", "virtiomem0")


def nvdimms(domain: Domain) -> None:
    one, other = domain.file(256), domain.file(128)
    domain.start(devices=nvdimm(256, one))
    domain.attach(nvdimm(128, other))
    domain.attach(nvdimm(128, "/nonexistent/file"))
    domain.attach(nvdimm(512, other))
    domain.do("detach-device-alias", "nvdimm0")


def nvdimm_without_being_asked_for(domain: Domain) -> None:
    domain.start()
    domain.attach(nvdimm(128, domain.file(128)))


def virtio_pmems(domain: Domain) -> None:
    one, other = domain.file(256), domain.file(128)
    domain.start(devices=virtio_pmem(256, one))
    domain.attach(virtio_pmem(128, other))
    domain.attach(virtio_pmem(128, "/nonexistent/file"))
    domain.do("detach-device-alias", "virtiopmem0")
    domain.do("detach-device-alias", "virtiopmem1")


def backings(domain: Domain) -> None:
    source = "<source type='memfd'/><access mode='shared'/>"
    domain.start(more=f"<memoryBacking>{source}</memoryBacking>")
    domain.attach(dimm(512))
    domain.attach(virtio_mem(1024, 256))


def file_backing(domain: Domain) -> None:
    domain.start(more="<memoryBacking><source type='file'/><access mode='shared'/><discard/></memoryBacking>")
    domain.attach(dimm(512))


def small_domain(domain: Domain) -> None:
    domain.start(hotplug=False, more="<memoryBacking><source type='memfd'/></memoryBacking>")


def balloon(domain: Domain) -> None:
    domain.start(devices="<memballoon model='virtio' autodeflate='on'><stats period='5'/></memballoon>")
    domain.do("setmem", "512MiB", "--live")
    domain.do("dommemstat", "--period", "2")
    domain.attach(dimm(512))
    domain.do("setmem", "1GiB", "--live")
    domain.do("setmem", "8GiB", "--live")


def no_balloon(domain: Domain) -> None:
    domain.start(devices="<memballoon model='none'/>")
    domain.do("setmem", "512MiB", "--live")
    domain.attach(dimm(512))


def power(domain: Domain) -> None:
    domain.start()
    domain.do("suspend")
    domain.do("suspend")
    domain.attach(dimm(512))
    domain.do("resume")
    domain.reset()
    domain.do("reboot", "--mode", "acpi")
    domain.do("shutdown", "--mode", "acpi")
    domain.do("destroy")
    domain.do("destroy")
    domain("start", "DOMAIN", "--paused")
    domain.look()
    domain.reset()
    domain.do("resume")


def daemon_restart(domain: Domain) -> None:
    domain.start(devices=dimm(256) + virtio_mem(1024, 512))
    domain.attach(dimm(512))
    domain.restart_daemon()
    domain.attach(dimm(512))
    domain.attach(virtio_mem(1024, 0))
    domain.do("detach-device-alias", "dimm1")
    domain.restart_daemon()
    domain.reset(told=2)  # a daemon that took the domain over tells twice


def killed(domain: Domain) -> None:
    domain.start()
    domain.attach(dimm(512))
    domain.kill()
    domain("start", "DOMAIN")
    domain.look()


def cpu_host_model(domain: Domain) -> None:
    domain.start(cpu="mode='host-model'")


def cpu_maximum(domain: Domain) -> None:
    domain.start(cpu="mode='maximum'")


def cpu_named(domain: Domain) -> None:
    domain.start(cpu="<cpu match='exact' check='partial'><model fallback='forbid'>Nehalem</model></cpu>")


def cpu_unknown(domain: Domain) -> None:
    domain.start(cpu="<cpu match='exact'><model>Unheard-of</model></cpu>")


def cpu_topology(domain: Domain) -> None:
    domain.start(cpu="<cpu><topology sockets='1' dies='1' cores='2' threads='1'/></cpu>")
    domain.do("vcpuinfo")
    domain.do("vcpupin", "0", "0")
    domain.do("vcpucount")


def machine_unknown(domain: Domain) -> None:
    domain.start(machine="pc-q35-99.0")


def as_virt_install_makes_them(domain: Domain) -> None:
    disk = domain.file(16)
    domain.start(
        features="<acpi/><apic/>",
        more="<clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>"
        "<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>",
        devices=f"""
        <disk type='file' device='disk'><driver name='qemu' type='raw' discard='unmap'/><source file='{disk}'/>
          <target dev='vda' bus='virtio'/></disk>
        <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
        <controller type='usb' model='qemu-xhci' ports='15'/>
        <interface type='user'><mac address='52:54:00:12:34:56'/><model type='virtio'/></interface>
        <console type='pty'/>
        <channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
        <input type='tablet' bus='usb'/>
        <graphics type='vnc' port='-1' autoport='yes'/>
        <video><model type='virtio'/></video>
        <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
        <panic model='isa'/>
        <watchdog model='i6300esb' action='reset'/>
        """,
    )
    domain.do("domblklist")
    domain.do("domblkinfo", "vda")
    domain.do("domblkstat", "vda")
    domain.do("domiflist")
    domain.do("qemu-monitor-command", "--hmp", "info version")
    domain.attach(dimm(512))
    domain.attach(
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{domain.file(16)}'/><target dev='vdb' bus='virtio'/></disk>"
    )
    domain.attach("<interface type='user'><mac address='52:54:00:12:34:57'/><model type='virtio'/></interface>")
    domain.do("detach-disk", "vdb")
    domain.restart_daemon()


def administration(domain: Domain) -> None:
    disks = [domain.file(16) for _ in range(5)]
    ports = "".join(f"<controller type='pci' index='{index}' model='pcie-root-port'/>" for index in range(1, 16))
    domain.start(
        more="<iothreads>1</iothreads>",
        devices=f"""
        <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disks[0]}'/>
          <target dev='vda' bus='virtio'/></disk>
        <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
        <controller type='pci' index='0' model='pcie-root'/>{ports}
        <controller type='scsi' model='virtio-scsi'/>
        <controller type='usb' model='qemu-xhci'/>
        <interface type='user'><mac address='52:54:00:12:34:56'/><model type='virtio'/></interface>
        <serial type='pty'/>
        <channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
        <graphics type='vnc' port='-1' autoport='yes'/>
        <video><model type='vga'/></video>
        """,
    )
    for command in _ADMINISTRATION.strip().splitlines():
        words = command.split()
        domain(*[disks[int(word[-1])] if word.startswith("DISK") else word for word in words])
    domain.look()


_ADMINISTRATION = """
setvcpus DOMAIN 1 --live
setvcpus DOMAIN 3 --live
attach-disk DOMAIN DISK0 vdx
attach-disk DOMAIN DISK1 vdc
attach-disk DOMAIN DISK2 sdb --targetbus scsi
attach-disk DOMAIN DISK3 sdc --targetbus usb
detach-disk DOMAIN sdb
detach-disk DOMAIN sdc
change-media DOMAIN sda DISK4 --insert
change-media DOMAIN sda --eject
blkdeviotune DOMAIN vda --total-iops-sec 100
blkdeviotune DOMAIN vda
domblklist DOMAIN
domif-setlink DOMAIN 52:54:00:12:34:56 down
domif-getlink DOMAIN 52:54:00:12:34:56
attach-interface DOMAIN user x --model virtio --mac 52:54:00:12:34:58
detach-interface DOMAIN user --mac 52:54:00:12:34:56
send-key DOMAIN KEY_A
inject-nmi DOMAIN
iothreadadd DOMAIN 7
iothreadinfo DOMAIN
iothreadset DOMAIN 7 --poll-max-ns 1000
iothreaddel DOMAIN 7
domtime DOMAIN
domjobinfo DOMAIN
domjobabort DOMAIN
setmaxmem DOMAIN 2GiB --config
memtune DOMAIN
numatune DOMAIN
emulatorpin DOMAIN
vcpupin DOMAIN
iothreadpin DOMAIN 1 0
schedinfo DOMAIN
ttyconsole DOMAIN
domcontrol DOMAIN
domfsinfo DOMAIN
guestvcpus DOMAIN
set-user-password DOMAIN root x
perf DOMAIN
domblkerror DOMAIN
domblkthreshold DOMAIN vda 1000
dompmsuspend DOMAIN mem
dompmwakeup DOMAIN
migrate-getmaxdowntime DOMAIN
qemu-monitor-command DOMAIN --hmp info memory-devices
desc DOMAIN hello
"""


SCENARIOS = (
    dimms,
    all_slots,
    cold_dimms,
    dimm_in_the_way_at_start,
    no_hotplug,
    no_acpi,
    machine_pc,
    two_cells,
    virtio_memory,
    nvdimms,
    nvdimm_without_being_asked_for,
    virtio_pmems,
    backings,
    file_backing,
    small_domain,
    balloon,
    no_balloon,
    power,
    daemon_restart,
    killed,
    cpu_host_model,
    cpu_maximum,
    cpu_named,
    cpu_unknown,
    cpu_topology,
    machine_unknown,
    as_virt_install_makes_them,
    administration,
    disks_of_all_kinds,
    cards_and_ports_of_all_kinds,
    iommu_and_a_frame_buffer_for_firmware,
    devices_that_check_their_options,
    without_acpi_on_the_older_board,
    snapshots,
    block_copies,
    backups,
)
