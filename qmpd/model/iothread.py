"""iothread: a thread for devices to do their work in. Here it only has its properties (iothread.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd import errors
from qmpd.model.qom import INT, Property
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


_LARGEST = (1 << 63) - 1


def _limit(name: str) -> Property:
    """A number from 0 to the largest that 64 bits hold with a sign."""
    field = name.replace("-", "_")

    def set_it(iothread: Iothread, value: object, typed: bool) -> None:
        number = INT.read(value, name, typed)
        if number < 0:
            raise errors.iothread_value_out_of_range(name, _LARGEST)
        setattr(iothread, field, number)

    return Property(name, "int", lambda iothread: getattr(iothread, field), set_it)


class Iothread(UserObject):
    """A thread that never runs. Times are nanoseconds."""

    type_name = "iothread"
    own_properties = (
        _limit("thread-pool-min"),
        _limit("aio-max-batch"),
        _limit("thread-pool-max"),
        _limit("poll-max-ns"),
        _limit("poll-grow"),
        _limit("poll-shrink"),
    )

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.poll_max_ns = 32768
        self.poll_grow = self.poll_shrink = self.aio_max_batch = 0
        self.thread_pool_min, self.thread_pool_max = 0, 64

    def info(self) -> dict[str, Any]:
        """The entry in ``query-iothreads``, less the thread's number."""
        return {
            "id": self.name,
            "poll-max-ns": self.poll_max_ns,
            "poll-grow": self.poll_grow,
            "poll-shrink": self.poll_shrink,
            "aio-max-batch": self.aio_max_batch,
        }
