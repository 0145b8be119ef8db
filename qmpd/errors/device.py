"""Devices on other buses than PCI, and what devices take from outside."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/core/qdev-properties-system.c, hw/core/qdev-properties.c, audio/audio.c, chardev/char-fe.c, util/block-helpers.c


def property_finds_nothing(device_type: str, name: str, value: str) -> QemuError:
    return QemuError(f"Property '{device_type}.{name}' can't find value '{value}'")


def property_value_in_use(device_type: str, name: str, value: str) -> QemuError:
    return QemuError(f"Property '{device_type}.{name}' can't take value '{value}', it's in use")


def property_override(name: str, value: str) -> QemuError:
    return QemuError(f"{name}={value} conflicts, and override is not implemented")


def drive_taken(name: str, *, automatic: bool) -> QemuError:
    why = "because it has been automatically connected to another device (did you need 'if=none' in the drive options?)"
    return QemuError(f"Drive '{name}' is already in use {why if automatic else 'by another device'}")


def audiodev_missing(name: str) -> QemuError:
    return QemuError(f"audiodev '{name}' not found")


def audiodev_hint(name: object) -> str:
    return f"Perhaps you wanted to use -audio or set audiodev={name}?"


def size_too_large(device_type: str, name: str, size: int, largest: int) -> QemuError:
    return QemuError(f"Property {device_type}.{name} doesn't take value {size} (maximum: {largest})")


def block_size_refused(name: str, smallest: int, largest: int) -> QemuError:
    return QemuError(f"parameter {name} must be a power of 2 between {smallest} and {largest}")


# hw/block/block.c, hw/block/virtio-blk.c, hw/scsi/, hw/ide/, hw/usb/dev-storage-classic.c: disks


def drive_not_set() -> QemuError:
    return QemuError("drive property not set")


def no_drive_specified() -> QemuError:
    return QemuError("No drive specified")


def media_missing() -> QemuError:
    return QemuError("Device needs media, but drive is empty")


def queues_missing() -> QemuError:
    return QemuError("num-queues property must be larger than 0")


def queue_size_too_small(size: int) -> QemuError:
    return QemuError(f"invalid queue-size property ({size}), must be > 2")


def queue_size_refused(size: int, largest: int) -> QemuError:
    return QemuError(f"invalid queue-size property ({size}), must be a power of 2 (max {largest})")


def logical_block_too_large() -> QemuError:
    return QemuError("logical_block_size > physical_block_size not supported")


def io_size_unaligned(name: str) -> QemuError:
    """``name`` is ``min_io_size``, ``opt_io_size`` or ``discard_granularity``."""
    return QemuError(f"{name} must be a multiple of logical_block_size")


def geometry_refused(what: str, largest: int) -> QemuError:
    return QemuError(f"{what} must be between 1 and {largest}")


def ide_discard_refused() -> QemuError:
    return QemuError("discard_granularity must be 512 for ide")


def floppy_block_size_refused() -> QemuError:
    return QemuError("Physical and logical block size must be 512 for floppy")


def ide_block_size_refused() -> QemuError:
    return QemuError("logical_block_size must be 512 for IDE")


def ide_unit_beyond(unit: int, most: int) -> QemuError:
    return QemuError(f"Can't create IDE unit {unit}, bus supports only {most} units")


def ide_unit_taken(unit: int) -> QemuError:
    return QemuError(f"IDE unit {unit} is in use")


def scsi_address_refused(what: str, number: int) -> QemuError:
    """``what`` is ``channel id``, ``device id`` or ``device lun``."""
    return QemuError(f"bad scsi {what}: {number}")


def scsi_lun_taken(device_id: str | None) -> QemuError:
    return QemuError(f"lun already used by '{device_id if device_id is not None else '(null)'}'")


def scsi_no_free(what: str) -> QemuError:
    """``what`` is ``target`` or ``lun``."""
    return QemuError(f"no free {what}")


def scsi_version_unknown() -> QemuError:
    return QemuError("cannot get SG_IO version number: Operation not supported")


def scsi_serial_too_long(largest: int) -> QemuError:
    return QemuError(f"The serial number can't be longer than {largest} characters")


def scsi_serial_too_long_for_id(largest: int) -> QemuError:
    return QemuError(
        f"The serial number can't be longer than {largest} characters when it is also used as the default for device_id"
    )


# hw/char/virtio-serial-bus.c, hw/audio/intel-hda.c


def serial_port_taken(number: int) -> QemuError:
    return QemuError(f"virtio-serial-bus: A port already exists at id {number}")


def serial_port_name_taken(name: str) -> QemuError:
    return QemuError(f"virtio-serial-bus: A port already exists by name {name}")


def serial_ports_exhausted() -> QemuError:
    return QemuError("virtio-serial-bus: Maximum port limit for this device reached")


def serial_port_out_of_range(largest: int) -> QemuError:
    return QemuError(f"virtio-serial-bus: Out-of-range port id specified, max. allowed: {largest}")


def serial_port_zero() -> QemuError:
    return QemuError(
        "Port number 0 on virtio-serial devices reserved for virtconsole devices for backward compatibility."
    )


def only_one_allowed(device_type: str) -> QemuError:
    return QemuError(f"at most one {device_type} device is permitted")


def floppy_unit_beyond(unit: int, most: int) -> QemuError:
    return QemuError(f"Can't create floppy unit {unit}, bus supports only {most} units")


def floppy_unit_taken(unit: int) -> QemuError:
    return QemuError(f"Floppy unit {unit} is in use")


def isa_ports_exhausted(called: str, most: int) -> QemuError:
    return QemuError(f"Max. supported number of {called} ports is {most}.")


def card_slot_missing(slot: int) -> QemuError:
    return QemuError(f"usb-ccid supports one slot, can't add {slot}")


def card_reader_full() -> QemuError:
    return QemuError("usb-ccid card already full, not adding")


def card_without_certificates(device_type: str) -> QemuError:
    return QemuError(f"{device_type}: you must provide all three certs for certificates backend")


def card_with_certificates(device_type: str) -> QemuError:
    return QemuError(f"{device_type}: unexpected cert parameters to nss emulated backend")


def card_not_started(device_type: str) -> QemuError:
    return QemuError(f"{device_type}: failed to initialize vcard")


def card_backend_missing(names: tuple[str, ...]) -> QemuError:
    return QemuError("backend must be one of:", hint="\n".join(names))


def codec_addresses_exhausted() -> QemuError:
    return QemuError("HDA audio codec address is full")


# hw/i386/pc.c, hw/i386/intel_iommu.c, hw/virtio/virtio-iommu.c, hw/virtio/virtio-iommu-pci.c


def several_iommus() -> QemuError:
    return QemuError("QEMU does not support multiple vIOMMUs for x86 yet.")


def eim_without_remapping() -> QemuError:
    return QemuError("eim=on cannot be selected without intremap=on")


def first_level_needs_scalable_mode() -> QemuError:
    return QemuError("x-flts is only available in scalable mode")


def address_width_refused(scalable: bool, widths: tuple[int, ...]) -> QemuError:
    mode = "Scalable mode(flts=off)" if scalable else "Legacy mode"
    return QemuError(f"{mode}: supported values for aw-bits are: {', '.join(map(str, widths))}")


def first_level_address_width_refused(width: int) -> QemuError:
    return QemuError(f"Scalable mode(flts=on): supported value for aw-bits is: {width}")


def scalable_mode_needs_drain() -> QemuError:
    return QemuError("Need to set dma_drain for scalable mode")


def pasid_needs_scalable_mode() -> QemuError:
    return QemuError("Need to set scalable mode for PASID")


def iommu_below_root() -> QemuError:
    return QemuError("virtio-iommu-pci must be plugged on the root bus")


def address_width_outside(least: int, most: int) -> QemuError:
    return QemuError(f"aw-bits must be within [{least},{most}]")


# hw/nvram/fw_cfg.c, hw/display/bochs-display.c, hw/display/vga.c, hw/misc/applesmc.c


def several_screens() -> QemuError:
    return QemuError("Only one global VGA device can be used at a time")


KEY_INVALID = "Using AppleSMC with invalid key"


def firmware_dma_missing(device_type: str) -> QemuError:
    if device_type == "vmgenid":
        return QemuError("vmgenid requires DMA write support in fw_cfg, which this machine type does not provide")
    return QemuError(f"{device_type} device requires fw_cfg with DMA")


def firmware_file_twice(name: str) -> QemuError:
    return QemuError(f"duplicate fw_cfg file name: {name}")


def video_memory_refused(device_type: str, size: str) -> QemuError:
    return QemuError(f"{device_type}: video memory too {size}")


# hw/acpi/erst.c


def record_size_invalid(size: int) -> QemuError:
    return QemuError(f"ERST record_size {size} is invalid")


def record_size_unsuitable(size: int) -> QemuError:
    return QemuError(f"ACPI ERST requires storage size be multiple of record size ({size}KiB)")


# hw/nvme/ns.c, hw/nvme/subsys.c, hw/nvme/ctrl.c


def drive_in_subsystem() -> QemuError:
    return QemuError("subsystem support is unavailable with legacy namespace ('drive' property)")


def namespace_number_refused(most: int) -> QemuError:
    return QemuError(f"invalid namespace id (must be between 0 and {most})")


def namespace_number_taken(number: int) -> QemuError:
    return QemuError(f"namespace id '{number}' already allocated")


def smart_warning_unsupported(bits: int) -> QemuError:
    return QemuError(f"unsupported smart critical warning bits: 0x{bits:x}")


def controller_serial_refused() -> QemuError:
    return QemuError("invalid controller serial")


# system/bootdevice.c


def boot_index_taken(index: int) -> QemuError:
    return QemuError(f"The bootindex {index} has already been used")


# hw/display/cirrus_vga.c, hw/block/fdc-isa.c, hw/i386/pc.c


def cirrus_memory_refused(size: int) -> QemuError:
    return QemuError(f"Invalid cirrus_vga ram size '{size}'")


def no_isa_dma() -> QemuError:
    return QemuError("ISA controller does not support DMA")


SEVERAL_FLOPPY_CONTROLLERS = (
    "multiple floppy disk controllers with iobase=0x3f0 have been found\n"
    "the one being picked for CMOS setup might not reflect your intent"
)
