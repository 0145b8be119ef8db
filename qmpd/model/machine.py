"""The machine: what it is built from, and its object tree. How it comes up is said in ``machine_init``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.catalogue.catalogue import family_of
from qmpd.clock import Handle, ManualClock
from qmpd.config import ChardevConfig, Phase, VmConfig
from qmpd.errors import QemuError, StartupError
from qmpd.frozen import Frozen
from qmpd.guest.contact import Nobody
from qmpd.model import accelerator, boot_tree
from qmpd.model.chardev import ChardevNode, Consumer
from qmpd.model.hostmem_host import Host
from qmpd.model.machine_properties import MODELLED, before_board, instance_order
from qmpd.model.machine_type import catalogue_of, family_of_type, find_type, version_of
from qmpd.model.numa import Numa
from qmpd.model.pc_dimm import DimmSlots
from qmpd.model.qom import Container, Object, Property, Root
from qmpd.model.run_state import RunState, State
from qmpd.model.unattached import Numbering, Unattached

if TYPE_CHECKING:
    from qmpd.guest.ports import Guest
    from qmpd.model.acpi import SlotHotplug
    from qmpd.model.block.graph import Graph
    from qmpd.model.board import Board
    from qmpd.model.born_buses import Buses
    from qmpd.model.cpu_device import CpuDevice
    from qmpd.model.cpu_features import CpuState
    from qmpd.model.cpu_model import CpuOptions
    from qmpd.model.cpus import Cpus
    from qmpd.model.device import Device
    from qmpd.model.dirty_rate import DirtyRate
    from qmpd.model.flash import FlashChip
    from qmpd.model.geometry import Layout
    from qmpd.model.hostmem import Region
    from qmpd.model.hyperv import HvBalloon
    from qmpd.model.memory_device import MemoryDevices
    from qmpd.model.memslots import Memslots
    from qmpd.model.migration import Migration
    from qmpd.model.net import Network
    from qmpd.model.sgx_epc import EpcSections
    from qmpd.model.virtio_balloon import VirtioBalloon
    from qmpd.model.vnc import VncDisplay

_FLASH = ("pflash0", "pflash1")
_WITH_FLASH = ("pc-q35", "pc-i440fx")


class Backend(Container):
    """``/backend``, which shows what it has once somebody looks."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def list_properties(self) -> list[tuple[str, str]]:
        self._machine.show_boot_tree()
        return super().list_properties()


