"""``-drive``: a drive and what is in it, from the options that grew over the years (blockdev.c, drive_new())."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.hashorder import qdict_order
from qmpd.model.block.drive import Drive, limits_from
from qmpd.model.block.drivers import DRIVERS
from qmpd.model.block.images import probe
from qmpd.model.block.opening import open_node
from qmpd.model.throttle_group import check_limits
from qmpd.named import NamedTuple
from qmpd.options import qemuopts, structs

if TYPE_CHECKING:
    from qmpd.model.block.graph import Graph, Node

_MOST_UNITS = {"ide": 2, "scsi": 7}
INTERFACES = ("none", "ide", "scsi", "floppy", "pflash", "mtd", "sd", "virtio", "xen")
_NAMED_BY_MEDIA = ("ide", "scsi")
_REPORTS_ERRORS = ("ide", "scsi", "virtio", "none")
_CACHE_MODES = {
    "none": ("on", "off", "on"),
    "off": ("on", "off", "on"),
    "directsync": ("on", "off", "off"),
    "writeback": ("off", "off", "on"),
    "unsafe": ("off", "on", "on"),
    "writethrough": ("off", "off", "off"),
}
"""Past the host's cache, without flushes, with a cache of the drive's own."""
_LIMITS = ("iops", "iops_rd", "iops_wr", "bps", "bps_rd", "bps_wr")
_OWN = frozenset(
    {
        *("id", "if", "bus", "unit", "index", "media", "file", "format", "driver", "werror", "rerror", "snapshot"),
        *("copy-on-read", "readonly", "read-only", "cache", "cache.writeback", "cache.direct", "cache.no-flush", "aio"),
        *("detect-zeroes", "group", "stats-account-invalid", "stats-account-failed", "node-name"),
        *(f"{name}{part}" for name in _LIMITS for part in ("", "_max", "_max_length")),
        "iops_size",
    }
)


class Place(NamedTuple):
    """Where a drive belongs: the kind of controller, which of them, and the unit there."""

    interface: str
    bus: int
    unit: int


def add_drive(
    graph: Graph, options: Mapping[str, str], default_interface: str, origin: str = ""
) -> dict[str, Any] | None:
    """Create the drive. The result describes the device that it asks for, if any. Raises QEMU's text."""
    media = options.get("media", "disk")
    if media not in ("disk", "cdrom"):
        raise errors.block.drive_media_invalid(media)
    place = place_at(graph, options, default_interface)
    if place in graph.places:
        raise errors.block.drive_place_taken(place.bus, place.unit, int(options.get("index", -1)))
    name = options.get("id") or _name(graph, place, media)
    for policy in ("werror", "rerror"):
        if policy in options and place.interface not in _REPORTS_ERRORS:
            raise errors.block.drive_policy_unsupported(policy)
    read_only = media == "cdrom" or _is_on(options, "readonly") or _is_on(options, "read-only")
    drive = Drive(graph, "")
    try:
        _fill(graph, drive, options, read_only=read_only)
        if graph.find_drive(name) is not None:
            raise errors.block.drive_exists(name)
        if graph.find_node(name) is not None:
            raise errors.block.drive_name_is_node(name)
    except errors.QemuError:
        drive.close()
        raise
    drive.name, drive.origin = name, origin
    drive.policies |= {name: options[name] for name in drive.policies if name in options}
    drive.automatic = place.interface != "none"
    graph.places[place] = drive
    drive.is_cdrom = media == "cdrom"
    driver = {"virtio": "virtio-blk", "xen": "xen-cdrom" if drive.is_cdrom else "xen-disk"}.get(place.interface)
    return {"driver": driver, "drive": name} if driver is not None else None


def _is_on(options: Mapping[str, str], name: str, default: bool = False) -> bool:
    return options.get(name, "on" if default else "off") in ("on", "yes", "true", "y")


def _most_units(graph: Graph, interface: str) -> int:
    """How many drives a bus takes, 0 if any number."""
    own = graph.machine.family.drives_per_bus if interface == graph.machine.default_interface else None
    return own or _MOST_UNITS.get(interface, 0)


