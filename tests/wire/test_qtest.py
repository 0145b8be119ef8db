"""The test protocol as bytes."""

from __future__ import annotations

import pytest

from qmpd.wire.qtest import READ_MAX, QtestSession

DEVICE = "/machine/unattached/device[0]"


def session(clocked: bool = True) -> QtestSession:
    return QtestSession(lambda path: path.startswith(DEVICE), clocked=clocked)


def said(session: QtestSession, data: bytes) -> bytes:
    session.receive_data(data)
    return session.data_to_send()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("", "FAIL Unknown command ''"),
        ("nosuch 1", "FAIL Unknown command 'nosuch'"),
        ("irq_intercept_in /nosuch", "FAIL Unknown device"),
        ("irq_intercept_out /nosuch name", "FAIL Unknown device"),
        (f"irq_intercept_in {DEVICE} name", "FAIL Interception of named in-GPIOs not yet supported"),
        ("set_irq_in /nosuch unnamed-gpio-in 0 1", "FAIL Unknown device"),
        ("outb 1", "FAIL qmpd cannot read 'outb 1'"),
        ("inb 0x10000", "FAIL qmpd cannot read 'inb 0x10000'"),
        ("readl 0x10000000000000000", "FAIL qmpd cannot read 'readl 0x10000000000000000'"),
        ("writeb -1 0", "FAIL qmpd cannot read 'writeb -1 0'"),
        (f"read 0 {READ_MAX + 1}", f"FAIL qmpd reads at most {READ_MAX} bytes"),
        ("clock_step", "FAIL cannot advance clock to the next deadline because there is no pending deadline"),
        ("clock_step 0", "FAIL could not advance time"),
        ("endianness", "OK little"),
        (f"irq_intercept_out {DEVICE} name", "OK"),
        ("outb 0x70 010", "OK"),
        ("inl 0xcf8", "OK 0x0000"),
        ("writeq 0x1000 0xffffffffffffffff", "OK"),
        ("readb 0x1000", "OK 0x0000000000000000"),
        ("read 0 3", "OK 0x000000"),
        ("b64read 0 4", "OK AAAAAA=="),
        ("memset 0 16 0xff", "OK"),
        ("write 0 1 0xff", "OK"),
    ],
)
def test_an_answer(line: str, answer: str) -> None:
    assert said(session(), f"{line}\n".encode()) == f"{answer}\n".encode()


def test_the_clock_goes_forward_only() -> None:
    clock = session()
    assert said(clock, b"clock_step 100\nclock_set 500\n") == b"OK 100\nOK 500\n"
    assert said(clock, b"clock_set 400\nclock_step 1\n") == b"FAIL 500\nOK 501\n"


def test_another_accelerator_has_no_clock_to_step() -> None:
    assert said(session(clocked=False), b"clock_step 1\n") == b"FAIL Unknown command 'clock_step'\n"


def test_only_one_device_is_intercepted() -> None:
    client = session()
    assert said(client, f"irq_intercept_in {DEVICE}\nirq_intercept_out {DEVICE}\n".encode()) == b"OK\nOK\n"
    assert said(client, f"irq_intercept_in {DEVICE}/child\n".encode()) == b"FAIL IRQ intercept already enabled\n"


def test_a_line_may_come_in_pieces() -> None:
    client = session()
    assert said(client, b"endian") == b""
    assert said(client, b"ness\nend") == b"OK little\n"
    client.receive_eof()
    assert client.closing
