"""Migration as far as nothing moves: what may be switched on, the parameters, and how an attempt fails.

The rules are those of migration/options.c and migration/migration.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.named import NamedTuple

CAPABILITIES: Final = (
    *("xbzrle", "rdma-pin-all", "auto-converge", "zero-blocks", "events", "postcopy-ram", "x-colo", "release-ram"),
    *("return-path", "pause-before-switchover", "multifd", "dirty-bitmaps", "postcopy-blocktime"),
    *("late-block-activate", "x-ignore-shared", "validate-uuid", "background-snapshot", "zero-copy-send"),
    *("postcopy-preempt", "switchover-ack", "dirty-limit", "mapped-ram"),
)
_NOT_WITH_BACKGROUND_SNAPSHOT: Final = (
    *("postcopy-ram", "dirty-bitmaps", "postcopy-blocktime", "late-block-activate", "return-path", "multifd"),
    *("pause-before-switchover", "auto-converge", "release-ram", "rdma-pin-all", "xbzrle", "x-colo", "validate-uuid"),
    "zero-copy-send",
)
_MIB: Final = 1 << 20
_DEFAULTS: Final[dict[str, Any]] = {
    "announce-initial": 50,
    "announce-max": 550,
    "announce-rounds": 5,
    "announce-step": 100,
    "throttle-trigger-threshold": 50,
    "cpu-throttle-initial": 20,
    "cpu-throttle-increment": 10,
    "cpu-throttle-tailslow": False,
    "tls-creds": "",
    "tls-hostname": "",
    "tls-authz": "",
    "max-bandwidth": 128 * _MIB,
    "avail-switchover-bandwidth": 0,
    "downtime-limit": 300,
    "x-checkpoint-delay": 20000,
    "multifd-channels": 2,
    "xbzrle-cache-size": 64 * _MIB,
    "max-postcopy-bandwidth": 0,
    "max-cpu-throttle": 99,
    "multifd-compression": "none",
    "multifd-zlib-level": 1,
    "multifd-qatzip-level": 1,
    "multifd-zstd-level": 1,
    "x-vcpu-dirty-limit-period": 1000,
    "vcpu-dirty-limit": 1,
    "mode": "normal",
    "zero-page-detection": "multifd",
    "direct-io": False,
}
_LEGACY_ZERO_PAGES: Final = (8, 2)
"""The last version of a machine whose destination looks for pages of zeros itself."""


class _Range(NamedTuple):
    lowest: int
    highest: int
    expected: str


_RANGES: Final = {
    "throttle-trigger-threshold": _Range(1, 100, "an integer in the range of 1 to 100"),
    "cpu-throttle-initial": _Range(1, 99, "an integer in the range of 1 to 99"),
    "cpu-throttle-increment": _Range(1, 99, "an integer in the range of 1 to 99"),
    "downtime-limit": _Range(0, 2000 * 1000, "an integer in the range of 0 to (2000 * 1000) ms"),
    "multifd-channels": _Range(1, 255, "a value between 1 and 255"),
    "multifd-zlib-level": _Range(0, 9, "a value between 0 and 9"),
    "multifd-qatzip-level": _Range(1, 9, "a value between 1 and 9"),
    "multifd-zstd-level": _Range(0, 20, "a value between 0 and 20"),
}
_ANNOUNCE_RANGES: Final = {
    "announce-initial": _Range(0, 100000, "a value between 0 and 100000"),
    "announce-max": _Range(0, 100000, "a value between 0 and 100000"),
    "announce-rounds": _Range(0, 1000, "a value between 0 and 1000"),
    "announce-step": _Range(1, 10000, "a value between 0 and 10000"),
}
_PERIOD = _Range(1, 1000, "a value between 1 and 1000")
_PAGE_SIZE: Final = 4096
_LONGEST_ALIAS: Final = 255
_LONGEST_NODE_NAME: Final = 31
_LONGEST_BITMAP_NAME: Final = 1023
_IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_MULTI_CHANNEL: Final = frozenset({"inet", "unix", "vsock"})


class Board(Protocol):
    """What migration reads and moves; ``later`` runs something after the reply."""

    emit: Callable[[str, dict[str, Any] | None], None]
    later: Callable[[Callable[[], object]], object]
    version: tuple[int, int]


class Migration:
    """``status`` and ``problem`` are those of the latest attempt to leave, ``status`` None before the first.

    ``arrival`` is the status of what comes in, ``arrival_addresses`` where it is awaited.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.capabilities = dict.fromkeys(CAPABILITIES, False)
        self.parameters = dict(_DEFAULTS)
        if board.version <= _LEGACY_ZERO_PAGES:
            self.parameters["zero-page-detection"] = "legacy"
        self.status: str | None = None
        self.problem: str | None = None
        self.arrival: str | None = None
        self.arrival_addresses: list[dict[str, Any]] = []

    # Capabilities

    def set_capabilities(self, changes: Mapping[str, bool]) -> None:
        """Switch all of them or, raising QemuError, none."""
        if self.in_progress:
            raise errors.migration.in_progress()
        wanted = self.capabilities | dict(changes)
        self._check_postcopy(wanted)
        self._check_background_snapshot(wanted)
        if wanted["zero-copy-send"] and (not wanted["multifd"] or wanted["xbzrle"] or self._compressed or self._tls):
            raise errors.migration.zero_copy_refused()
        self._check_companions(wanted)
        self.capabilities = wanted

    def _check_postcopy(self, wanted: Mapping[str, bool]) -> None:
        if wanted["postcopy-ram"]:
            for capability, name in (("x-ignore-shared", "ignore-shared"), ("multifd", "multifd")):
                if wanted[capability]:
                    raise errors.migration.postcopy_excludes(name)

    def _check_background_snapshot(self, wanted: Mapping[str, bool]) -> None:
        if wanted["background-snapshot"]:
            for capability in _NOT_WITH_BACKGROUND_SNAPSHOT:
                if wanted[capability]:
                    raise errors.migration.background_snapshot_excludes(capability)

    def _check_companions(self, wanted: Mapping[str, bool]) -> None:
        if wanted["postcopy-preempt"] and not wanted["postcopy-ram"]:
            raise errors.migration.preempt_needs_postcopy()
        if wanted["switchover-ack"] and not wanted["return-path"]:
            raise errors.migration.switchover_ack_needs_return_path()
        if wanted["multifd"] and not self.capabilities["multifd"] and self.arrival_addresses:
            raise errors.migration.too_late_for("Multifd")
        if wanted["dirty-limit"]:
            if wanted["auto-converge"]:
                raise errors.migration.dirty_limit_excludes_auto_converge()
            raise errors.migration.dirty_limit_needs_kvm()
        if wanted["multifd"] and wanted["xbzrle"]:
            raise errors.migration.multifd_excludes_xbzrle()
        if wanted["mapped-ram"]:
            for capability, name in (("xbzrle", "xbzrle"), ("postcopy-ram", "postcopy")):
                if wanted[capability]:
                    raise errors.migration.mapped_ram_excludes(name)

    # Parameters

    @property
    def _compressed(self) -> bool:
        return bool(self.parameters["multifd-compression"] != "none")

    @property
    def _tls(self) -> bool:
        return bool(self.parameters["tls-creds"])

    def set_parameters(self, changes: Mapping[str, Any]) -> None:
        """Change all of them or, raising QemuError, none. A TLS parameter that is null becomes empty."""
        changes = {name: "" if value is None else value for name, value in changes.items()}
        wanted = self.parameters | changes
        _check_ranges(wanted, _RANGES)
        size = wanted["xbzrle-cache-size"]
        if size < _PAGE_SIZE or size & (size - 1):
            expected = "a power of two no less than the target page size"
            raise errors.invalid_parameter_value("xbzrle_cache_size", expected)
        if not wanted["cpu-throttle-initial"] <= wanted["max-cpu-throttle"] <= 99:
            raise errors.invalid_parameter_value(
                "max_cpu_throttle", "an integer in the range of cpu_throttle_initial to 99"
            )
        _check_ranges(wanted, _ANNOUNCE_RANGES)
        _check_bitmap_mapping(wanted.get("block-bitmap-mapping", ()))
        if self.capabilities["zero-copy-send"] and (wanted["multifd-compression"] != "none" or wanted["tls-creds"]):
            raise errors.migration.zero_copy_refused()
        if self.capabilities["mapped-ram"] and (self._compressed or self._tls):
            raise errors.migration.mapped_ram_refused()
        if not _PERIOD.lowest <= wanted["x-vcpu-dirty-limit-period"] <= _PERIOD.highest:
            raise errors.invalid_parameter_value("x-vcpu-dirty-limit-period", _PERIOD.expected)
        if wanted["vcpu-dirty-limit"] < 1:
            raise errors.migration.dirty_limit_too_low()
        self.parameters = wanted

    # Leaving

    @property
    def in_progress(self) -> bool:
        return self.status == "setup"

    def check_transport(self, transport: str, kind: str) -> None:
        """``transport`` is socket, exec, rdma or file, ``kind`` that of a socket. Raises QemuError."""
        seekable = transport == "file"
        if self.capabilities["mapped-ram"] and not seekable:
            raise errors.migration.needs_seekable()
        several = self.capabilities["multifd"] or self.capabilities["postcopy-preempt"]
        if several and not seekable and not (transport == "socket" and kind in _MULTI_CHANNEL):
            raise errors.migration.needs_channels()
        if self.parameters["mode"] == "cpr-transfer" and seekable:
            raise errors.migration.needs_stream()

    def check_may_leave(self) -> None:
        """Raise what keeps the machine here, whichever the way."""
        if self.in_progress:
            raise errors.migration.in_progress()
        if self.capabilities["mapped-ram"]:
            for forbidden, name in ((self._tls, "TLS"), (self._compressed, "compression")):
                if forbidden:
                    raise errors.migration.mapped_ram_without(name)
        if self.parameters["mode"] != "normal":
            for capability, name in (
                ("postcopy-ram", "postcopy"),
                ("background-snapshot", "background snapshot"),
                ("x-colo", "COLO"),
            ):
                if self.capabilities[capability]:
                    raise errors.migration.cpr_without(name)

    def begin(self) -> None:
        """An attempt begins."""
        self.problem = None
        self._become("setup")

    def fail(self, problem: QemuError) -> None:
        """The attempt ends."""
        if self.in_progress:
            self.problem = problem.desc
            self._become("failed")

    def begin_arrival(self) -> None:
        """Wait for a machine. Raises QEMU's text when one is awaited already."""
        if self.arrival is not None:
            raise errors.migration.arrival_state_illegal(self.arrival)
        self.arrival = "setup"
        self._tell(self.arrival)

    def _become(self, status: str) -> None:
        self.status = status
        self._tell(status)

    def _tell(self, status: str) -> None:
        if self.capabilities["events"]:
            self._board.emit("MIGRATION", {"status": status})


