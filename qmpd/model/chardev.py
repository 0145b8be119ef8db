"""Character devices as objects below ``/chardevs``: their type, who uses them, and what a ring buffer holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qmpd import errors
from qmpd.catalogue import Catalogue
from qmpd.errors import QemuError
from qmpd.model.qom import STR, Object, Property

_MUX_USERS = 4
_RING_BACKENDS = ("ringbuf", "memory")
_CLOSED = ("null", "pty", "udp", "msmouse", "parallel", "hub")


class User(Protocol):
    """What a character device is the other end of. ``takes_other`` says whether that end may be exchanged.

    ``listens`` says whether it wants to hear, as query-chardev tells.
    """

    takes_other: bool
    listens: bool


class Consumer:
    """A monitor, a mux or a port of the board on a character device."""

    takes_other = False

    def __init__(self, *, listens: bool = True) -> None:
        self.listens = listens


class ChardevNode(Object):
    """One character device with this backend."""

    def __init__(self, catalogue: Catalogue, backend: str, ring_size: int, filename: Callable[[str], str]) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._filename = filename
        self._type = f"chardev-{backend}"
        self.backend = backend
        self.users: list[User] = []
        self.base: ChardevNode | None = None
        self.below: Consumer | None = None  #: what a mux is at the end of its ``base``
        self._focus: User | None = None  #: the one of a mux that was the last to want to hear
        self.hung_up = False  #: by a vhost device that could not be realized
        self.ring = Ring(ring_size) if backend in _RING_BACKENDS else None

    def attach(self, user: User, *, handles: bool = True) -> None:
        """Take somebody on. Below a mux it shows for good once somebody ``handles`` what comes."""
        self.users.append(user)
        if user.listens:
            self._focus = user
        if handles and self.below is not None:
            self.below.listens = True

    def detach(self, user: User) -> None:
        self.users.remove(user)
        if self._focus is user:
            self._focus = None
        if self.below is not None:
            self.below.listens = True

    @property
    def full(self) -> bool:
        """Whether nobody else can use it."""
        return len(self.users) >= (_MUX_USERS if self.backend == "mux" else 1)

    def refusal(self) -> QemuError:
        """What QEMU says to one more user of a device that is ``full``."""
        if self.backend == "mux":
            return errors.char.mux_full(self.name, _MUX_USERS)
        return errors.startup.chardev_in_use(self.name)

    @property
    def is_open(self) -> bool:
        """Whether somebody is at the other end."""
        return self.backend not in _CLOSED and not self._filename(self.name).startswith(_DISCONNECTED)

    @property
    def heard(self) -> bool:
        if self.backend == "mux":
            return self._focus is not None
        return any(user.listens for user in self.users)

    @property
    def type(self) -> str:
        return self._type

    def is_a(self, type_name: str) -> bool:
        return self._catalogue.is_a(self._type, type_name)

    def list_properties(self) -> list[tuple[str, str]]:
        return [(entry["name"], entry["type"]) for entry in self._catalogue.qom_properties(self._type).value]

    def find_property(self, name: str) -> Property:
        for listed, type_name in self.list_properties():
            if listed == name:
                return Property(name, type_name, self._value_of(name))
        raise errors.property_not_found(self._type, name)

    def _value_of(self, name: str) -> Callable[[ChardevNode], Any]:
        def read(node: ChardevNode) -> Any:
            if name == "type":
                return node.type
            filename = node._filename(node.name)
            if name == "connected":
                return not filename.startswith(_DISCONNECTED)
            if name == "addr":
                return _address(filename.removeprefix(_DISCONNECTED))
            raise errors.not_modelled(f"property '{name}' of {node.path}")

        return read


_DISCONNECTED = "disconnected:"
_SERVER = ",server=on"


def _address(filename: str) -> dict[str, Any]:
    """Where the socket of that description is (SocketAddress in qapi/sockets.json)."""
    kind, _, place = filename.partition(" <-> ")[0].partition(":")
    serves, place = place.endswith(_SERVER), place.removesuffix(_SERVER)
    if kind == "unix":
        return {"type": kind, "path": place} | ({} if serves else {"abstract": False, "tight": True})
    host, _, port = place.rpartition(":")
    version = "ipv6" if host.startswith("[") else "ipv4"
    return {"type": "inet", "host": host.strip("[]"), "port": port} | ({version: True} if serves else {})


def chardev_property() -> Property:
    """A device's ``chardev``, which nobody else may use (hw/core/qdev-properties-system.c)."""

    def set_it(device: Any, value: object, typed: bool) -> None:
        if device.realized:
            raise errors.set_after_realize("chardev", device.device_id, device.type)
        name = STR.read(value, "chardev", typed)
        found = device.machine.find_chardev(name) if name else None
        if name and found is None:
            raise errors.memory.property_value_not_found(device.type, "chardev", name)
        if found is not None and found.full:
            raise errors.memory.property_value_not_taken(device.type, "chardev", name, found.refusal())
        device.chardev = found

    def get(device: Any) -> str:
        return device.chardev.name if device.chardev is not None else ""

    return Property("chardev", "str", get, set_it)


class Ring:
    """The memory of a ring buffer of ``size`` bytes: the latest that was written and not read."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes = bytearray()

    def write(self, data: bytes) -> None:
        self._bytes += data
        del self._bytes[: -self._size]

    def read(self, size: int) -> bytes:
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken
