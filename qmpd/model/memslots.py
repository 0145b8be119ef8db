"""Who needs memslots beside memory devices, and who limits them: KVM and vhost backends (hw/virtio/vhost.c).

Each piece of memory that a guest sees without a gap takes a memslot. How many the boot memory takes was seen in a
QEMU with KVM, and in what its vhost backends complained of.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from qmpd import errors
from qmpd.model.hostmem import MemoryBackend
from qmpd.model.memory_device import SAFE_MAX_MEMSLOTS, UNLIMITED, MemslotLimits
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.model.machine import Machine

VHOST_USER_MOST = 512
_UINT32 = 1 << 32


class BootMemory(NamedTuple):
    """ROMs that take memslots, while the machine is built and once it is complete; and when RAM has its first gap.

    The chipset cuts the ROMs below 1 MiB out of RAM: q35 only at the first reset.
    """

    early_roms: int
    roms: int
    early_gap: bool = True


_BOOT_MEMORY = {"pc-q35": BootMemory(1, 3, early_gap=False), "pc-i440fx": BootMemory(3, 3), "isapc": BootMemory(3, 3)}
_OTHER = BootMemory(2, 2)


class VhostBackend:
    """What is at the other end of a vhost device. ``shared``: it only takes memory that has a file descriptor."""

    def __init__(self, limit: int, *, shared: bool) -> None:
        self.limit = min(limit, VHOST_USER_MOST) if shared else limit
        self.shared = shared


class Memslots:
    """The memslots of one machine as KVM and each of its vhost backends count them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._backends: list[VhostBackend] = []
        self._forgotten: set[bool] = set()

    def hypervisor(self) -> MemslotLimits:
        maximum = self._machine.host.kvm_memslots
        memory = self._machine.memory_devices.memory
        used = 0 if memory is None else memory.used_memslots
        return MemslotLimits(maximum, (maximum - self._boot_roms() - len(self._ram()) - used) % _UINT32)

    def vhost(self) -> MemslotLimits:
        if not self._backends:
            return UNLIMITED
        free = [
            (backend.limit - (0 if backend.shared in self._forgotten else self._used_by(backend))) % _UINT32
            for backend in self._backends
        ]
        return MemslotLimits(min(backend.limit for backend in self._backends), min(free))

    def attach(self, backend: VhostBackend) -> None:
        """Let ``backend`` see the machine's memory. Raises QEMU's text when it cannot hold so many pieces."""
        devices = self._machine.memory_devices
        if backend.limit < SAFE_MAX_MEMSLOTS and devices.memslot_auto_decision_active():
            raise errors.vhost.memslots_decided()
        used, reserved = self._used_by(backend), devices.reserved_memslots()
        if used + reserved > backend.limit:
            self._forgotten.add(backend.shared)
            raise errors.vhost.memslots_exceeded(backend.limit, used, reserved)
        self._forgotten.discard(backend.shared)
        self._backends.append(backend)
        devices.vhost = self.vhost
        if devices.memory is not None:
            devices.memory.on_map = self._see

    def detach(self, backend: VhostBackend) -> None:
        """Forget ``backend``, and with it how much all of its kind hold, until they are shown that something changed:
        so QEMU does, which counts once for a kind, and counts nothing for one that goes or is refused.
        """
        self._backends.remove(backend)
        self._forgotten.add(backend.shared)

    def _see(self, shared: bool) -> None:
        """Count again: memory has come or gone, which those that share memory see only if it is ``shared``."""
        self._forgotten -= {False, shared}

    def _used_by(self, backend: VhostBackend) -> int:
        used = sum(memdev.has_fd or not backend.shared for memdev in self._ram())
        memory = self._machine.memory_devices.memory
        if memory is None:
            return used
        return used + (memory.shared_memslots if backend.shared else memory.writable_memslots)

    @property
    def _boot_memory(self) -> BootMemory:
        return _BOOT_MEMORY.get(self._machine.info.name.rpartition("-")[0] or self._machine.info.name, _OTHER)

    def _boot_roms(self) -> int:
        boot = self._boot_memory
        return boot.roms if self._machine.ready else boot.early_roms

    def _ram(self) -> list[MemoryBackend]:
        """The backend of each piece of RAM, enclave memory included.

        A piece ends where that of a NUMA node does, at 4 GiB, and at the ROMs.
        """
        machine = self._machine
        nodes = [node.memdev for node in machine.numa.nodes.values() if node.memdev is not None]
        backends = nodes or ([machine.memory_backend] if isinstance(machine.memory_backend, MemoryBackend) else [])
        pieces, start = [], 0
        for backend, end in zip(backends, accumulate(backend.size for backend in backends), strict=True):
            pieces += [backend] * (1 + (start < machine.ram_below_4g < end))
            start = end
        has_gap = machine.ready or self._boot_memory.early_gap
        sections = machine.epc.sections if machine.epc is not None else []
        enclaves = [section.memdev for section in sections if section.memdev is not None]
        return pieces[:1] * has_gap + pieces + enclaves
