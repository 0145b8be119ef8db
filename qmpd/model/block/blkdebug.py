"""``blkdebug``: its configuration file and its options (block/blkdebug.c). No error is ever injected."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.hashorder import qdict_order
from qmpd.model.block.permissions import Role
from qmpd.options import readconfig
from qmpd.options.groups import Group, types
from qmpd.options.qemuopts import Opts, Store, check_size
from qmpd.schemas import documents

if TYPE_CHECKING:
    from qmpd.model.block.graph import Node
    from qmpd.model.block.opening import Opening

_LARGEST = (1 << 31) - 2
_GROUPS = {
    group.name: group
    for group in (
        Group("inject-error", "", False, types("event state:n iotype errno:n sector:n once:b immediately:b")),
        Group("set-state", "", False, types("event state:n new_state:n")),
    )
}
_LISTS = (*_GROUPS, "take-child-perms", "unshare-child-perms")
_LIMITS = ("align", "max-transfer", "opt-write-zero", "max-write-zero", "opt-discard", "max-discard")


def open_blkdebug(opening: Opening, node: Node) -> None:
    """Raises QEMU's text."""
    for name in _LIMITS:
        check_size(name, str(node.options.get(name, 0)))
    if "config" in node.options:
        _check_rules(_read(opening, node.options["config"]))
    opening.attach(node, "image", Role.FILTERED)
    below = node.child("image")
    assert below is not None
    node.size = below.size
    _check_limits(node.options)
    for name in _LISTS:
        if node.options.get(name) == []:
            raise errors.image.option_unknown("blkdebug", name, is_protocol=True)


def _read(opening: Opening, path: str) -> Store:
    try:
        text = opening.graph.machine.read_file(path)
    except IsADirectoryError:
        raise errors.blkdebug.config_unreadable(os.strerror(errno.EISDIR)) from None
    except OSError as error:
        raise errors.blkdebug.config_not_opened(os.strerror(error.errno or errno.EIO)) from None
    store = Store()
    for section in readconfig.parse(text.decode("utf-8", "surrogateescape"), path):
        if section.group not in _GROUPS:
            raise errors.startup.option_group_unknown(section.group)
        opts = store.create(_GROUPS[section.group], section.values.pop("id", section.id), section.origin)
        for name in qdict_order(section.values):
            opts.set(name, section.values[name])
    return store


def _check_rules(store: Store) -> None:
    for group in _GROUPS:
        for rule in store.all(group):
            event = rule.get("event")
            if event is None:
                raise errors.blkdebug.event_missing()
            _check_word(rule, "event", "BlkdebugEvent")
            _check_word(rule, "iotype", "BlkdebugIOType")


def _check_word(rule: Opts, name: str, kind: str) -> None:
    value = rule.get(name)
    if value is not None and value not in documents.document("block-core")["$defs"][kind]["enum"]:
        raise errors.hmp.enum_value_invalid(value)


def _check_limits(options: dict[str, Any]) -> None:
    align = options.get("align", 0)
    if align & (align - 1):
        raise errors.blkdebug.limit_refused("align", align)
    at_least = {"align": 1, "max-write-zero": options.get("opt-write-zero", 0)}
    at_least["max-discard"] = options.get("opt-discard", 0)
    for name in _LIMITS:
        size = options.get(name, 0)
        if size and (size > _LARGEST or size % max(align, at_least.get(name, 1), 1)):
            raise errors.blkdebug.limit_refused(name, size)
