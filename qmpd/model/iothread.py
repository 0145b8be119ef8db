"""iothread: a thread for devices to do their work in. Here it only has its properties (iothread.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qmpd.model.qom import INT, attribute
from qmpd.model.user_object import UserObject

if TYPE_CHECKING:
    from qmpd.model.machine import Machine


class Iothread(UserObject):
    """A thread that never runs. Times are nanoseconds."""

    type_name = "iothread"
    own_properties = (
        attribute("aio-max-batch", INT, type="int"),
        attribute("thread-pool-max", INT, type="int"),
        attribute("thread-pool-min", INT, type="int"),
        attribute("poll-grow", INT, type="int"),
        attribute("poll-max-ns", INT, type="int"),
        attribute("poll-shrink", INT, type="int"),
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