def _check_ranges(wanted: Mapping[str, Any], ranges: Mapping[str, _Range]) -> None:
    for name, allowed in ranges.items():
        if not allowed.lowest <= wanted[name] <= allowed.highest:
            raise errors.invalid_parameter_value(name.replace("-", "_"), allowed.expected)


def _check_bitmap_mapping(mapping: list[dict[str, Any]]) -> None:
    """What migration/block-dirty-bitmap.c refuses of a list of BitmapMigrationNodeAlias."""
    for entry in mapping:
        alias = entry["alias"]
        if not _IDENTIFIER.fullmatch(alias):
            _refuse_mapping(f"The node alias '{alias}' is not well-formed")
        _check_length("node alias", alias, _LONGEST_ALIAS)
        _check_length("node name", entry["node-name"], _LONGEST_NODE_NAME)
        for bitmap in entry["bitmaps"]:
            _check_length("bitmap alias", bitmap["alias"], _LONGEST_ALIAS)
            _check_length("bitmap name", bitmap["name"], _LONGEST_BITMAP_NAME)
    _check_unique(mapping, "node-name", "name", "mapped")
    _check_unique(mapping, "alias", "alias", "used")


def _check_unique(mapping: list[dict[str, Any]], node_key: str, bitmap_key: str, verb: str) -> None:
    what = "" if bitmap_key == "name" else "alias "
    nodes: set[str] = set()
    for entry in mapping:
        node = entry[node_key]
        if node in nodes:
            _refuse_mapping(f"The node {what or 'name '}'{node}' is {verb} twice")
        nodes.add(node)
        bitmaps: set[str] = set()
        for bitmap in entry["bitmaps"]:
            if bitmap[bitmap_key] in bitmaps:
                _refuse_mapping(f"The bitmap {what}'{node}'/'{bitmap[bitmap_key]}' is {verb} twice")
            bitmaps.add(bitmap[bitmap_key])


def _check_length(what: str, name: str, most: int) -> None:
    if len(name.encode()) > most:
        _refuse_mapping(f"The {what} '{name}' is longer than {most} bytes")


def _refuse_mapping(reason: str) -> None:
    raise errors.migration.bitmap_mapping_invalid(reason)
