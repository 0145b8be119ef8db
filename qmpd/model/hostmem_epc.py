"""memory-backend-epc: memory for SGX enclaves (backends/hostmem-epc.c, arch/x86/kernel/cpu/sgx/virt.c of Linux).

No machine with SGX was at hand: this follows what the sources say, and has not been held against a running QEMU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qmpd.model.hostmem import MemoryBackend
from qmpd.model.hostmem_host import BackingFile
from qmpd.model.hostmem_mapping import Mapping, map_file

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


class MemoryBackendEpc(MemoryBackend):
    """Enclave memory out of ``/dev/sgx_vepc``, which can only be mapped shared."""

    type_name = "memory-backend-epc"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.share = True
        self.merge = self.dump = False

    @property
    def memory_name(self) -> str:
        return self.path

    def allocate(self) -> Mapping:
        return map_file(self, BackingFile(None, map_failure="" if self.share else "Invalid argument"))
