"""Which threads serve the queues of a virtio device (hw/virtio/iothread-vq-mapping.c, hw/block/virtio-blk.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors, visit
from qmpd.model.iothread import Iothread

if TYPE_CHECKING:
    from qmpd.model.virtio_pci import VirtioDevice

MAPPING = "iothread-vq-mapping"
_ONE = "iothread"


class Mappings:
    """The kind of a property that shares queues out to threads."""

    name = "IOThreadVirtQueueMappingList"

    def read(self, value: object, name: str, typed: bool) -> list[dict[str, Any]]:
        return [_mapping(item, f"{name}[{index}]") for index, item in enumerate(visit.visit_list(value, name))]


def _mapping(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise errors.invalid_parameter_type(path, "object")
    if _ONE not in value:
        raise errors.missing_parameter(f"{path}.{_ONE}")
    read: dict[str, Any] = {_ONE: visit.visit_str(value[_ONE], f"{path}.{_ONE}")}
    if "vqs" in value:
        queues = visit.visit_list(value["vqs"], f"{path}.vqs")
        read["vqs"] = [visit.visit_narrow(one, f"{path}.vqs[{index}]", "uint16") for index, one in enumerate(queues)]
    for name in value:
        if name not in (_ONE, "vqs"):
            raise errors.unexpected_parameter(f"{path}.{name}")
    return read


def check(device: VirtioDevice, queues: int, *, notified: bool) -> None:
    """Raise QEMU's text unless the threads of ``device`` can serve its queues; ``notified`` by ioeventfd."""
    mappings, one = device.values.get(MAPPING), device.links.get(_ONE)
    if mappings and one is not None:
        raise errors.virtio.iothread_given_twice()
    if (mappings or one is not None) and not notified:
        raise errors.virtio.ioeventfd_required()
    if mappings:
        _check_mappings(device, mappings, queues)


def _check_mappings(device: VirtioDevice, mappings: list[dict[str, Any]], queues: int) -> None:
    names, assigned = set(), set()
    for mapping in mappings:
        name, own = mapping[_ONE], mapping.get("vqs")
        if not isinstance(device.machine.objects.child(name), Iothread):
            raise errors.virtio.iothread_missing(name)
        if name in names:
            raise errors.virtio.iothread_repeated(name)
        names.add(name)
        if bool(own) != bool(mappings[0].get("vqs")):
            raise errors.virtio.queues_for_some_only()
        for queue in own or ():
            if queue >= queues:
                raise errors.virtio.queue_out_of_range(queue, name, queues)
            if queue in assigned:
                raise errors.virtio.queue_assigned_twice(queue, name)
            assigned.add(queue)
    missing = next((queue for queue in range(queues) if queue not in assigned), None)
    if assigned and missing is not None:
        raise errors.virtio.queue_unassigned(missing)
