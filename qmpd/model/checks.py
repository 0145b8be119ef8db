"""What devices of single types check when they come to be, other than disks. Each check raises QEMU's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from qmpd import errors
from qmpd.catalogue.catalogue import family_of
from qmpd.model.catalogue_device import CatalogueDevice

if TYPE_CHECKING:
    from qmpd.model.hostmem import MemoryBackend
    from qmpd.model.machine import Machine

_MOST_PORTS: Final = 511
_IOMMUS: Final = ("intel-iommu", "virtio-iommu-pci")
_INTEL_WIDTHS: Final = (39, 48)
_VIRTIO_WIDTHS: Final = (32, 64)
_Q35_WIDTH: Final = 39
_LEAST_QUEUED, _MOST_QUEUED = 256, 1024
_QUEUES_OUTSIDE: Final = ("vhost-user", "vhost-vdpa")
_ISA_SCREENS: Final = ("isa-vga", "isa-cirrus-vga")
_KEY: Final = 64
_CARD_BACKENDS: Final = ("nss-emulated", "certificates")
_UNKNOWN_SPEED: Final = -1
_FIRMWARE_DMA_SINCE: Final = (2, 5)
_SMALLEST_RECORD: Final = 4096
_CIRRUS_MEMORY: Final = (4, 8, 16)
_FIRST_FLOPPY_PORT: Final = 0x3F0
_WITH_FLOPPY_CONTROLLER: Final = ("pc-i440fx", "isapc")
_BOCHS_MEMORY: Final = (4 << 20, 256 << 20)


def _others(device: CatalogueDevice) -> Iterator[CatalogueDevice]:
    """The devices that users have plugged besides this one."""
    machine = device.machine
    for place in (machine.peripheral, machine.peripheral_anon):
        for other in place.children():
            if isinstance(other, CatalogueDevice) and other is not device:
                yield other


def _only_iommu(device: CatalogueDevice) -> None:
    if any(other.type in _IOMMUS for other in _others(device)):
        raise errors.device.several_iommus()


def _intel_iommu(device: CatalogueDevice) -> None:
    """hw/i386/intel_iommu.c, vtd_decide_config()."""
    _only_iommu(device)
    remaps = device.value("intremap") != "off"
    scalable, first_level, width = (device.value(name) for name in ("x-scalable-mode", "x-flts", "aw-bits"))
    if device.value("eim") == "on" and not remaps:
        raise errors.device.eim_without_remapping()
    if first_level and not scalable:
        raise errors.device.first_level_needs_scalable_mode()
    if not first_level and width not in _INTEL_WIDTHS:
        raise errors.device.address_width_refused(scalable, _INTEL_WIDTHS)
    if first_level and width != _INTEL_WIDTHS[-1]:
        raise errors.device.first_level_address_width_refused(_INTEL_WIDTHS[-1])
    if scalable and not device.value("dma-drain"):
        raise errors.device.scalable_mode_needs_drain()
    if device.value("x-pasid-mode") and not scalable:
        raise errors.device.pasid_needs_scalable_mode()
    buggy = device.value("x-buggy-eim")
    for name, value in (("intremap", "on"), ("eim", "on" if remaps and buggy else "off")):
        if device.value(name) == "auto":
            device.values[name] = value


def _virtio_iommu(device: CatalogueDevice) -> None:
    _only_iommu(device)
    root = device.machine.buses.pci
    if root is None or device.bus is not root:
        raise errors.device.iommu_below_root()
    device.values["primary-bus"] = root.place


def _virtio_iommu_behind(device: CatalogueDevice) -> None:
    proxy = device.parent
    assert isinstance(proxy, CatalogueDevice)
    device.values["primary-bus"] = proxy.values["primary-bus"]
    if device.machine.info.name.startswith("pc-q35"):
        device.values.setdefault("aw-bits", _Q35_WIDTH)
    if not _VIRTIO_WIDTHS[0] <= device.value("aw-bits") <= _VIRTIO_WIDTHS[1]:
        raise errors.device.address_width_outside(*_VIRTIO_WIDTHS)


def _virtio_net(device: CatalogueDevice) -> None:
    """hw/net/virtio-net.c, virtio_net_device_realize()."""
    if device.value("duplex") not in (None, "", "half", "full"):
        raise errors.net.duplex_refused()
    if device.value("speed") < _UNKNOWN_SPEED:
        raise errors.net.speed_refused()
    peer = device.card_owner.attached.peers.get("netdev") if device.card_owner.attached is not None else None
    receive, send = device.value("rx_queue_size"), device.value("tx_queue_size")
    most_sent = _MOST_QUEUED if peer is not None and peer.kind in _QUEUES_OUTSIDE else _LEAST_QUEUED
    if not _LEAST_QUEUED <= receive <= _MOST_QUEUED or receive & (receive - 1):
        raise errors.net.receive_queue_size_refused(receive, _LEAST_QUEUED, _MOST_QUEUED)
    if not _LEAST_QUEUED <= send <= most_sent or send & (send - 1):
        raise errors.net.send_queue_size_refused(send, _LEAST_QUEUED, most_sent)


def _emulated_card(device: CatalogueDevice) -> None:
    """hw/usb/ccid-card-emulated.c. There are no certificates here, so the best of them does not start."""
    given = [bool(device.values.get(f"cert{number}")) for number in (1, 2, 3)]
    backend = device.value("backend")
    if backend not in _CARD_BACKENDS:
        raise errors.device.card_backend_missing(_CARD_BACKENDS)
    if backend == "certificates" and not all(given):
        raise errors.device.card_without_certificates(device.type)
    if backend != "certificates" and any(given):
        raise errors.device.card_with_certificates(device.type)
    raise errors.device.card_not_started(device.type)


def _needs_firmware_dma(device: CatalogueDevice) -> None:
    if device.machine.info.name == "none" or device.machine.version < _FIRMWARE_DMA_SINCE:
        raise errors.device.firmware_dma_missing(device.type)


def _ramfb(device: CatalogueDevice) -> None:
    _needs_firmware_dma(device)
    if any(other.type == "ramfb" for other in _others(device)):
        raise errors.device.firmware_file_twice("vgaroms/vgabios-ramfb.bin")


def _bochs_display(device: CatalogueDevice) -> None:
    size = device.value("vgamem")
    if not _BOCHS_MEMORY[0] <= size <= _BOCHS_MEMORY[1]:
        raise errors.device.video_memory_refused(device.type, "small" if size < _BOCHS_MEMORY[0] else "big")


def _vga(device: CatalogueDevice) -> None:
    """It has as much memory as it can have, and says so."""
    from qmpd.model.brought import MIB, video_memory

    size = (video_memory(device) or 0) // MIB
    if size != device.value("vgamem_mb"):
        device.values["vgamem_mb"] = size


def _cirrus(device: CatalogueDevice) -> None:
    if device.value("vgamem_mb") not in _CIRRUS_MEMORY:
        raise errors.device.cirrus_memory_refused(device.value("vgamem_mb"))


def _floppy_controller(device: CatalogueDevice) -> None:
    if device.machine.info.name == "microvm":
        raise errors.device.no_isa_dma()


def count_floppy_controllers(machine: Machine) -> None:
    """Warn of several where PCs have the first one (hw/i386/pc.c, pc_find_fdc0())."""
    unnamed, named = machine.peripheral_anon.children(), machine.peripheral.children()
    found = [
        device
        for device in (*machine.board_devices, *named, *unnamed)
        if device.type == "isa-fdc" and device.get_property("iobase") == _FIRST_FLOPPY_PORT
    ]
    if len(found) + (family_of(machine.info.name) in _WITH_FLOPPY_CONTROLLER) > 1:
        machine.warn(errors.device.SEVERAL_FLOPPY_CONTROLLERS)


def _shared_directory(device: CatalogueDevice) -> None:
    from qmpd.model import sharing  # nobody else needs it

    sharing.check_device(getattr(device, "backend", device))


def _free_memory(device: CatalogueDevice) -> MemoryBackend | None:
    """The backend that the device is told to use. Raises QEMU's text when somebody has it."""
    memdev: Any = device.links.get("memdev")
    if memdev is not None and memdev.mapped:
        raise errors.memory.memdev_busy(memdev.name)
    return memdev  # type: ignore[no-any-return]


