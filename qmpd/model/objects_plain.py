"""User objects that only have their properties: nothing here makes random numbers, threads or ciphers.

What QEMU checks when such an object is made is checked, so far as it concerns what a manager says. The objects that
guard something (secrets, credentials) have a module of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from qmpd import errors, visit
from qmpd.errors import QemuError
from qmpd.model.chardev import ChardevNode, Consumer
from qmpd.model.qom import BOOL, STRING, UINT32, UINT64, Kind, Property, computed
from qmpd.model.throttle_group import LARGEST_RATE
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


_LARGEST_DESCRIPTOR = (1 << 31) - 1


def kept(name: str, kind: Kind, *, fixed: Callable[[str], QemuError] | None = None) -> Property:
    """A property that only keeps its value; one that is ``fixed`` cannot change once the object is complete."""

    def set_it(obj: PlainObject, value: object, typed: bool) -> None:
        wanted = kind.read(value, name, typed)
        if fixed is not None and obj.completed:
            raise fixed(name)
        obj.values[name] = wanted

    return Property(name, kind.name, lambda obj: obj.values.get(name, ""), set_it)


class PlainObject(UserObject):
    """``values`` holds what differs from the empty string; ``defaults`` is what it begins with."""

    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.values = dict(self.defaults)
        self.completed = False

    def complete(self) -> None:
        self.check()
        self.completed = True

    def check(self) -> None:
        """Raise QEMU's text when the properties do not add up to something that works."""


class ChardevUser(PlainObject):
    """An object that takes character devices, and gives them back when it goes."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._taken: list[tuple[ChardevNode, Consumer]] = []

    def take_chardev(
        self, name: str, missing: Callable[[str], QemuError] = errors.device_not_found, *, listens: bool
    ) -> ChardevNode:
        """Raises QEMU's text when there is none (``missing``) or when somebody has it."""
        node = self.machine.find_chardev(name)
        if node is None:
            raise missing(name)
        if node.full:
            raise node.refusal()
        consumer = Consumer(listens=listens)
        node.attach(consumer, handles=listens)
        self._taken.append((node, consumer))
        return node

    def unparent(self) -> None:
        super().unparent()
        for node, consumer in self._taken:
            node.detach(consumer)


class RngBackend(PlainObject):
    """A source of random numbers (backends/rng.c)."""

    type_name = "rng-backend"
    own_properties = (computed("opened", "bool", lambda rng: rng.completed),)


class RngBuiltin(RngBackend):
    """QEMU's own (backends/rng-builtin.c)."""

    type_name = "rng-builtin"


class RngRandom(RngBackend):
    """A file of the host (backends/rng-random.c)."""

    type_name = "rng-random"
    own_properties = (kept("filename", STRING, fixed=errors.user_objects.property_no_longer_settable),)
    defaults: ClassVar[dict[str, Any]] = {"filename": "/dev/urandom"}

    def check(self) -> None:
        path = self.values["filename"]
        try:
            self.machine.host.files.open(path, writable=False)
        except IsADirectoryError:
            pass
        except OSError as error:
            raise errors.char.file_open_failed(path, error.strerror or "") from None


class RngEgd(RngBackend, ChardevUser):
    """A character device (backends/rng-egd.c)."""

    type_name = "rng-egd"
    own_properties = (kept("chardev", STRING, fixed=errors.user_objects.property_no_longer_settable),)

    def check(self) -> None:
        self.take_chardev(self.values["chardev"], listens=True)


def _set_queues(backend: PlainObject, value: object, typed: bool) -> None:
    number = UINT32.read(value, "queues", typed)
    if not number:
        raise errors.user_objects.cryptodev_queues_refused(backend.type, number)
    backend.values["queues"] = number


def _rate(name: str) -> Property:
    def set_it(backend: PlainObject, value: object, typed: bool) -> None:
        rate = UINT64.read(value, name, typed)
        if rate > LARGEST_RATE:
            raise errors.user_objects.throttle_rate_out_of_range(LARGEST_RATE)
        backend.values[name] = rate

    return Property(name, "uint64", lambda backend: backend.values[name], set_it)


class CryptodevBackend(PlainObject):
    """A backend without a method, which never is ready: it has no ``clients`` (backends/cryptodev.c)."""

    type_name = "cryptodev-backend"
    client_type = ""
    clients = 0
    own_properties: ClassVar[tuple[Property, ...]] = (
        _rate("throttle-ops"),
        Property("queues", "uint32", lambda backend: backend.values["queues"], _set_queues),
        _rate("throttle-bps"),
    )
    defaults: ClassVar[dict[str, Any]] = {"throttle-ops": 0, "queues": 1, "throttle-bps": 0}


