"""Linux's virtio-mem driver: it follows the requested size, block by block, and tries again where it has to give up.

Linux takes memory in blocks of 128 MiB. If the device's blocks are smaller, the driver can plug a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qmpd.guest.behaviour import Deed, Occasion, Rule
from qmpd.guest.kernel import Kernel
from qmpd.guest.pace import Timer
from qmpd.guest.slots import BLOCK
from qmpd.named import NamedTuple

if TYPE_CHECKING:
    from qmpd.guest.ports import ResizableMemory

SMALLEST_PART = 2 << 20
"""The least that Linux gives back, in bytes."""
OFFLINE_LIMIT = 1 << 30
"""The driver adds no more than so many bytes that nobody has put to use yet."""
FIRST_RETRY, LAST_RETRY = 50.0, 300.0
"""Seconds after which the driver tries again what it could not do; each time twice as many, up to the last."""


class Step(NamedTuple):
    """``parts`` parts of a block, from the part ``first`` on."""

    block: int
    first: int
    parts: int


class Followed:
    """A device that the driver follows. ``plugged`` has a bit for each part of each block."""

    def __init__(self, memory: ResizableMemory) -> None:
        self.memory = memory
        self.part = max(memory.block_size, SMALLEST_PART)
        self.block = max(self.part, BLOCK)
        self.parts = self.block // self.part
        self.full = (1 << self.parts) - 1
        self.origin = -memory.start % self.block
        self.plugged = [0] * ((memory.length - self.origin) // self.block)
        self.offline: set[int] = set()
        self.retry = FIRST_RETRY
        self.timer: Timer | None = None
        self.rule = Rule(Occasion.VIRTIO_MEM_GROW)
        self.steps: Iterator[Step] = iter(())
        self.state = "idle"
        self.blocked = False
        self.wants_look = False
        """Whether there was another wish while the device was blocked."""

    def pinned(self, floor: tuple[int, ...]) -> dict[int, int]:
        """The parts of each block that cannot be unplugged: ``floor`` holds bytes per block, what exceeds carries."""
        pinned, carried = {}, 0
        for number in range(len(self.plugged)):
            carried += floor[number] if number < len(floor) else 0
            if carried <= 0 and number >= len(floor):
                break
            held = min(carried, self.block)
            pinned[number] = (1 << -(-held // self.part)) - 1
            carried -= held
        return pinned

    def growth(self, parts: int) -> Iterator[Step]:
        """How Linux adds so many parts: it completes what is begun, then begins anew."""
        for number, plugged in enumerate(self.plugged):
            while parts and plugged and plugged != self.full:
                first = (~plugged & (plugged + 1)).bit_length() - 1
                count = min(_length_of_gap(plugged, first, self.parts), parts)
                yield Step(number, first, count)
                plugged = self.plugged[number]
                parts -= count
        for number, plugged in enumerate(self.plugged):
            if not parts or (len(self.offline) + 1) * self.block > max(OFFLINE_LIMIT, 2 * self.block):
                return
            if not plugged:
                count = min(parts, self.parts)
                yield Step(number, 0, count)
                parts -= count

    def shrinkage(self, parts: int, floor: tuple[int, ...]) -> Iterator[Step]:
        """How Linux removes so many parts: what is begun first, from the end; whole blocks where it can."""
        pinned = self.pinned(floor)
        partial = [number for number, plugged in enumerate(self.plugged) if 0 < plugged < self.full]
        whole = [number for number, plugged in enumerate(self.plugged) if plugged == self.full]
        for number in (*reversed(partial), *reversed(whole)):
            kept = pinned.get(number, 0)
            if self.plugged[number] == self.full and parts >= self.parts and not kept:
                yield Step(number, 0, self.parts)
                parts -= self.parts
                continue
            for part in reversed(range(self.parts if self.parts > 1 else 0)):
                if not parts:
                    return
                if self.plugged[number] >> part & 1 and not kept >> part & 1:
                    yield Step(number, part, 1)
                    parts -= 1


def _length_of_gap(plugged: int, first: int, parts: int) -> int:
    end = first
    while end < parts and not plugged >> end & 1:
        end += 1
    return end - first


class MemoryDriver:
    """It follows the devices that it knows of, each at its own pace."""

    def __init__(self, kernel: Kernel) -> None:
        platform, self._time, self._queue, self._conduct, self._crash = kernel
        self._platform = platform.pci
        self._queue.memory_freed = self._memory_freed
        self.followed: dict[str, Followed] = {}

    # Which devices

    def add(self, name: str) -> None:
        """Follow a device of that name, if it is one. Memory that somebody else has plugged puts the driver off."""
        memory = next((memory for memory in self._platform.resizable_memory() if memory.label == name), None)
        if memory is not None and not memory.size:
            self.followed[name] = Followed(memory)
            self._look(self.followed[name])

    def remove(self, name: str) -> None:
        device = self.followed.pop(name, None)
        if device is not None:
            self._time.cancel(device.timer)

    def wants(self, name: str) -> None:
        """The device has another wish, or the same once more."""
        device = self.followed.get(name)
        if device is None:
            return
        if device.blocked:
            device.wants_look = True
        else:
            self._schedule(device, self._conduct.behaviour.timing.scan, self._look)

    def online(self) -> None:
        """Somebody has put all memory to use that was added."""
        for device in self.followed.values():
            device.offline.clear()
            self.wants(device.memory.label)

    @property
    def is_stalled(self) -> bool:
        return any(device.state == "stalled" for device in self.followed.values())

    def release(self) -> None:
        for device in self.followed.values():
            if device.state == "stalled":
                self._set_out(device, device.rule._replace(do=Deed.OBEY))

    # One look

    def _schedule(self, device: Followed, delay: float, act: Callable[[Followed], None]) -> None:
        self._time.cancel(device.timer)
        device.timer = self._time.call_later(delay, lambda: act(device))

    def _look(self, device: Followed) -> None:
        """Compare what is wanted with what is there, and set out to change it."""
        memory = device.memory
        device.state = "idle"
        device.wants_look = False
        if memory.requested_size == memory.size:
            device.retry = FIRST_RETRY
            return
        grows = memory.requested_size > memory.size
        rule = self._conduct.find(Occasion.VIRTIO_MEM_GROW if grows else Occasion.VIRTIO_MEM_SHRINK, memory.label)
        if self.followed.get(memory.label) is device:
            self._set_out(device, rule)

    def _set_out(self, device: Followed, rule: Rule) -> None:
        memory = device.memory
        device.rule = rule
        missing = memory.requested_size - memory.size
        parts = abs(missing) // device.part
        if rule.do is Deed.PARTIAL:
            parts = int(parts * rule.percent / 100)
        if rule.do is Deed.IGNORE:
            return
        if rule.do is Deed.STALL:
            device.state = "stalled"
            return
        if rule.do in (Deed.REFUSE, Deed.FAIL):
            self._try_again(device)
            return
        delay = self._conduct.duration(0.0, rule._replace(rate=None))
        if rule.do is Deed.CRASH:
            self._schedule(device, delay, lambda device: self._crash())
            return
        device.state = "growing" if missing > 0 else "shrinking"
        device.steps = device.growth(parts) if missing > 0 else device.shrinkage(parts, rule.floor)
        if delay:
            self._schedule(device, delay, lambda device: self._next(device, 0.0))
        else:
            self._next(device, 0.0)

    def _next(self, device: Followed, extra: float) -> None:
        """Go on to the next step; ``extra`` seconds are still to be spent on the last one."""
        step = next(device.steps, None)
        if step is None:
            self._finish(device)
            return
        memory, size = device.memory, step.parts * device.part
        grows = device.state == "growing"
        timing = self._conduct.behaviour.timing
        work = 0.0 if grows else timing.shrink * size / BLOCK
        if device.rule.rate:
            work, extra = size / device.rule.rate, 0.0
        after = memory.size + size if grows else memory.size - size
        delay = self._conduct.pace(memory.label, memory.size, after, work + extra)
        self._schedule(device, delay, lambda device: self._take(device, step))

    def _take(self, device: Followed, step: Step) -> None:
        memory, block = device.memory, step.block
        offset = device.origin + block * device.block + step.first * device.part
        size = step.parts * device.part
        bits = ((1 << step.parts) - 1) << step.first
        had = device.plugged[block]
        if device.state == "growing":
            memory.plug_memory(offset, size)
            device.plugged[block] |= bits
            if not had and not self._conduct.behaviour.auto_online:
                device.offline.add(block)
            comes_or_goes = not had
        else:
            memory.unplug_memory(offset, size)
            device.plugged[block] &= ~bits
            comes_or_goes = not device.plugged[block]
            if comes_or_goes:
                device.offline.discard(block)
        if comes_or_goes and self._queue.holds_memory:
            device.blocked = True
        else:
            self._next(device, self._conduct.behaviour.timing.grow * size / BLOCK if device.state == "growing" else 0.0)

    def _memory_freed(self) -> None:
        for name in tuple(self.followed):
            device = self.followed.get(name)  # a rule may have unloaded the driver on the way
            if device is not None and device.blocked:
                device.blocked = False
                if device.wants_look:
                    self._look(device)
                else:
                    self._next(device, 0.0)

    def _finish(self, device: Followed) -> None:
        """Nothing is left that can be done: all, because the rest is held, or because too much is still unused."""
        shrank, device.state = device.state == "shrinking", "idle"
        missing = abs(device.memory.requested_size - device.memory.size) // device.part
        if not missing:
            device.retry = FIRST_RETRY
        elif shrank and device.rule.do is not Deed.PARTIAL:
            self._try_again(device)

    def _try_again(self, device: Followed) -> None:
        def expire(device: Followed) -> None:
            device.retry = min(2 * device.retry, LAST_RETRY)
            self._look(device)

        device.state = "waiting"
        self._schedule(device, device.retry, expire)
