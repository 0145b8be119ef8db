"""The human monitor's commands about memory and ports: all memory holds zeros (monitor/hmp-cmds-target.c)."""

from __future__ import annotations

from typing import Final

from qmpd import errors
from qmpd.commands import dump, innards, machine
from qmpd.commands.hmp.call import Call, Handler

_LINE, _LINE_OF_BYTES = 16, 8
_PORTS: Final = 0xFFFF
_SUFFIXES: Final = {1: "b", 2: "w", 4: "l"}


def _digits(letter: str, size: int) -> int:
    bits = size * 8
    return {"o": -(-bits // 3), "u": -(-bits * 10 // 33), "d": -(-bits * 10 // 33)}.get(letter, bits // 4)


def _zero(letter: str, size: int) -> str:
    if letter == "c":
        return "'\\x00'"
    return f"0x{'0' * _digits(letter, size)}" if letter == "x" else f"{'0':>{_digits(letter, size)}}"


def _dump(call: Call, *, is_physical: bool) -> str:
    count, letter, size = call.arguments["fmt"]
    addr = call.arguments["addr"] % (1 << 64)
    if call.cpu is None and (letter == "i" or not is_physical):
        return "Can not dump without CPU\n"
    if letter == "i":
        return _instructions(addr, count)
    size = size or 1
    line_size = _LINE_OF_BYTES if size == 1 else _LINE
    left = size * count
    step = 1 if letter == "c" else size
    text = ""
    while left > 0:
        length = min(left, line_size)
        text += f"{addr:016x}:"
        if not innards.is_memory(call.context.machine, addr, length):
            return f"{text} Cannot access memory\n"
        text += "".join(f" {_zero(letter, size)}" for _ in range(0, length, step)) + "\n"
        addr += length
        left -= length
    return text


def _instructions(addr: int, count: int) -> str:
    """What zeros mean to a CPU that has just been reset."""
    return "".join(f"0x{addr + 2 * n:08x}:  00 00                    addb     %al, (%bx, %si)\n" for n in range(count))


def x(call: Call) -> str:
    return _dump(call, is_physical=False)


def xp(call: Call) -> str:
    return _dump(call, is_physical=True)


def sum_(call: Call) -> str:
    return "00000\n"


def i(call: Call) -> str:
    """Ports behind which nothing is."""
    _, _, size = call.arguments["fmt"]
    size = size if size in _SUFFIXES else 1
    addr = call.arguments["addr"] & _PORTS
    if "index" in call.arguments:
        addr += 1
    value = (1 << size * 8) - 1
    return f"port{_SUFFIXES[size]}[0x{addr:04x}] = 0x{value:0{size * 2}x}\n"


def o(call: Call) -> str:
    return ""


def gva2gpa(call: Call) -> str:
    if call.cpu is None:
        return "No cpu\n"
    addr = call.arguments["addr"] % (1 << 64)
    return f"gpa: {addr:#x}\n" if addr else "gpa: 0\n"


def gpa2hva(call: Call) -> str:
    addr = call.arguments["addr"] % (1 << 64)
    if not innards.is_memory(call.context.machine, addr, 1):
        return f"No memory is mapped at address {addr:#x}\n"
    return f"Host virtual address for {addr:#x} (pc.ram) is {innards.HOST_ADDRESS + addr:#x}\n"


def gpa2hpa(call: Call) -> str:
    return gpa2hva(call).replace("Host virtual address", "Host physical address")


def memsave(call: Call) -> str:
    given = call.arguments
    if call.cpu is None:
        return "No CPU available\n"
    machine.memsave(call.context, given["val"], given["size"], given["filename"], call.cpu)
    return ""


def pmemsave(call: Call) -> str:
    machine.pmemsave(call.context, call.arguments["val"], call.arguments["size"], call.arguments["filename"])
    return ""


def dump_guest_memory(call: Call) -> str:
    given = call.arguments
    chosen = [name for name in ("zlib", "lzo", "snappy", "windmp") if given.get(name)]
    if len(chosen) > 1:
        raise errors.rare.dump_formats_exclusive()
    raw = "raw-" if given.get("raw") else ""
    kind = {"windmp": "win-dmp"}.get(chosen[0], f"kdump-{raw}{chosen[0]}") if chosen else "elf"
    paging, where = given.get("paging", False), f"file:{given['filename']}"
    dump.dump_guest_memory(
        call.context, paging, where, begin=given.get("begin"), length=given.get("length"), format=kind
    )
    return ""


HANDLERS: Final[dict[str, Handler]] = {
    "dump-guest-memory": dump_guest_memory,
    "gpa2hpa": gpa2hpa,
    "gpa2hva": gpa2hva,
    "gva2gpa": gva2gpa,
    "i": i,
    "memsave": memsave,
    "o": o,
    "pmemsave": pmemsave,
    "sum": sum_,
    "x": x,
    "xp": xp,
}
