"""What is defined and plugged in, as libvirt's XML."""

from __future__ import annotations

QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
TWO_CELLS = "<cell id='0' cpus='0' memory='512' unit='MiB'/><cell id='1' cpus='1' memory='512' unit='MiB'/>"
ONE_CELL = "<cell id='0' cpus='0-1' memory='1' unit='GiB'/>"


def domain(
    name: str,
    emulator: str,
    *,
    machine: str = "q35",
    cpu: str = "",
    cells: str = ONE_CELL,
    devices: str = "",
    options: str = "",
    more: str = "",
    hotplug: bool = True,
    features: str = "<acpi/>",
    uuid: str = "<uuid>5d3b6f2a-4c1e-4f8e-9a53-0c6f5a1e7b21</uuid>",
) -> str:
    """A domain of 1 GiB and, unless ``hotplug`` is false, 8 slots. ``cpu`` is the attributes of the element."""
    numa = f"<numa>{cells}</numa>" if hotplug else ""
    return f"""
<domain type='qemu' xmlns:qemu='{QEMU_NAMESPACE}'>
  <name>{name}</name>
  {uuid}
  {"<maxMemory slots='8' unit='GiB'>16</maxMemory>" if hotplug else ""}
  <memory unit='GiB'>1</memory>
  <vcpu>2</vcpu>
  <os><type machine='{machine}'>hvm</type></os>
  <features>{features}</features>
  {f"<cpu {cpu}>{numa}</cpu>" if "<" not in cpu else cpu.replace("</cpu>", numa + "</cpu>")}
  {more}
  <devices>
    <emulator>{emulator}</emulator>
    {devices}
  </devices>
  <qemu:commandline>{"".join(f"<qemu:arg value='{option}'/>" for option in options.split())}</qemu:commandline>
</domain>
"""


def memory(
    model: str,
    size: int,
    *,
    node: int | None = 0,
    address: str = "",
    source: str = "",
    target: str = "",
    attributes: str = "",
) -> str:
    """A memory device of ``size`` MiB."""
    return f"""
<memory model='{model}' {attributes}>
  {f"<source>{source}</source>" if source else ""}
  <target><size unit='MiB'>{size}</size>{"" if node is None else f"<node>{node}</node>"}{target}</target>
  {address}
</memory>
"""


def dimm(size: int, *, node: int = 0, slot: int | None = None, base: int | None = None, source: str = "") -> str:
    address = ""
    if slot is not None or base is not None:
        words = [f"slot='{slot}'" if slot is not None else "", f"base='{base:#x}'" if base is not None else ""]
        address = f"<address type='dimm' {' '.join(words)}/>"
    return memory("dimm", size, node=node, address=address, source=source)


def nvdimm(size: int, path: str, *, attributes: str = "") -> str:
    label = "<label><size unit='KiB'>128</size></label>"
    return memory("nvdimm", size, source=f"<path>{path}</path>", target=label, attributes=attributes)


def virtio_mem(size: int, requested: int, *, node: int = 0, address: str = "") -> str:
    target = f"<block unit='MiB'>2</block><requested unit='MiB'>{requested}</requested>"
    return memory("virtio-mem", size, node=node, target=target + address)


def virtio_pmem(size: int, path: str) -> str:
    return memory("virtio-pmem", size, node=None, source=f"<path>{path}</path>", attributes="access='shared'")
