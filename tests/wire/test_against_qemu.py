"""The same bytes to a real QEMU and to a session, and the same replies from both."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .monitor import Monitor
from .qemu import Peer, require_qemu, running_qemu
from .tables import rows, value_rows

EXCHANGES = 200
NEGOTIATE = b'{"execute":"qmp_capabilities","id":"negotiated"}'
NEGOTIATED = b'{"return": {}, "id": "negotiated"}\r\n'

# Bytes that mean something to the lexer or to the grammar, alone or in a certain company.
ATOMS = (
    [bytes([byte]) for byte in b"{}[]:,\"'\\0-1.eE+ \n\t\rAz%/\x00\x01\x7f\x80\xfe\xff"]
    + [b'"a"', b"'b'", b'"id"', b'"execute"', b'"exec-oob"', b'"query-name"', b'"arguments"', b'"x":1', b'"y":[']
    + [b"true", b"false", b"null", b"12", b"1.5", b"-1", b"1e3", b"-0", b"-0.0", b"0.1", b"1e400"]
    + [b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809"]
    + [b"\\u", b"\\u0041", b'"\\ud834\\udd1e"', b'"\\ud834"', b'\\u12"', b'\\"', b"\\'", b"\\n"]
    + [b"\xc3\xa9", b"\xc0\x80", b"\xf0\x9d\x84\x9e", b"\xed\xa0\x80", b"\xef\xbf\xbe", b"\xe0\xa0", b"\xfc\x84\x80"]
)
STRINGS = [
    b"x",
    b"\\n",
    b"\\u00e9",
    b"\xe2\x82\xac",
    b"\\\\",
    b"'",
    b"\\ud83d\\ude00",
    b"\x7f",
    b"\xc0\x80",
    b"\\u0000",
]


def random_bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 40))


def random_atoms(chance: random.Random) -> bytes:
    return b"".join(chance.choices(ATOMS, k=chance.randrange(1, 14)))


def random_value(chance: random.Random, depth: int = 0) -> bytes:
    kinds = ["word", "integer", "number", "string"] + (["list", "object"] * 2 if depth < 4 else [])
    match chance.choice(kinds):
        case "word":
            return chance.choice([b"true", b"false", b"null"])
        case "integer":
            return b"%d" % chance.randrange(-(2 ** chance.randrange(1, 67)), 2 ** chance.randrange(1, 67))
        case "number":
            return repr(chance.uniform(-1, 1) * 10.0 ** chance.randrange(-310, 308)).encode()
        case "string":
            return b'"' + b"".join(chance.choices(STRINGS, k=chance.randrange(6))) + b'"'
        case "list":
            return b"[" + b",".join(random_value(chance, depth + 1) for _ in range(chance.randrange(4))) + b"]"
        case _:
            members = [
                b'"k%d": %b' % (chance.randrange(600), random_value(chance, depth + 1))
                for _ in range(chance.randrange(5))
            ]
            return b"{" + b", ".join(members) + b"}"


def random_request(chance: random.Random) -> bytes:
    return b'{"execute":"query-name","id":' + random_value(chance) + b"}"


def broken_request(chance: random.Random) -> bytes:
    request = bytearray(random_request(chance))
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(request) + 1)
        request[start : start + chance.randrange(3)] = chance.choice([b"", *ATOMS])
    return bytes(request)


@pytest.fixture(scope="module")
def qemu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    require_qemu()
    with running_qemu(tmp_path_factory.mktemp("qemu")) as peer:
        peer.exchange(NEGOTIATE, NEGOTIATED)
        yield peer


def resynchronise(number: int) -> tuple[bytes, bytes]:
    """Bytes that end whatever was begun, and the last line of the answer."""
    request = b'\xff\n{"execute":"query-name","id":"resync %d"}' % number
    return request, b'{"return": {}, "id": "resync %d"}\r\n' % number


@pytest.mark.parametrize("invent", [random_bytes, random_atoms, random_request, broken_request])
def test_random_input_gets_the_same_replies(qemu: Peer, invent: Callable[[random.Random], bytes]) -> None:
    chance = random.Random(invent.__name__)
    monitor = Monitor([])
    for number in range(EXCHANGES // 4):
        sent = invent(chance)
        resync, last = resynchronise(number)
        assert monitor.send(sent) + monitor.send(resync) == qemu.exchange(sent + resync, last), sent


def test_the_tables_are_what_qemu_answers(qemu: Peer) -> None:
    values = [*value_rows("strings"), *value_rows("numbers"), *value_rows("containers")]
    for number, case in enumerate([*values, *rows("messages"), *rows("requests")]):
        sent, replies = case.values
        resync, last = resynchronise(number)
        assert qemu.exchange(sent + resync, last)[: len(replies)] == replies, sent


def test_pretty_messages_are_laid_out_as_by_qemu(tmp_path: Path) -> None:
    require_qemu()
    chance = random.Random("pretty")
    requests = [b'{"execute":"query-name","id":%b}' % random_value(chance) for _ in range(50)]
    sent = b"".join([NEGOTIATE, *requests, b'{"execute":"query-nam","id":"last"}'])
    with running_qemu(tmp_path, pretty=True) as peer:
        lines = peer.exchange(sent, b'        "desc": "The command query-nam has not been found"\r\n')
    monitor = Monitor(pretty=True)
    monitor.session.greet()
    greeting = monitor.replies()
    assert greeting[0] == peer.greeting
    ours = monitor.send(sent)
    assert ours[: len(ours) - 2] == lines[len(greeting) - 1 :]