def _shared_memory(device: CatalogueDevice) -> None:
    memdev = _free_memory(device)
    if memdev is not None:
        device.mapped = memdev
        memdev.mapped = True


def _error_records(device: CatalogueDevice) -> None:
    """QEMU leaves the memory to others also when the device has it."""
    memdev, record = _free_memory(device), device.value("record_size")
    if memdev is None:
        return
    if record < _SMALLEST_RECORD or record & (record - 1):
        raise errors.device.record_size_invalid(record)
    if memdev.get_property("size") % record:
        raise errors.device.record_size_unsuitable(record)


def _isa_vga(device: CatalogueDevice) -> None:
    _only_isa_screen(device)
    _vga(device)


def _isa_cirrus(device: CatalogueDevice) -> None:
    _cirrus(device)
    _only_isa_screen(device)


def _only_isa_screen(device: CatalogueDevice) -> None:
    """hw/display/vga.c, vga_common_init()."""
    if any(other.type in _ISA_SCREENS for other in (*_others(device), *device.machine.board_devices)):
        raise errors.device.several_screens()


def _panic_port(device: CatalogueDevice) -> None:
    if any(other.type == device.type for other in _others(device)):
        raise errors.device.firmware_file_twice("etc/pvpanic-port")


def _virtio_serial(device: CatalogueDevice) -> None:
    ports = device.value("max_ports")
    if not ports:
        raise errors.virtio.serial_ports_missing()
    if ports > _MOST_PORTS:
        raise errors.virtio.serial_ports_too_many(_MOST_PORTS)


def _apple_controller(device: CatalogueDevice) -> None:
    if len(device.values.get("osk", "")) != _KEY:
        device.machine.warn(errors.device.KEY_INVALID)


RULES: Final[dict[str, Callable[[CatalogueDevice], None]]] = {
    "intel-iommu": _intel_iommu,
    "virtio-iommu-pci": _virtio_iommu,
    "virtio-iommu-device": _virtio_iommu_behind,
    "virtio-net-device": _virtio_net,
    "virtio-serial-device": _virtio_serial,
    "ccid-card-emulated": _emulated_card,
    "ramfb": _ramfb,
    "vmcoreinfo": _needs_firmware_dma,
    "vmgenid": _needs_firmware_dma,
    "pvpanic": _panic_port,
    "isa-applesmc": _apple_controller,
    "ivshmem-plain": _shared_memory,
    "acpi-erst": _error_records,
    "bochs-display": _bochs_display,
    "isa-fdc": _floppy_controller,
    "cirrus-vga": _cirrus,
    "isa-cirrus-vga": _isa_cirrus,
    "isa-vga": _isa_vga,
    **dict.fromkeys(("VGA", "secondary-vga", "vmware-svga", "ati-vga"), _vga),
    "virtio-9p-device": _shared_directory,
    "virtio-9p-pci": _shared_directory,
    "virtio-9p-pci-transitional": _shared_directory,
    "virtio-9p-pci-non-transitional": _shared_directory,
}
