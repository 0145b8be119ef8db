"""The way in: what asyncio takes along is loaded when it is needed, and then works."""

from __future__ import annotations

import subprocess
import sys

import pytest

_IMPORT = (
    "import sys; from qmpd.server.entry import _import_asyncio; _import_asyncio(); "
    "import asyncio, concurrent.futures, logging\n"
)


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _IMPORT + code], capture_output=True, text=True, check=True)


def test_nothing_of_it_is_loaded_with_asyncio() -> None:
    unwanted = {"string", "_strptime", "concurrent.futures._base", "_ssl", "dis"}

    assert _run(f"print({unwanted!r} & set(sys.modules) or 'none')").stdout == "none\n"


def test_asyncio_says_what_went_wrong_in_a_callback() -> None:
    said = _run(
        "async def main():\n"
        "    asyncio.get_running_loop().call_soon(lambda: 1 / 0)\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(main())"
    ).stderr

    assert said.startswith("Exception in callback main.<locals>.<lambda>()")
    assert said.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("print(asyncio.run(asyncio.to_thread(lambda: 42)))", "42\n"),
        ("print(concurrent.futures.wait([], return_when=asyncio.ALL_COMPLETED).done)", "set()\n"),
        ("print(logging.getLogger('x').name, logging.WARNING)", "x 30\n"),
        ("print(asyncio.run(asyncio.wait_for(asyncio.sleep(0, 7), 1)))", "7\n"),
    ],
)
def test_what_is_asked_for_is_there(code: str, printed: str) -> None:
    assert _run(code).stdout == printed


def test_who_logs_is_heard() -> None:
    assert _run("logging.getLogger('asyncio').error('spoken %s', 1)").stderr == "spoken 1\n"
