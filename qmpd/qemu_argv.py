"""``qmpd-system-x86_64``: QEMU's own command line. Here it becomes a ``VmConfig``; running that is the server's.

The grammar, the options and their checks live in ``qmpd.options``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from qmpd.config import VmConfig
from qmpd.errors import StartupError
from qmpd.options.build import build
from qmpd.options.handlers import HANDLERS
from qmpd.options.parser import Parser
from qmpd.options.report import Report, StartupExit

PROGRAM = "qmpd-system-x86_64"
ENVIRONMENT = "QMPD_OPTIONS"
"""The variable with what ``-x-qmpd`` would say, for launchers that cannot add an option."""


def parse(argv: Sequence[str], report: Report | None = None) -> VmConfig:
    """The machine that ``argv``, without the program's name, asks for. Warnings go through ``report``.

    Raises StartupError for what QEMU refuses before it looks at the machine; StartupExit where the options ask for
    nothing but a list, which is printed by then.
    """
    parser = Parser(report or Report(PROGRAM), HANDLERS)
    parser.run(argv)
    return build(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a machine. The result is the exit status; errors are on stderr, in QEMU's words."""
    program, *arguments = sys.argv if argv is None else argv
    extras = os.environ.get(ENVIRONMENT)
    if extras:
        arguments = ["-x-qmpd", extras, *arguments]
    report = Report(os.path.basename(program))
    try:
        config = parse(arguments, report)
        from qmpd.server.entry import serve  # not before it is known that there is something to serve

        return serve(config)
    except StartupError as failure:
        if extras and failure.origin == f"-x-qmpd {extras}":  # nobody typed that
            failure.origin = f"{ENVIRONMENT}={extras}"
        report.startup_error(failure)
        return 1
    except StartupExit as end:
        return end.status
