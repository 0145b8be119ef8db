"""iothread and main-loop: threads for devices to do their work in. Here they only have their properties.

The sources are iothread.c, event-loop-base.c and util/main-loop.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import INT, Property
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


_LARGEST = (1 << 63) - 1
_LARGEST_POOL = (1 << 31) - 1


def _limit(name: str) -> Property:
    """A number from 0 to the largest that 64 bits hold with a sign."""
    field = name.replace("-", "_")

    def set_it(loop: EventLoop, value: object, typed: bool) -> None:
        number = INT.read(value, name, typed)
        if number < 0:
            raise errors.machine.iothread_value_out_of_range(name, _LARGEST)
        setattr(loop, field, number)

    return Property(name, "int", lambda loop: getattr(loop, field), set_it)


def _pool_limit(name: str) -> Property:
    """The number takes effect at once, with all that the pool was told, and stays even if that makes no sense."""
    plain = _limit(name)

    def set_it(loop: EventLoop, value: object, typed: bool) -> None:
        assert plain.set is not None
        plain.set(loop, value, typed)
        if loop.runs:
            loop.check_pool()

    return Property(name, plain.type, plain.get, set_it)


class EventLoop(UserObject):
    """What both have: the size of a pool of helpers."""

    type_name = "event-loop-base"
    own_properties = (_pool_limit("thread-pool-min"), _pool_limit("aio-max-batch"), _pool_limit("thread-pool-max"))

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.runs = False
        self.aio_max_batch = 0
        self.thread_pool_min, self.thread_pool_max = 0, 64

    def complete(self) -> None:
        self.check_pool()
        self.runs = True

    def check_pool(self) -> None:
        if not self.thread_pool_min <= self.thread_pool_max <= _LARGEST_POOL or not self.thread_pool_max:
            raise errors.user_objects.thread_pool_limits_invalid()


class MainLoop(EventLoop):
    """The loop that the rest of QEMU runs in; there is one, and it stays."""

    type_name = "main-loop"

    def complete(self) -> None:
        if any(isinstance(other, MainLoop) and other is not self for other in self.machine.objects.children()):
            raise errors.user_objects.main_loop_taken()
        super().complete()

    @property
    def in_use(self) -> bool:
        return True


class Iothread(EventLoop):
    """A thread that never runs. Times are nanoseconds."""

    type_name = "iothread"
    own_properties = (_limit("poll-max-ns"), _limit("poll-grow"), _limit("poll-shrink"))

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.poll_max_ns = 32768
        self.poll_grow = self.poll_shrink = 0
        self.thread_id = 0

    def complete(self) -> None:
        super().complete()
        self.thread_id = self.machine.host.threads.start(f"IO {self.name}")

    def unparent(self) -> None:
        super().unparent()
        if self.thread_id:
            self.machine.host.threads.end(self.thread_id)

    def info(self) -> dict[str, Any]:
        """The entry in ``query-iothreads``."""
        return {
            "id": self.name,
            "thread-id": self.thread_id,
            "poll-max-ns": self.poll_max_ns,
            "poll-grow": self.poll_grow,
            "poll-shrink": self.poll_shrink,
            "aio-max-batch": self.aio_max_batch,
        }