class CryptodevBackendBuiltin(CryptodevBackend):
    """QEMU's own ciphers (backends/cryptodev-builtin.c)."""

    type_name = "cryptodev-backend-builtin"
    client_type = "builtin"
    clients = 1

    def check(self) -> None:
        if self.values["queues"] != 1:
            raise errors.user_objects.cryptodev_builtin_queues()


class InputLinux(PlainObject):
    """A keyboard or a mouse of the host (ui/input-linux.c)."""

    type_name = "input-linux"
    own_properties = (
        *(kept(name, STRING) for name in ("evdev", "grab-toggle")),
        *(kept(name, BOOL) for name in ("grab_all", "repeat")),
    )

    def check(self) -> None:
        from qmpd.model import evdev

        evdev.refuse(self.machine, self.values["evdev"])


class CanBus(PlainObject):
    """A CAN bus, which stays for good (net/can/can_core.c)."""

    type_name = "can-bus"

    @property
    def in_use(self) -> bool:
        return True


def _set_iommu_descriptor(obj: PlainObject, value: object, typed: bool) -> None:
    text = STRING.read(value, "fd", typed)
    if obj.machine.ready and not text[:1].isdigit():
        raise errors.user_objects.descriptor_unusable(text, errors.char.fd_name_missing(text))
    if not text.isdigit() or int(text) > _LARGEST_DESCRIPTOR:
        raise errors.user_objects.descriptor_unusable(text, errors.char.fd_number_invalid(text))


class Iommufd(PlainObject):
    """Access to the host's IOMMUs, never opened (backends/iommufd.c)."""

    type_name = "iommufd"
    own_properties = (Property("fd", "string", None, _set_iommu_descriptor),)


def _numbers(value: object, name: str) -> list[int]:
    if not isinstance(value, list):
        raise errors.invalid_parameter_type(name, "array")
    return [visit.visit_narrow(number, f"{name}[{index}]", "uint16") for index, number in enumerate(value)]


def _set_cpus(context: ThreadContext, value: object, typed: bool) -> None:
    context.refuse_mixing()
    cpus = _numbers(value, "cpu-affinity")
    if not cpus:
        raise errors.user_objects.cpu_list_empty()
    context.pin(cpus)


def _set_nodes(context: ThreadContext, value: object, typed: bool) -> None:
    context.refuse_mixing()
    nodes = _numbers(value, "node-affinity")
    if not nodes:
        raise errors.user_objects.node_list_empty()
    if context.machine.host.nodes.isdisjoint(nodes):
        raise errors.user_objects.nodes_select_no_cpus()
    context.pin(context.machine.host.cpus)


class ThreadContext(PlainObject):
    """Where the threads that allocate memory would run (util/thread-context.c). ``cpus`` are the host's."""

    type_name = "thread-context"
    own_properties = (
        computed("thread-id", "int", lambda context: context.thread_id),
        Property("node-affinity", "int", None, _set_nodes),
        Property("cpu-affinity", "int", lambda context: sorted(context.cpus), _set_cpus),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.cpus = machine.host.cpus
        self.thread_id = 0
        self._wanted: frozenset[int] | None = None

    def complete(self) -> None:
        self.thread_id = self.machine.host.threads.start(f"TC {self.name}")
        super().complete()

    def unparent(self) -> None:
        super().unparent()
        self.machine.host.threads.end(self.thread_id)

    def refuse_mixing(self) -> None:
        """Before there is a thread it can be pinned once."""
        if self._wanted is not None:
            raise errors.user_objects.affinities_mixed()

    def pin(self, cpus: Iterable[int]) -> None:
        if self.completed:
            self._run_on(frozenset(cpus))
        else:
            self._wanted = frozenset(cpus)

    def check(self) -> None:
        if self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            self._run_on(wanted)

    def _run_on(self, cpus: frozenset[int]) -> None:
        usable = cpus & self.machine.host.cpus
        if not usable:
            raise errors.user_objects.cpu_affinity_failed()
        self.cpus = usable


TYPES: dict[str, Callable[[Machine], UserObject]] = {
    "rng-builtin": RngBuiltin,
    "rng-random": RngRandom,
    "rng-egd": RngEgd,
    "cryptodev-backend": CryptodevBackend,
    "cryptodev-backend-builtin": CryptodevBackendBuiltin,
    "can-bus": CanBus,
    "input-linux": InputLinux,
    "iommufd": Iommufd,
    "thread-context": ThreadContext,
}
