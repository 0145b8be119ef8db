"""The line to one client: what passes, in which pieces, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from qmpd import errors
from qmpd.errors import ErrorClass, QemuError
from qmpd.faults.fault import Deed, Fault, Occasion
from qmpd.wire.session import Kind, Session

if TYPE_CHECKING:
    from qmpd.faults.faults import Faults

_CONTROL: Final = "x-qmpd-"
"""Commands of ours are never disturbed, or no fault could be removed."""

_END: Final = None


class FaultyLine:
    """``qmpd.wire.session.Line`` that does as the rules say. What goes through keeps its order."""

    def __init__(self, faults: Faults, session: Session) -> None:
        self._faults = faults
        self._session = session
        self._queue: deque[bytes | Fault | None] = deque()
        self._blocked = False
        self._joined = b""
        self._join_ends: Callable[[], object] | None = None
        self._reply_fault: Fault | None = None
        self._undisturbed = False

    # What the session tells

    def ask(self, command: str) -> None:
        self._reply_fault = None
        self._undisturbed = command.startswith(_CONTROL)
        if self._undisturbed:
            return
        fault = self._faults.find(Occasion.REQUEST, command, self)
        if fault is not None:
            if fault.do is Deed.FAIL:
                raise QemuError(fault.desc, ErrorClass(fault.error_class))
            _DEEDS[fault.do](self, fault, b"")
            raise errors.faults.not_executed()
        fault = self._faults.find(Occasion.REPLY, command, self)
        if fault is not None and fault.do is Deed.DELAY and self._session.can_hold:
            self._session.hold()
            self._faults.wait(fault, self._release, self)
        else:
            self._reply_fault = fault

    def put(self, kind: Kind, data: bytes) -> None:
        fault = self._fault(kind)
        if fault is None:
            self._pass(data)
        else:
            _DEEDS[fault.do](self, fault, data)

    def _fault(self, kind: Kind) -> Fault | None:
        if kind is Kind.GREETING:
            fault = self._faults.find(Occasion.GREETING, "", self)
        elif kind is Kind.EVENT:
            fault = self._faults.event_fault(self)
        else:
            fault, self._reply_fault = self._reply_fault, None
            if self._undisturbed:
                self._undisturbed = False
                return None
        return fault or self._faults.find(Occasion.MESSAGE, "", self)

    # What goes through

    def _pass(self, item: bytes | Fault | None) -> None:
        """Bytes, a rule that holds up all that follows, or the end."""
        if self._session.closing:
            return
        if self._blocked:
            self._queue.append(item)
        elif item is _END:
            self._session.hang_up()
        elif isinstance(item, Fault):
            self._blocked = True
            self._faults.wait(item, self._unblock, self)
        else:
            self._session.collect(self._take_joined() + item)

    def _unblock(self) -> None:
        self._blocked = False
        items, self._queue = self._queue, deque()
        for item in items:
            self._pass(item)
        self._session.tell_owner()

    def _take_joined(self) -> bytes:
        if self._join_ends is not None:
            self._join_ends()
            self._join_ends = None
        joined, self._joined = self._joined, b""
        return joined

    # What may be done to it

    def _release(self) -> None:
        if self._session.holding:
            self._session.release()

    def _delay(self, fault: Fault, data: bytes) -> None:
        self._pass(fault)
        self._pass(data)

    def _drop(self, fault: Fault, data: bytes) -> None:
        pass

    def _insert(self, fault: Fault, data: bytes) -> None:
        if fault.message is None:
            self._pass((fault.text or "").encode("latin-1"))
        else:
            stamp = {"timestamp": self._faults.stamp()} if "event" in fault.message else {}
            self._pass(self._session.encode({**stamp, **fault.message}))
        self._pass(data)

    def _split(self, fault: Fault, data: bytes) -> None:
        self._pass(data[: fault.size])
        self._pass(fault._replace(delay=fault.delay or 0.0))
        self._pass(data[fault.size :])

    def _join(self, fault: Fault, data: bytes) -> None:
        if self._blocked:
            self._pass(data)
            return
        self._joined = self._take_joined() + data
        self._join_ends = self._faults.wait(fault, self._flush, self)

    def _flush(self) -> None:
        self._pass(b"")
        self._session.tell_owner()

    def _close(self, fault: Fault, data: bytes) -> None:
        self._pass(data[: fault.size])
        self._pass(_END)

    def _stall(self, fault: Fault, data: bytes) -> None:
        self._pass(data)
        self._session.stop_reading()
        self._faults.wait(fault, self._session.go_on, self)

    def _kill(self, fault: Fault, data: bytes) -> None:
        self._faults.kill(fault.signal)


_DEEDS: Final[dict[Deed, Callable[[FaultyLine, Fault, bytes], None]]] = {
    Deed.DELAY: FaultyLine._delay,
    Deed.DROP: FaultyLine._drop,
    Deed.INSERT: FaultyLine._insert,
    Deed.SPLIT: FaultyLine._split,
    Deed.JOIN: FaultyLine._join,
    Deed.CLOSE: FaultyLine._close,
    Deed.STALL: FaultyLine._stall,
    Deed.KILL: FaultyLine._kill,
}
