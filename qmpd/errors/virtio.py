"""virtio memory devices."""

from __future__ import annotations

from qmpd.errors import QemuError

# hw/virtio/virtio-md-pci.c, hw/virtio/virtio-mem.c, hw/virtio/virtio-mem-pci.c, hw/virtio/virtio-pmem.c


def iommu_platform_without_modern_interface() -> QemuError:
    return QemuError("VIRTIO_F_IOMMU_PLATFORM was supported by neither legacy nor transitional device")


def iommu_platform_unsupported() -> QemuError:
    return QemuError("iommu_platform=true is not supported by the device")


def virtio_without_interface() -> QemuError:
    return QemuError(
        "device cannot work as neither modern nor legacy mode is enabled",
        hint="Set either disable-modern or disable-legacy to off",
    )


def rng_period_missing() -> QemuError:
    return QemuError("'period' parameter expects a positive integer")


def rng_max_bytes_refused() -> QemuError:
    return QemuError("'max-bytes' parameter must be positive, and less than 2^63")


def balloon_exists() -> QemuError:
    return QemuError("Only one balloon device is supported")


def balloon_interval_negative() -> QemuError:
    return QemuError("timer value must be greater than zero")


def balloon_interval_too_long() -> QemuError:
    return QemuError("timer value is too big")


def virtio_memory_stays() -> QemuError:
    return QemuError("this virtio based memory devices cannot be unplugged")


def virtio_mem_block_size_fixed() -> QemuError:
    return QemuError("'block-size' cannot be changed")


def virtio_mem_block_too_small(smallest: int) -> QemuError:
    return QemuError(f"'block-size' property has to be at least {smallest:#x}")


def virtio_mem_block_not_a_power() -> QemuError:
    return QemuError("'block-size' property has to be a power of two")


def virtio_mem_block_below_page(page_size: int) -> QemuError:
    return QemuError(f"'block-size' property has to be at least the page size ({page_size:#x})")


def virtio_mem_block_below_default(default: int) -> str:
    return f"'block-size' property is smaller than the default block size ({default >> 20:x} MiB)"


def virtio_mem_request_unaligned(block_size: int) -> QemuError:
    return QemuError(f"'requested-size' has to be multiples of 'block-size' ({block_size:#x})")


def virtio_mem_request_too_large(size: int) -> QemuError:
    return QemuError(f"'requested-size' cannot exceed the memory backend size({size:#x})")


def virtio_mem_request_while_leaving() -> QemuError:
    return QemuError("'requested-size' cannot be changed if the device is in the process of unplug")


def virtio_mem_value_unaligned(name: str, block_size: int) -> QemuError:
    return QemuError(f"'{name}' property has to be multiples of 'block-size' ({block_size:#x})")


def virtio_mem_memdev_unaligned(block_size: int) -> QemuError:
    return QemuError(f"'memdev' property memdev size has to be multiples of'block-size' ({block_size:#x})")


def virtio_mem_memdev_busy(name: str) -> QemuError:
    return QemuError(f"'memdev' property specifies a busy memdev: {name}")


def virtio_mem_memdev_unsupported() -> QemuError:
    return QemuError("'memdev' property specifies an unsupported memdev")


def virtio_mem_memdev_preallocated(name: str) -> QemuError:
    return QemuError(
        f"'memdev' property specifies a memdev with preallocation enabled: {name}. Instead, specify 'prealloc=on'"
        " for the virtio-mem device. "
    )


def virtio_mem_node_out_of_range(node: int, nodes: int) -> QemuError:
    return QemuError(f"'node' property has value '{node}', which exceedsthe number of numa nodes: {nodes}")


def virtio_mem_memslots_need_inaccessible() -> QemuError:
    return QemuError("'dynamic-memslots' property set to 'on' requires 'unplugged-inaccessible' to be 'on'")


def virtio_mem_zeropage_missing() -> str:
    return "'unplugged-inaccessible' property set to 'off' with a memdev that does not support the shared zeropage."


def virtio_mem_stays_accessible() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while 'unplugged-inaccessible' != 'on'")


def virtio_mem_still_plugged() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while some of its memory is still plugged")


def virtio_mem_still_requested() -> QemuError:
    return QemuError("virtio-mem device cannot get unplugged while 'requested-size' != '0'")


# hw/virtio/iothread-vq-mapping.c, hw/block/virtio-blk.c, hw/scsi/virtio-scsi-dataplane.c


def iothread_given_twice() -> QemuError:
    return QemuError("iothread and iothread-vq-mapping properties cannot be set at the same time")


def ioeventfd_required() -> QemuError:
    return QemuError("ioeventfd is required for iothread")


def iothread_missing(name: str) -> QemuError:
    return QemuError(f'IOThread "{name}" object does not exist')


def iothread_repeated(name: str) -> QemuError:
    return QemuError(f'duplicate IOThread name "{name}" in iothread-vq-mapping')


def queues_for_some_only() -> QemuError:
    return QemuError("either all items in iothread-vq-mapping must have vqs or none of them must have it")


def queue_out_of_range(queue: int, thread: str, queues: int) -> QemuError:
    return QemuError(
        f'vq index {queue} for IOThread "{thread}" must be less than num_queues {queues} in iothread-vq-mapping'
    )


def queue_assigned_twice(queue: int, thread: str) -> QemuError:
    return QemuError(f'cannot assign vq {queue} to IOThread "{thread}" because it is already assigned')


def queue_unassigned(queue: int) -> QemuError:
    return QemuError(f"missing vq {queue} IOThread assignment in iothread-vq-mapping")


# hw/scsi/virtio-scsi.c


def scsi_queues_refused(queues: int, limit: int) -> QemuError:
    return QemuError(f"Invalid number of queues (= {queues}), must be a positive integer less than {limit}.")


def scsi_queue_too_short(size: int, shortest: int) -> QemuError:
    return QemuError(f"invalid virtqueue_size property (= {size}), must be > {shortest}")


# hw/char/virtio-serial-bus.c


def serial_ports_missing() -> QemuError:
    return QemuError("Maximum number of serial ports not specified")


def serial_ports_too_many(most: int) -> QemuError:
    return QemuError(f"maximum ports supported: {most}")
