from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qmpd.errors import QemuError
from qmpd.wire import reader
from qmpd.wire.lexer import Lexer
from qmpd.wire.limits import INCOMPLETE
from qmpd.wire.reader import JSONReader

JSON = st.recursive(
    st.one_of(
        st.sampled_from(
            [
                "true",
                "false",
                "null",
                "0",
                "-0",
                "1e3",
                "0.5",
                "-0.0",
                "1E400",
                "0.5e-3",
                "NaN",
                "-Infinity",
                "Infinity",
                "01",
                "0e1",
                "-0E1",
            ]
        ),
        st.integers(-(2**66), 2**66).map(str),
        st.text('ab\\"/nu00e9\t\x7f', max_size=8).map(lambda text: f'"{text}"'),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(
            lambda members: "{" + ",".join(f'"{key}": {value}' for key, value in members) + "}"
        ),
    ),
    max_leaves=8,
)
STREAMS = st.lists(
    st.one_of(
        JSON.map(lambda text: f'{{"execute": "x", "id": {text}}}'),
        JSON,
        st.sampled_from(["\n", " ", "@", "{", "}", ",", "'", '{"a":1,"a":2}', "{'a':1}", '{"a":1,}', '{"a":"é"}']),
    ),
    max_size=5,
).map(lambda parts: "".join(parts).encode())


def read(*chunks: bytes) -> list[str]:
    """The messages in ``chunks``, written so that 1, 1.0 and true differ."""
    source = JSONReader()
    found = []
    for chunk in chunks:
        source.feed(chunk)
        while (message := source.next_message()) is not INCOMPLETE:
            found.append(message.desc if isinstance(message, QemuError) else repr(message))
    return found


def read_exactly(data: bytes) -> list[str]:
    """The same without the quick way."""

    def doubt(text: str, start: int) -> object:
        raise ValueError(text, start)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_scan", doubt)
        return read(data)


@given(data=st.one_of(STREAMS, st.binary(max_size=80)))
@example(data=b'{"a":18446744073709551615}{"a":18446744073709551616}{"a":-9223372036854775809}')
@example(data=b'{"a":' + b"1" * 5000 + b"}")
@example(data=b'{"a":{"b":1,"b":2}}{"a":1}')
@example(data=b'{"a":' * 1025 + b"1" + b"}" * 1025)
@example(data=b'{"a":' * 1000 + b"1" + b"}" * 1000)
@example(data=b'{"a":"' + b"[" * 3000 + b'"}')
@example(data=b'{"a":"\x7f"}{"a":"\t"}{"a":"\\\'"}{"a":"\\u00e9"}{"a":"\\\\u"}')
def test_the_quick_way_reads_what_the_exact_one_reads(data: bytes) -> None:
    assert read(data) == read_exactly(data)


@given(data=STREAMS, cuts=st.lists(st.integers(0, 200), max_size=5))
def test_messages_do_not_depend_on_how_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert read(*[data[start:end] for start, end in pairwise(places)]) == read(data)


def test_plain_requests_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens: list[object] = []
    monkeypatch.setattr(Lexer, "next_token", lambda self: tokens.append(self))
    request = b'\n{"execute": "query-status", "arguments": {"a": ["b\\n", -1, true, null]}}\r\n'
    assert len(read(request, request * 3, request.strip() * 2)) == 6
    assert tokens == []


def test_after_a_doubt_the_next_chunk_is_read_quickly_again(monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[int] = []
    scan = reader._scan

    def counting(text: str, start: int) -> tuple[object, int]:
        scans.append(start)
        return scan(text, start)

    monkeypatch.setattr(reader, "_scan", counting)
    assert read(b"{'a':1}{'a':2}", b'{"a":3}{"a":4}') == [f"{{'a': {n}}}" for n in (1, 2, 3, 4)]
    assert scans == [0, 0, 7]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    source = JSONReader()
    for chunk in (b'{"a":1}{"a"', b"", b':2}{"a":3}'):
        source.feed(chunk)
    assert [source.next_message() for _ in range(4)] == [{"a": 1}, {"a": 2}, {"a": 3}, INCOMPLETE]


@pytest.mark.parametrize("begin", [b'{"a":"', b"[1", b"[z", b'["', b"{'a\\n"])
def test_a_long_token_in_small_pieces_is_not_read_again_and_again(begin: bytes) -> None:
    source = JSONReader()
    source.feed(begin)
    filler = (b"1" if begin == b"[1" else b"z") * 64

    def cost(pieces: int) -> float:
        start = time.process_time()
        for _ in range(pieces):
            source.feed(filler)
            assert source.next_message() is INCOMPLETE
        return time.process_time() - start

    first = cost(2_000)
    # Twenty times as much: linear work takes 20 times as long, quadratic work more than 400 times.
    assert cost(40_000) < 80 * first
