"""blkdebug's configuration files and options: what QEMU says of each, and that it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qmpd.host import this_host
from tests.conformance.runner import Conversation, qemu
from tests.conformance.transcript import Section

from .machines import Client

NONE = 'event = "none"\n'
INJECT = "[inject-error]\n"
STATE = "[set-state]\n"
IDENTIFIER = "Parameter 'id' expects an identifier"
NO_EVENT = "Missing event name for rule"
NO_GROUP = "no group defined"
NO_LIST = "Block protocol 'blkdebug' doesn't support the option"
NO_SUCH_FILE = "Could not read blkdebug config file: No such file or directory"
UNKNOWN_GROUP = "There is no option group 'x'"
UNMET = "Cannot meet constraints with"

CONFIGS = {
    "": "",
    "x": NO_GROUP,
    "[": NO_GROUP,
    "[]\n" + NONE: NO_GROUP,
    "  " + INJECT + NONE: NO_GROUP,
    "[inject-error\n" + NONE: "There is no option group 'inject-error\n'",
    "[x]\n": UNKNOWN_GROUP,
    "[x]\n" + INJECT + NONE: UNKNOWN_GROUP,
    INJECT + NONE + "[x]\n": UNKNOWN_GROUP,
    INJECT + NONE + "[x]\n" + STATE + NONE: UNKNOWN_GROUP,
    INJECT + "  \n" + NONE: "parse error",
    INJECT + NONE + "  ": "parse error",
    INJECT: NO_EVENT,
    "#c\n\n" + STATE: NO_EVENT,
    INJECT + STATE + NONE: NO_EVENT,
    STATE + INJECT + NONE: NO_EVENT,
    INJECT + "event\n": "invalid parameter value: ",
    INJECT + 'event="foo"\n': "Invalid parameter 'event=\"foo\"'",
    INJECT + 'event="none"\niotype="x"\n': "Invalid parameter 'iotype=\"x\"'",
    INJECT + NONE: "",
    INJECT + 'event = "none"': "",
    INJECT + 'event = "NONE"\n': "invalid parameter value: NONE",
    INJECT + NONE + 'event = "foo"\n': "invalid parameter value: foo",
    INJECT + 'EVENT = "none"\n': "Invalid parameter 'EVENT'",
    INJECT + NONE + 'a = "b\nc"\n': "Invalid parameter 'c\"'",
    INJECT + NONE + "zz\n" + STATE: "Invalid parameter 'zz'",
    INJECT + NONE + 'errno = "x"\n': "Parameter 'errno' expects a number",
    INJECT + NONE + f'errno = "{10**20 - 1}"\n': f"Value '{10**20 - 1}' is too large for parameter 'errno'",
    INJECT + NONE + 'errno = "-1"\n': "",
    INJECT + NONE + 'state = "0x1"\n': "",
    INJECT + NONE + 'sector = "1k"\n': "Parameter 'sector' expects a number",
    INJECT + NONE + 'iotype = "x"\n': "invalid parameter value: x",
    INJECT + NONE + 'iotype = ""\n': "invalid parameter value: ",
    INJECT + NONE + 'iotype = "read"\nonce = "on"\nimmediately = "off"\n': "",
    INJECT + NONE + 'once = "x"\n': "Parameter 'once' expects 'on' or 'off'",
    STATE + NONE: "",
    STATE + NONE + 'new_state = "5"\n': "",
    STATE + 'new_state = "q"\n' + INJECT + NONE: "Parameter 'new_state' expects a number",
    '[inject-error "a"]\n' + NONE + '[inject-error "a"]\n' + NONE: "Duplicate ID 'a' for inject-error",
    '[set-state "a"]\n' + NONE + 'id = "b"\n[set-state "a"]\n' + NONE: "",
    '[inject-error "1a"]\n' + NONE + STATE + NONE: IDENTIFIER,
}
OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"config": ""}, NO_SUCH_FILE),
    ({"config": "/nonexistent"}, NO_SUCH_FILE),
    ({"config": "/nonexistent", "image": "nobody"}, NO_SUCH_FILE),
    ({"config": "/tmp"}, "Cannot read config file: Is a directory"),
    ({"image": "nobody"}, "Cannot find device='nobody' nor node-name='nobody'"),
    ({"inject-error": []}, f"{NO_LIST} 'inject-error'"),
    ({"take-child-perms": []}, f"{NO_LIST} 'take-child-perms'"),
    ({"inject-error": [{"event": "l2_load", "iotype": "read", "errno": 5, "sector": -7, "once": True}]}, ""),
    ({"align": 0}, ""),
    ({"align": 512}, ""),
    ({"align": 513}, f"{UNMET} align 513"),
    ({"align": 1 << 31}, f"{UNMET} align 2147483648"),
    ({"align": -512}, "Value '-512' is out of range for parameter 'align'"),
    ({"align": 4096, "max-transfer": 512}, f"{UNMET} max-transfer 512"),
    ({"max-transfer": 7}, ""),
    ({"max-write-zero": 512, "opt-write-zero": 1024}, f"{UNMET} max-write-zero 512"),
    ({"max-discard": 512, "opt-discard": 1024}, f"{UNMET} max-discard 512"),
    ({"max-discard": -1}, "Value '-1' is out of range for parameter 'max-discard'"),
]


def additions(directory: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Arguments of blockdev-add, and the error they draw; none if they are right."""
    for number, (text, error) in enumerate(CONFIGS.items()):
        path = directory / f"{number}.cfg"
        path.write_text(text)
        yield {"config": str(path)}, error
    yield from OPTIONS


def blkdebug(options: dict[str, Any]) -> dict[str, Any]:
    return {"driver": "blkdebug", "node-name": "node", "image": {"driver": "null-co"}, **options}


def test_options_and_configuration_are_held_to_qemus_rules(tmp_path: Path) -> None:
    client = Client("-machine none", host=this_host())
    for options, error in additions(tmp_path):
        if error:
            assert client.refusal("blockdev-add", **blkdebug(options)) == error
        else:
            client.ask("blockdev-add", **blkdebug(options))
            client.ask("blockdev-del", **{"node-name": "node"})
    assert client.ask("query-named-block-nodes") == []


@pytest.mark.usefixtures("qemu")
def test_qemu_has_these_rules(tmp_path: Path) -> None:
    with qemu(Section((), {"args": "-machine none"})) as endpoint:
        conversation = Conversation(endpoint)
        conversation.negotiate()

        def ask(command: str, arguments: dict[str, Any]) -> Any:
            return json.loads(conversation.ask(json.dumps({"execute": command, "arguments": arguments}).encode())[0])

        for options, error in additions(tmp_path):
            answer = ask("blockdev-add", blkdebug(options))
            assert answer.get("error", {}).get("desc", "") == error, options
            if not error:
                assert ask("blockdev-del", {"node-name": "node"}) == {"return": {}}
