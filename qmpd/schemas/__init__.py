"""What every command takes and returns and what every event carries: the documents in schema/, put to use.

Nothing of this package is read before it is asked for; a command costs the document of its own module.
"""

from __future__ import annotations

from functools import cache

from qmpd.frozen import Frozen
from qmpd.named import NamedTuple
from qmpd.schemas import documents
from qmpd.schemas.arguments import check_arguments
from qmpd.schemas.documents import EXTENSION

__all__ = ["EXTENSION", "CommandInfo", "check_arguments", "command_info", "query_commands", "query_qmp_schema"]


class CommandInfo(NamedTuple):
    """What the dispatcher must know of a command before it looks at the arguments.

    ``module`` is the QAPI module (``run-state``); ``allow_oob`` and ``allow_preconfig`` say where the command may run;
    ``free_form`` marks one whose arguments no schema checks (``device_add``), ``boxed`` one whose arguments are a type
    with a name, and so come as one dict; ``features`` are QAPI's.
    """

    name: str
    module: str
    allow_oob: bool
    allow_preconfig: bool
    free_form: bool
    boxed: bool
    features: tuple[str, ...]


@cache
def _known(name: str) -> CommandInfo:
    found = documents.command(name)
    if found is None:
        raise KeyError(name)
    node, module = found
    return CommandInfo(
        name=name,
        module=module,
        allow_oob=node.get("allow-oob", False),
        allow_preconfig=node.get("allow-preconfig", False),
        free_form=not node.get("gen", True),
        boxed="$ref" in node.get("arguments", ()),
        features=tuple(node.get("features", ())),
    )


def command_info(name: str) -> CommandInfo | None:
    """The command of that name, or None where there is none (an event's name is none)."""
    try:
        return _known(name)
    except KeyError:  # not cached, so that names made up by clients do not pile up
        return None


def query_commands(extended: bool = False) -> Frozen:
    """The answer to ``query-commands``: ``[{"name": …}, …]`` in QEMU's order; ``extended`` by what only qmpd has."""
    from qmpd.schemas import introspection

    return introspection.query_commands(extended)


def query_qmp_schema(extended: bool = False) -> Frozen:
    """The answer to ``query-qmp-schema``: a list of SchemaInfo; ``extended`` by what only qmpd has."""
    from qmpd.schemas import introspection

    return introspection.query_qmp_schema(extended)
