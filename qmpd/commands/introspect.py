"""qapi/introspect.json: what this monitor speaks."""

from __future__ import annotations

from qmpd import schemas
from qmpd.commands.context import Context
from qmpd.frozen import Frozen


def query_qmp_schema(context: Context) -> Frozen:
    return schemas.query_qmp_schema(context.host.control)
