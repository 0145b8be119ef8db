"""qapi/migration.json: nothing migrates here, so there is nothing to pause or to recover."""

from __future__ import annotations

from qmpd import errors
from qmpd.commands.context import Context


def migrate_pause(context: Context) -> None:
    raise errors.migration_not_postcopy()


def migrate_recover(context: Context, uri: str) -> None:
    raise errors.migration_not_paused()
