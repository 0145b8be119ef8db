"""Directories of the host that a guest may share (fsdev/qemu-fsdev.c, hw/9pfs/9p-local.c). No file ever passes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.errors import QemuError
from qmpd.model.throttle_group import BUCKETS, check_limits
from qmpd.options.numbers import parse_uint64

if TYPE_CHECKING:
    from qmpd.model.catalogue_device import CatalogueDevice
    from qmpd.model.machine import Machine

_COMMON: Final = ("id", "fsdriver", "readonly")
_PARTS: Final = ("", "-max", "-max-length")
_LIMITS: Final = (*(bucket + part for bucket in BUCKETS for part in _PARTS), "iops-size")
_THROTTLING: Final = "throttling."
_LOCAL: Final = ("security_model", "path", "writeout", "fmode", "dmode", "multidevs")
_DRIVERS: Final = {
    "local": frozenset((*_COMMON, *_LOCAL, *(_THROTTLING + limit for limit in _LIMITS))),
    "synth": frozenset(_COMMON),
}
"""What each driver takes."""
_MAPPED: Final = ("mapped", "mapped-xattr", "mapped-file")
_MODELS: Final = ("passthrough", "none", *_MAPPED)
_MULTIDEVS: Final = ("remap", "forbid", "warn")
_LONGEST_TAG: Final = 31


def add(machine: Machine, given: dict[str, str]) -> None:
    """Offer what ``-fsdev`` describes. Raises QEMU's text."""
    driver = given.get("fsdriver")
    if "id" not in given:
        raise errors.sharing.id_missing()
    if driver is None:
        raise errors.sharing.driver_missing()
    if driver not in _DRIVERS:
        raise errors.sharing.driver_unknown(driver)
    for name in given:
        if name not in _DRIVERS[driver]:
            raise errors.sharing.option_refused(name, driver)
    if driver == "local":
        _check_local(given)
    machine.directories[given["id"]] = given.get("path")


def _check_local(given: dict[str, str]) -> None:
    model, multidevs = given.get("security_model"), given.get("multidevs")
    if model is None:
        raise errors.sharing.security_model_missing()
    if model not in _MODELS:
        raise errors.sharing.security_model_unknown(model)
    if multidevs not in (None, *_MULTIDEVS):
        raise errors.sharing.multidevs_unknown(multidevs)
    if "path" not in given:
        raise errors.sharing.path_missing()
    try:
        check_limits({limit: _limit(given, limit) for limit in _LIMITS})
    except QemuError as reason:
        raise errors.sharing.throttling_refused(reason) from None
    for name in ("fmode", "dmode"):
        if name in given and model not in _MAPPED:
            raise errors.sharing.mode_refused(name)


def _limit(given: dict[str, str], name: str) -> int:
    text = given.get(_THROTTLING + name)
    return parse_uint64(text) if text is not None else int(name.endswith("-length"))


def check_device(device: CatalogueDevice) -> None:
    """Raise QEMU's text where a virtio-9p has nothing to share (hw/9pfs/9p.c)."""
    name, tag = (device.value(prop) if prop in device.given() else None for prop in ("fsdev", "mount_tag"))
    directories = device.machine.directories
    if name not in directories:
        raise errors.sharing.directory_missing("NULL" if name is None else name)
    if tag is None:
        raise errors.sharing.tag_missing(name)
    size = len(os.fsencode(tag))
    if size > _LONGEST_TAG:
        raise errors.sharing.tag_too_long(tag, size, _LONGEST_TAG)
    path = directories[name]
    if path is None:
        return
    try:
        device.machine.host.files.check_directory(path)
    except OSError as error:
        raise errors.sharing.directory_not_opened(name, path, error.strerror or "") from None