class Machine(Object):
    """One machine. Building it may raise StartupError; once ``ready`` is true devices are hotplugged.

    ``emit`` is called with each event's name and data, ``end`` with the exit status when the machine is over,
    ``warn`` with what QEMU would print as a warning, ``say`` with an option and what is wrong with it without stopping
    the start. ``host`` has the memory.
    """

    type_name = "machine"

    def __init__(
        self,
        config: VmConfig,
        *,
        emit: Callable[[str, dict[str, Any] | None], None],
        end: Callable[[int], None],
        warn: Callable[[str], None],
        say: Callable[[str, QemuError], None],
        host: Host,
    ) -> None:
        super().__init__()
        self.config = config
        self.catalogue = catalogue_of(config.extras.identity)
        self.emit = emit
        self.end = end
        self.host = host
        self.warn = warn
        self.say = say
        self.later: Callable[[Callable[[], object]], object] = lambda callback: callback()
        self.after: Callable[[float, Callable[[], object]], Handle] = ManualClock().call_later
        self.wall_clock: Callable[[], int] = lambda: 0
        self.read_file: Callable[[str], bytes] = host.images.read
        self.chardev_filename: Callable[[str], str] = lambda name: ""
        self.close_chardev: Callable[[str], None] = lambda name: None
        self.ready = False
        self.initialized = False
        self.settings: dict[str, Any] = {}
        self.loaded_modules: frozenset[str] = frozenset()  #: the types of those of ``modules`` that came
        self.board_values: dict[str, dict[str, Any]] = {}
        self.info = find_type(config)
        self.family = family_of_type(self.info.name)
        self.version = version_of(self.info.name)
        self.mem_merge = True
        self.dump_guest_core = True
        self.acpi = "auto"
        self.nvdimm = False
        self.max_ram_below_4g = self.family.chipset.default_max_ram_below_4g if self.family.chipset else 0
        self.memory_backend: Object | None = None
        self.ram_size = self.maxram_size = 0
        self.ram_slots = 0
        self.ram_below_4g = self.ram_above_4g = 0
        self.layout: Layout
        self.cxl_windows: list[tuple[int, list[str]]] = []  #: size and targets of CXL's windows of memory
        self.sgx_epc: list[dict[str, Any]] = []
        self.epc: EpcSections | None = None
        self.numa = Numa()
        self.dimm_slots = DimmSlots()
        self.flash: dict[int, FlashChip] = {}
        self.anonymous_devices = 0
        self.balloon: VirtioBalloon | HvBalloon | None = None
        self.on_reset: dict[Object, Callable[[], object]] = {}
        """What devices have asked to be called when the machine is reset, besides what their buses do."""
        self.die: Callable[[str], object] = lambda signal: None
        self.give_up: Callable[[QemuError], object] = lambda failure: None
        self.guest: Guest = Nobody()
        self.cpus: Cpus
        self.accelerator: str
        self.cpu_options: CpuOptions
        self.cpu_state: CpuState
        self.cpu_threads: list[int] = []
        self.memory_devices: MemoryDevices
        self.device_memory_node: Region
        self.memory_hotplug: SlotHotplug
        self.cpu_hotplug: SlotHotplug | None = None  #: once an operating system has looked
        self.plugged_cpus: list[CpuDevice] = []
        self.directories: dict[str, str | None] = {}
        self.firmware_files: list[str] = []
        self.bios_size: int | None = None
        self.tpm: str | None = None
        self.run = RunState(self, config.actions)
        if config.incoming is not None:
            self.run.state = State.INMIGRATE
        self.trace_events_on: set[str] = set()
        self.dump_status = "none"
        self._device_list: Frozen | None = None
        self._boot_tree_shown = False
        if config.globals:
            from qmpd.model import board_globals

            try:
                board_globals.apply(self, early=True)
            except QemuError as error:
                raise StartupError("", error) from None
        self._plant()
        config.raise_problems(Phase.BACKENDS)

    @cached_property
    def migration(self) -> Migration:
        from qmpd.model.migration import Migration

        migration = Migration(self)
        if self.config.incoming not in (None, "defer"):
            migration.begin_arrival()
        return migration

    @cached_property
    def vnc(self) -> list[VncDisplay]:
        """The VNC displays, the first one first."""
        from qmpd.model.vnc import VncDisplay

        return [VncDisplay(display.values, self) for display in self.config.vnc]

    @cached_property
    def dirty_rate(self) -> DirtyRate:
        from qmpd.model.dirty_rate import DirtyRate

        return DirtyRate()

    def _plant(self) -> None:
        self.root_object = Root()
        self.objects, self.chardevs, self.backend = Container(), Container(), Backend(self)
        for name, container in (("chardevs", self.chardevs), ("objects", self.objects), ("backend", self.backend)):
            self.root_object.add_child(name, container)
        self.root_object.add_child("machine", self)
        self.unattached, self.peripheral, self.peripheral_anon = Unattached(self), Container(), Container()
        self.add_child("unattached", self.unattached)
        self.add_child("peripheral", self.peripheral)
        self.add_child("peripheral-anon", self.peripheral_anon)

        for chardev in self.config.chardevs:
            if self.chardevs.child(chardev.id) is None:
                self.add_chardev(chardev)
        for monitor in self.config.monitors:
            node = self.find_chardev(monitor.chardev)
            if node is not None:
                node.attach(Consumer())

    def add_chardev(self, config: ChardevConfig) -> None:
        """Show a character device, and let it use the one below if it is shared."""
        node = self._chardev_node(config)
        self.chardevs.add_child(config.id, node)
        base = self.find_chardev(config.base) if config.base else None
        if base is not None:
            node.base, node.below = base, Consumer(listens=False)
            base.attach(node.below, handles=False)

    def remove_chardev(self, node: ChardevNode) -> None:
        """Close a character device and let go of the one below."""
        self.close_chardev(node.name)
        if node.base is not None and node.below is not None:
            node.base.detach(node.below)
        node.unparent()

    def _chardev_node(self, config: ChardevConfig) -> ChardevNode:
        return ChardevNode(self.catalogue, config.backend, config.size, lambda name: self.chardev_filename(name))

    def find_chardev(self, name: str) -> ChardevNode | None:
        node = self.chardevs.child(name)
        return node if isinstance(node, ChardevNode) else None

    def start_cpu(self, index: int) -> int:
        """Start the thread of a CPU, or share that of the others where TCG is told to; its number."""
        if self.accelerator == "tcg" and accelerator.single_threaded(self.config.accels):
            return self.cpu_threads[0] if self.cpu_threads else self.host.threads.start("ALL CPUs/TCG")
        return self.host.threads.start(f"CPU {index}/{accelerator.THREAD_NAMES[self.accelerator]}")

    def cpu_paths(self) -> dict[int, str]:
        """The QOM paths of the CPUs that exist by their numbers, in the order in which they came."""
        paths = {index: self.numbering.cpu_path(index) for index in range(self.cpu_count)}
        return paths | {cpu.index: cpu.path for cpu in self.plugged_cpus}

    @property
    def has_flash(self) -> bool:
        """Whether there is a place for flash chips."""
        return family_of(self.info.name) in _WITH_FLASH

    @property
    def memory_hotplug_supported(self) -> bool:
        """PIIX4_PM can be told to leave memory hotplug out."""
        off = ("PIIX4_PM", "memory-hotplug-support", "off")
        return self.family.acpi_device != "PIIX4_PM" or off not in self.config.globals

    @property
    def auto_numa(self) -> bool:
        """Whether the machine gets a node without ``-numa``: for DIMM slots since 2.11, for maxmem since 5.1."""
        if not self.family.has_memory_region:
            return False
        return (self.ram_slots > 0 and self.version >= (2, 11)) or (
            self.maxram_size > self.ram_size and self.version >= (5, 1)
        )

    @property
    def default_interface(self) -> str:
        """What a drive belongs to if nobody says."""
        return self.family.interface

    @cached_property
    def board(self) -> Board | None:
        """What makes the devices that the board makes by itself; None if that is nothing."""
        if not self.config.asks_board:
            return None
        from qmpd.model.board import Board

        return Board(self)

    @property
    def board_devices(self) -> list[Device]:
        """What the board has made by itself."""
        return self.board.made if self.board is not None else []

    @cached_property
    def block(self) -> Graph:
        """The block nodes and drives."""
        from qmpd.model.block.graph import Graph

        return Graph(self)

    @cached_property
    def network(self) -> Network:
        """The network's back ends and cards."""
        from qmpd.model.net import Network

        return Network(self)

    @cached_property
    def buses(self) -> Buses:
        """The buses, those behind devices included."""
        from qmpd.model.born_buses import Buses

        return Buses(self)

    @cached_property
    def memslots(self) -> Memslots:
        """What KVM and vhost backends make of the machine's memory."""
        from qmpd.model.memslots import Memslots

        return Memslots(self)

    def guest_milliseconds(self) -> int:
        """The guest's clock, which stands still while the guest does; nobody saw a machine in its first millisecond."""
        return max(self.guest.milliseconds(), int(self.run.has_run))

    def emit_later(self, name: str, data: dict[str, Any]) -> None:
        """Emit an event that has its cause in a command, but is only told once the command has been answered."""
        self.later(lambda: self.emit(name, data))

    def complain(self, error: QemuError) -> None:
        """Say what is wrong with the option at hand, though the machine starts."""
        self.say("", error)

    # Devices

    def device_list_changed(self) -> None:
        self._device_list = None

    def memory_device_info(self) -> Frozen:
        """What ``query-memory-devices`` answers; the same object until something in it changes."""
        if self._device_list is None:
            self._device_list = Frozen([device.info for device in self.memory_devices.memory_device_list()])
        return self._device_list

    @property
    def cpu_count(self) -> int:
        """The CPUs that exist."""
        if self.info.default_cpu_type is not None:
            return self.cpus.smp.cpus
        return int(self.info.name == "none" and self.config.cpu is not None)

    @property
    def ram_and_dimms(self) -> int:
        """The bytes of RAM, DIMMs included; what else may be plugged does not count."""
        return self.ram_size + self.memory_devices.dimm_size()

    @property
    def wakeup_supported(self) -> bool:
        return self.family.chipset is not None and self.has_acpi_device

    @property
    def has_acpi_device(self) -> bool:
        """Whether something answers for ACPI; only ICH9-LPC is there also where ACPI is off."""
        device = self.family.acpi_device
        return device == "ICH9-LPC" or (device is not None and self.acpi != "off")

    @property
    def acpi_enabled(self) -> bool:
        cut_off = self.settings.get("acpi-device") == ""
        return self.family.acpi_device is not None and not cut_off and self.acpi != "off"

    def ospm_status(self) -> list[dict[str, Any]]:
        """What ``query-acpi-ospm-status`` answers. The CPUs' slots show once an operating system has looked at them."""
        return self.memory_hotplug.ospm_status() + (self.cpu_hotplug.ospm_status() if self.cpu_hotplug else [])

    def show_cpu_slots(self) -> None:
        """Let the guest see the CPUs' slots, by the newer interface, which does not know what was plugged before."""
        if self.cpu_hotplug is not None or not self.has_acpi_device:
            return
        from qmpd.model.acpi import SlotHotplug

        self.cpu_hotplug = SlotHotplug("CPU", self.cpus.smp.maxcpus, lambda: self.guest.cpu_interrupt())
        for cpu in self.plugged_cpus:
            self.cpu_hotplug.slots[cpu.slot].device = cpu

    def reset_devices(self) -> None:
        """Bring everything that a system reset reaches back to where it began."""
        self.memory_hotplug.reset()
        if self.cpu_hotplug is not None:
            self.cpu_hotplug.reset()
        if "buses" in vars(self):
            self.buses.reset()
        for reset in list(self.on_reset.values()):
            reset()

    # As an object

    @property
    def type(self) -> str:
        return f"{self.info.name}-machine"

    def is_a(self, type_name: str) -> bool:
        return super().is_a(type_name) or self.catalogue.is_a(self.type, type_name)

    def show_boot_tree_for(self, path: str) -> None:
        """Show the boot tree if a partial ``path`` may lead into it."""
        if boot_tree.may_lead_into(self, path):
            self.show_boot_tree()

    def show_recorded(self, path: str) -> None:
        """Put what is at ``path`` and only recorded into the tree: of a CPU (libvirt looks at it) that, else all."""
        if not self.initialized or self._boot_tree_shown or not boot_tree.show_cpu(self, path):
            self.show_boot_tree()

    def show_boot_tree(self) -> None:
        """Put the objects that only the catalogue knows into the tree; it takes milliseconds, so only on demand."""
        if not self.initialized:
            boot_tree.show_beginnings(self)
        elif not self._boot_tree_shown:
            self._boot_tree_shown = True
            boot_tree.show(self)

    @cached_property
    def numbering(self) -> Numbering:
        """Where the recorded objects are."""
        from qmpd.model.cpu_object import has_apic

        tree = self.catalogue.tree(self.info.name)
        return Numbering(self, tree, has_apic(self.cpu_state, self.cpu_count > 1) if self.cpu_count else True)

    @cached_property
    def changed_defaults(self) -> Mapping[str, Mapping[str, Any]]:
        """What this version sets otherwise than the recorded one."""
        return self.catalogue.compat_defaults(self.info.name)

    def _recorded(self) -> Mapping[str, str]:
        """The properties of the machine type that the catalogue knows: name to QOM type."""
        tree = self.catalogue.tree(self.info.name)
        node = tree.get("/machine") if tree is not None else None
        entries = node.entries if node is not None else {}
        return {name: kind for name, kind in entries.items() if boot_tree.is_there(self, name)}

    def find_property(self, name: str) -> Property:
        if name in _FLASH and self.has_flash:
            from qmpd.model.flash import flash_property

            prop = flash_property(self, _FLASH.index(name))
            if prop is not None:
                return prop
        recorded = self._recorded()
        if name in MODELLED and (not recorded or name in recorded):
            return MODELLED[name]
        if self.child(name) is not None or name not in recorded or recorded[name].startswith("child<"):
            return super().find_property(name)
        from qmpd.model.machine_settings import reader

        read = reader(name, recorded[name])

        def store(machine: Machine, value: object, typed: bool) -> None:
            assert read is not None
            machine.settings[name] = read(machine, value, typed)

        return Property(name, recorded[name], lambda machine: machine.setting(name), store if read else None)

    def setting(self, name: str) -> Any:
        """The value of a property that has no effect here: as set, else as recorded from a bare machine."""
        if name == "vmport" and self.settings.get("i8042") is False:
            return "off"
        if name in self.settings:
            return self.settings[name]
        tree = self.catalogue.tree(self.info.name)
        node = tree.get("/machine") if tree is not None else None
        if node is None:
            raise errors.property_not_found(self.type, name)
        try:
            changed = self.changed_defaults.get("machine", {})
            value = changed[name] if name in changed else node.value(name)
            return self.numbering.relocated(value) if isinstance(value, str) and name not in changed else value
        except KeyError:
            raise errors.not_modelled(f"property '{name}' of a machine") from None

    def list_properties(self) -> list[tuple[str, str]]:
        self.show_boot_tree()
        recorded = self._recorded()
        if not self.initialized:
            return before_board(family_of(self.info.name), recorded)
        added = [name for name in self._children if name not in recorded]
        instance = instance_order(family_of(self.info.name), added, recorded) if added or self.acpi == "off" else []
        names = [name for name in recorded if name not in instance] + instance
        return [(name, recorded.get(name) or self.find_property(name).type) for name in names]