def place_at(graph: Graph, options: Mapping[str, str], default_interface: str) -> Place:
    """Where a drive with these options goes. Raises QEMU's text when there is no such place."""
    interface = options.get("if", default_interface)
    if interface not in INTERFACES:
        raise errors.block.drive_interface_unknown(interface)
    most = _most_units(graph, interface)
    bus, unit, index = (int(options.get(name, default)) for name, default in (("bus", 0), ("unit", -1), ("index", -1)))
    if index != -1:
        if bus != 0 or unit != -1:
            raise errors.block.drive_index_with_unit()
        bus, unit = (index // most, index % most) if most else (0, index)
    if unit == -1:
        unit = 0
        while Place(interface, bus, unit) in graph.places:
            unit += 1
            if most and unit >= most:
                unit -= most
                bus += 1
    if most and unit >= most:
        raise errors.block.drive_unit_too_big(unit, most - 1)
    return Place(interface, bus, unit)


def _name(graph: Graph, place: Place, media: str) -> str:
    kind = ("-cd" if media == "cdrom" else "-hd") if place.interface in _NAMED_BY_MEDIA else ""
    number = str(place.bus) if _most_units(graph, place.interface) else ""
    return f"{place.interface}{number}{kind}{place.unit}"


def _fill(graph: Graph, drive: Drive, options: Mapping[str, str], *, read_only: bool) -> None:
    direct, no_flush, write_cache = _cache(options)
    drive.read_only = read_only
    drive.write_cache = write_cache
    limits = limits_from({name: int(value) for name, value in options.items() if name.startswith(("iops", "bps"))})
    check_limits(limits)
    if any(value for name, value in limits.items() if not name.endswith("-length")):
        drive.group, drive.limits = options.get("group") or options.get("id", ""), limits
    rest = {name: value for name, value in options.items() if name not in _OWN}
    if not options.get("file") and not rest and "driver" not in options:
        return
    common = {
        "read-only": "on" if read_only else "off",
        "auto-read-only": "on",
        "cache": {"direct": direct, "no-flush": no_flush},
        "detect-zeroes": options.get("detect-zeroes", "off"),
    }
    drive.insert(_open(graph, options, rest, common))


def _cache(options: Mapping[str, str]) -> tuple[str, str, bool]:
    mode = options.get("cache")
    if mode is not None and mode not in _CACHE_MODES:
        raise errors.block.drive_cache_invalid()
    direct, no_flush, write_cache = _CACHE_MODES[mode or "writeback"]
    return (
        options.get("cache.direct", direct),
        options.get("cache.no-flush", no_flush),
        _is_on(options, "cache.writeback", write_cache == "on"),
    )


_SIZES = frozenset({"size", "offset", "cache-size", "l2-cache-size", "l2-cache-entry-size", "refcount-cache-size"})
"""Options of drivers that take units."""


def _open(graph: Graph, options: Mapping[str, str], rest: dict[str, str], common: dict[str, Any]) -> Node:
    """The node that the options describe; without a format it has the one that the file seems to have."""
    tree: dict[str, Any] = {}
    for name, value in rest.items():
        *folders, last = name.split(".")
        at = tree
        for folder in folders:
            at = at.setdefault(folder, {})
        at[last] = str(qemuopts.check_size(last, value)) if last in _SIZES else value
    below = tree.get("file", {})
    if options.get("file"):
        below = {**_protocol(options["file"]), **below}
    if "aio" in options:
        below["aio"] = options["aio"]
    if "node-name" in options:
        tree["node-name"] = options["node-name"]
    if "format" in options and "driver" in options:
        raise errors.image.drive_driver_twice()
    driver = options.get("format") or options.get("driver")
    if driver is None and not below:
        raise errors.block.drive_without_driver()
    if driver is not None and driver not in DRIVERS:
        raise errors.block.block_driver_unknown(driver)
    if below:
        below.setdefault("driver", "file")
        tree["file"] = below
    tree["driver"] = driver or _probed(graph, below, common)
    if tree["driver"] in ("null-co", "null-aio"):
        if options.get("file", f"{tree['driver']}://") != f"{tree['driver']}://":
            raise errors.image.null_filename_refused(tree["driver"])
        tree.pop("file", None)
    given, unknown = _known({**common, **tree}, rest)
    node = open_node(graph, given)
    image = node.child("file")
    for place in (node, image) if image is not None else (node,):
        place.spelled = {
            name.rpartition(".")[2]: value for name, value in rest.items() if ("." in name) == (place is image)
        }
    is_written = not node.read_only and not _is_on(options, "snapshot")
    if driver is None and node.driver.name == "raw" and image is not None and is_written:
        name = image.options.get("filename", f"{image.driver.name}://")
        graph.machine.say("", errors.image.raw_format_guessed(name))
    if unknown:
        graph.release(node)
        raise errors.image.driver_lacks_option(tree["driver"], qdict_order(unknown)[0], node.driver.is_protocol)
    return node


def _known(tree: dict[str, Any], rest: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The options that the driver knows, and the names of others. Raises QEMU's text."""
    kind = structs.from_schema("block-core", "BlockdevOptions")
    unknown: list[str] = []
    while True:
        try:
            return structs.read(tree, kind, structs.STRINGS), unknown
        except QemuError as error:
            names = [name for name in tree if error.desc == errors.unexpected_parameter(name).desc]
            if not names:
                below = tree.get("file", {})
                for name in below:
                    if error.desc == errors.unexpected_parameter(f"file.{name}").desc:
                        protocol = below["driver"]
                        is_protocol = DRIVERS[protocol].is_protocol
                        raise errors.image.driver_lacks_option(protocol, name, is_protocol) from None
                raise
            del tree[names[0]]
            unknown += [name for name in rest if name.partition(".")[0] == names[0]]


def _protocol(filename: str) -> dict[str, str]:
    for driver in ("null-co", "null-aio"):
        if filename == f"{driver}://":
            return {"driver": driver}
    return {"driver": "file", "filename": filename.removeprefix("file:")}


def _probed(graph: Graph, below: Mapping[str, Any], common: Mapping[str, Any]) -> str:
    if below.get("driver") != "file":
        return "raw"
    try:
        image = graph.machine.host.images.open(below["filename"], writable=common["read-only"] == "off")
    except OSError:
        return "raw"  # opening it tells what is wrong
    return probe(image.head)


def add_node(graph: Graph, options: Mapping[str, str]) -> None:
    """A node as ``drive_add -n`` describes it. Raises QEMU's text."""
    rest = {name: value for name, value in options.items() if name not in ("driver", "node-name")}
    given = {name: options[name] for name in ("driver", "node-name") if name in options}
    common = {"read-only": "off", "auto-read-only": "off", "cache": {"direct": "off", "no-flush": "off"}}
    _open(graph, given, rest, common).owned_by_monitor = True
