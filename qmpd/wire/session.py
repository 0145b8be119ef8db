"""One client of one QMP monitor, without I/O: from the greeting to the end.

The owner moves bytes: what the client sent goes into ``receive_data``, what ``data_to_send`` returns goes to the
client. In between, requests are executed at once and in order by calling ``dispatch``; when a call returns, so has
everything that the session will do until the owner calls again.

A session goes through these phases, and ``_PHASES`` says what each allows::

    NEGOTIATION --negotiate()--> COMMANDS
         |                          |
         +--- end of input, close_after_reply() ---> CLOSING

Apart from that it may have to wait, in COMMANDS or before, and then reads no requests for the time being:

* *paused*: the client does not take its replies (``pause_output``), or so many were collected in one go that the
  owner should send them first (``stalled``);
* *busy*: a request has been executed, but its reply is kept back (``hold``). Without out-of-band execution the session
  reads nothing while it is busy. With it, up to 8 more requests are queued, and out-of-band ones overtake them;
* *blocked*: a command waits for something outside, and every other with it (``block``). This is as *busy*, for all
  sessions at once; the command itself is run again in the end;
* *stopped*: somebody wants it to look as if it hung (``stop_reading``).

The rules are those of monitor/qmp.c and qapi/qmp-dispatch.c. What commands exist is not known here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, Protocol

from qmpd import errors
from qmpd.errors import NotYet, QemuError
from qmpd.event import Event
from qmpd.hashorder import qdict_order
from qmpd.named import NamedTuple
from qmpd.wire.encode import encode_message
from qmpd.wire.limits import INCOMPLETE
from qmpd.wire.reader import JSONReader

QUEUE_MAX: Final = 8  # requests waiting behind the one being executed, with out-of-band execution enabled
OUTPUT_MAX: Final = 256 << 10  # bytes collected before the owner has to send them; one reply may go beyond
CAPABILITIES: Final = ("oob",)

Request = dict[str, Any]
Dispatch = Callable[[str, dict[str, Any] | None, bool], Any]
"""(command's name, its arguments if any, whether out of band) -> the value to return; raises ``QemuError``."""
OnFault = Callable[[Exception, Request], None]
OnRequest = Callable[[Request], Callable[[QemuError | None], None]]
"""Called with each request object before it is looked at; what it returns is called with the outcome."""


class Phase(Enum):
    NEGOTIATION = auto()
    COMMANDS = auto()
    CLOSING = auto()


class Kind(Enum):
    """What a message to the client is."""

    GREETING = auto()
    REPLY = auto()
    EVENT = auto()


class Line(Protocol):
    """What may stand between a session and its client, to disturb them."""

    def ask(self, command: str) -> None:
        """A command is about to be executed. Raises QemuError to prevent that."""

    def put(self, kind: Kind, data: bytes) -> None:
        """Take a message for the client; ``Session.collect`` sends it."""


class _Rules(NamedTuple):
    """``only``: the one command there is, or ``None`` for all. ``requests``, ``events``: whether there are any."""

    requests: bool
    events: bool
    only: str | None = None


_PHASES = {
    Phase.NEGOTIATION: _Rules(requests=True, events=False, only="qmp_capabilities"),
    Phase.COMMANDS: _Rules(requests=True, events=True),
    Phase.CLOSING: _Rules(requests=False, events=False),
}


class Session:
    """The state of one connection. Not reentrant, but for the methods named under "for dispatch".

    :param version: the value of ``query-version``, for the greeting; members in the order QEMU fills them in.
    :param on_fault: told about an exception of ``dispatch`` that is no ``QemuError``, with the request.
    :param on_request: told about each request object and its outcome.

    ``on_output`` is called when there is something to send, or the session closes, for another reason than a call of
    the owner's: an event, or the end of the machine.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        version: dict[str, Any],
        *,
        pretty: bool = False,
        on_fault: OnFault | None = None,
        on_request: OnRequest | None = None,
    ) -> None:
        self.on_fault = on_fault
        self.on_request = on_request
        self.on_output: Callable[[], None] | None = None
        self.descriptors: Any = None  # luggage of the owner's, which commands may look into
        self.oob_enabled = False
        self.line: Line | None = None
        self._dispatch = dispatch
        self._version = version
        self._pretty = pretty
        self._enter(Phase.NEGOTIATION)
        self._reader = JSONReader()
        self._queue: deque[object] = deque()
        self._output: list[bytes] = []
        self._output_size = 0
        self._paused = False
        self._stopped = False
        self._stalled = False
        self._eof = False
        self._executing: Request | None = None
        self._close_requested = False
        self._hold_requested = False
        self._held_reply: bytes | None = None
        self._blocked = False
        self._interrupted: Request | None = None

    # For the owner of the connection

    def greet(self) -> None:
        """Say hello; to be called first, once."""
        self._send({"QMP": {"version": self._version, "capabilities": list(CAPABILITIES)}}, Kind.GREETING)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the client, execute what is complete. Any bytes are legal at any time."""
        self._reader.feed(data)
        self._proceed()

    def receive_eof(self) -> None:
        """The client will send no more.

        Without out-of-band execution everything received is still executed and answered. With it, requests that
        wait are dropped, as is in any case a message that is not complete.
        """
        self._eof = True
        if self.oob_enabled:
            self._close()
        else:
            self._proceed()

    def data_to_send(self) -> bytes:
        """What is to be sent to the client; each byte is returned once."""
        data = b"".join(self._output)
        self._output.clear()
        self._output_size = 0
        return data

    def pause_output(self) -> None:
        """The client does not take its replies: execute nothing more for it. Events are still collected."""
        self._paused = True

    def resume_output(self) -> None:
        """Go on after ``pause_output``, or after ``stalled`` when the output has been taken."""
        self._paused = False
        self._proceed()

    @property
    def stalled(self) -> bool:
        """Whether requests wait only because much was said in one go. Send it, then call ``resume_output``."""
        return self._stalled and not self._paused and self._rules.requests

    @property
    def wants_input(self) -> bool:
        """Whether to read from the client. If not, what arrives nevertheless is kept, without a bound."""
        return not self._eof and not self._stalled and self._may_read()

    @property
    def negotiated(self) -> bool:
        return self._rules.events

    @property
    def closing(self) -> bool:
        """Whether nothing more will happen: send what there is to send, then close the connection."""
        return self._phase is Phase.CLOSING

    # For dispatch, and for whatever else happens in the machine

    def emit(self, event: Event) -> None:
        """Report an event, if the client has negotiated; it comes before the reply to a request being executed."""
        if not self._rules.events:
            return
        message: dict[str, Any] = {
            "timestamp": {"seconds": event.seconds, "microseconds": event.microseconds},
            "event": event.name,
        }
        if event.data is not None:
            message["data"] = event.data
        self._send(message, Kind.EVENT)
        self.tell_owner()

    def negotiate(self, enable: list[str]) -> None:
        """Carry out ``qmp_capabilities``; ``enable`` has only names out of ``CAPABILITIES``.

        :raises QemuError: if that has been done before.
        """
        if self.negotiated:
            raise errors.qmp.qmp_already_negotiated()
        self.oob_enabled = "oob" in enable
        self._enter(Phase.COMMANDS)

    def close_after_reply(self) -> None:
        """The machine ends: answer the request being executed, if there is one, and nothing after it."""
        if self._executing is not None:
            self._close_requested = True
        else:
            self._close()
            self.tell_owner()

    @property
    def can_hold(self) -> bool:
        return self._executing is not None and not _is_out_of_band(self._executing)

    def abandon(self) -> None:
        """The machine dies: nothing is answered any more, not even the request being executed."""
        self._close()
        self.tell_owner()

    def hold(self) -> None:
        """Keep back the reply to the in-band request being executed, until ``release``.

        :raises RuntimeError: if no in-band request is being executed.
        """
        if not self.can_hold:
            raise RuntimeError("only the reply to an in-band request being executed can be held back")
        self._hold_requested = True

    def release(self) -> None:
        """Send the reply that was held back, and go on.

        :raises RuntimeError: if there is none.
        """
        if self._held_reply is None:
            raise RuntimeError("no reply is being held back")
        reply, self._held_reply = self._held_reply, None
        self._put(reply)
        self._proceed()
        self.tell_owner()

    @property
    def interrupted(self) -> bool:
        """Whether a command of this session is the one that waits."""
        return self._interrupted is not None

    def block(self) -> None:
        """Execute nothing more in band until ``unblock``."""
        self._blocked = True

    def unblock(self) -> None:
        self._blocked = False
        if self._interrupted is not None:
            self._execute(self._interrupted)
        self._proceed()
        self.tell_owner()

    # For the line, which disturbs

    def encode(self, message: dict[str, Any]) -> bytes:
        """A message of somebody else's as this client reads it."""
        return encode_message(message, self._pretty)

    def collect(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._output.append(data)
        self._output_size += len(data)

    def stop_reading(self) -> None:
        """Execute and read nothing more until ``go_on``."""
        self._stopped = True

    def go_on(self) -> None:
        self._stopped = False
        self._proceed()
        self.tell_owner()

    def hang_up(self) -> None:
        """Close the connection behind what has been collected; the request being executed gets no reply."""
        self._close()

    @property
    def holding(self) -> bool:
        """Whether a reply is being held back."""
        return self._held_reply is not None

    def tell_owner(self) -> None:
        """Something has been collected for another reason than a call of the owner's."""
        # While a request is executed the owner is in the middle of a call, and looks at the output after it.
        if self.on_output is not None and self._executing is None:
            self.on_output()

    # From bytes to requests

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._rules = _PHASES[phase]

    def _close(self) -> None:
        self._enter(Phase.CLOSING)
        self._queue.clear()
        self._held_reply = None

    def _may_read(self) -> bool:
        if self._paused or self._stopped or self._output_size >= OUTPUT_MAX or not self._rules.requests:
            return False
        return not self._busy or (self.oob_enabled and len(self._queue) < QUEUE_MAX)

    @property
    def _busy(self) -> bool:
        return self._blocked or self._held_reply is not None

    def _proceed(self) -> None:
        """Execute whatever may be executed now."""
        if self._executing is not None:  # called from within dispatch: its reply comes first
            return
        self._stalled = False
        while self._may_read():
            busy = self._busy
            message = self._queue.popleft() if self._queue and not busy else self._reader.next_message()
            if message is INCOMPLETE:
                if self._eof and not busy:
                    self._close()
                return
            if busy and not _is_out_of_band(message):
                self._queue.append(message)
            else:
                self._answer(message)
        self._stalled = self._output_size >= OUTPUT_MAX

    # From requests to replies

    def _answer(self, message: object) -> None:
        if isinstance(message, dict):
            self._execute(message)
        elif isinstance(message, QemuError):
            self._send(_error_body(message), Kind.REPLY)
        else:
            self._send(_error_body(errors.qmp.qmp_not_an_object()), Kind.REPLY)

    def _execute(self, request: Request) -> None:
        finished = None if self.on_request is None else self.on_request(request)
        error: QemuError | None = None
        self._executing = request
        try:
            reply = self._encode_reply({"return": self._perform(request)}, request)
        except NotYet:
            self._interrupted = request
            return
        except QemuError as refusal:
            error = refusal
        except Exception as fault:  # whatever went wrong inside, it concerns this one request only
            error = errors.internal_fault()
            if self.on_fault is not None:
                self.on_fault(fault, request)
        finally:
            self._executing = None
        if error is not None:
            reply = self._encode_reply(_error_body(error), request)
        if request is self._interrupted:
            self._interrupted = None
        self._finish(reply)
        if finished is not None:
            finished(error)

    def _finish(self, reply: bytes) -> None:
        if self._phase is Phase.CLOSING:
            return
        if self._hold_requested:
            self._hold_requested = False
            self._held_reply = reply
        else:
            self._put(reply)

    def _perform(self, request: Request) -> Any:
        """Check the request's members, then call the command; in QEMU's order of checks."""
        name = request.get("execute")
        # The usual request needs no order of checks: nothing is wrong with it.
        if type(name) is not str or not request.keys() <= _MEMBERS or type(request.get("arguments", _NONE)) is not dict:
            name = request[_check_members(request, self.oob_enabled)]
        only = self._rules.only
        if only is not None and name != only:
            raise errors.qmp.qmp_expecting_negotiation()
        if self.line is not None and request is not self._interrupted:
            self.line.ask(name)
        return self._dispatch(name, request.get("arguments"), _is_out_of_band(request))

    # From replies to bytes

    def _encode_reply(self, reply: dict[str, Any], request: Request) -> bytes:
        if "id" in request:
            reply["id"] = request["id"]
        return encode_message(reply, self._pretty)

    def _send(self, message: dict[str, Any], kind: Kind) -> None:
        data = encode_message(message, self._pretty)
        if self.line is None:
            self.collect(data)
        else:
            self.line.put(kind, data)

    def _put(self, reply: bytes) -> None:
        """A reply is complete; it may be the last one."""
        if self.line is None:
            self.collect(reply)
        else:
            self.line.put(Kind.REPLY, reply)
        if self._close_requested:
            self._close()


_MEMBERS: Final = frozenset({"execute", "arguments", "id"})
_NONE: Final[dict[str, Any]] = {}


def _is_out_of_band(message: object) -> bool:
    """Whether the message overtakes; whether it may be executed is another question."""
    return isinstance(message, dict) and "exec-oob" in message and "execute" not in message


def _error_body(error: QemuError) -> dict[str, Any]:
    return {"error": {"class": error.error_class, "desc": error.desc}}


def _check_members(request: Request, allow_oob: bool) -> str:
    """The member that names the command: ``execute`` or, if allowed, ``exec-oob``.

    :raises QemuError: for the first complaint in the order of QEMU's hash.
    """
    found = ""
    for member in qdict_order(request):
        value = request[member]
        if member == "execute" or (member == "exec-oob" and allow_oob):
            if not isinstance(value, str):
                raise errors.qmp.qmp_member_type(member, "a string")
            if found:
                raise errors.qmp.qmp_member_clash(member, found)
            found = member
        elif member == "arguments":
            if not isinstance(value, dict):
                raise errors.qmp.qmp_member_type(member, "an object")
        elif member != "id":
            raise errors.qmp.qmp_member_unexpected(member)
    if not found:
        raise errors.qmp.qmp_lacks_execute()
    return found
