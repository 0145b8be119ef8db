"""The process as others see it: pid file, going into the background, signals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from qmpd import errors
from qmpd.config import VmConfig
from qmpd.server.sockets import reason

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_UMASK = 0o027  # os-posix.c


def check_privileges(config: VmConfig) -> None:
    """Raise QEMU's text where it could not become another user, or have another root directory (os-posix.c)."""
    if config.chroot is not None and (os.geteuid() != 0 or not os.path.isdir(config.chroot)):
        raise errors.startup.root_not_changed()
    if config.user == 0:
        raise errors.startup.privileges_not_dropped()


class PidFile:
    """A locked file with the process's id, kept until ``remove``. Raises QemuError where QEMU refuses to start."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError as error:
            raise errors.char.pidfile_open_failed(path, reason(error)) from None
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise errors.char.pidfile_lock_failed(reason(error)) from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, b"%d\n" % os.getpid())

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._fd)


class Daemon:
    """The way into the background. Whoever started the process waits until ``ready``, or sees it fail."""

    def __init__(self) -> None:
        """Only the process that goes on in the background returns from here."""
        outcome, self._outcome = os.pipe()
        if os.fork():
            os.close(self._outcome)
            _exit_with(outcome)
        os.close(outcome)
        os.setsid()
        if os.fork():
            os._exit(0)
        os.umask(_UMASK)
        for ignored in (signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN):
            signal.signal(ignored, signal.SIG_IGN)

    def ready(self) -> None:
        """Let go of the terminal and of whoever waits."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(null)
        os.write(self._outcome, b"0")
        os.close(self._outcome)


def _exit_with(outcome: int) -> NoReturn:
    """In the process that was started: end as the one in the background says, or with 1 if it dies without a word."""
    os._exit(0 if os.read(outcome, 1) else 1)


def die(name: str) -> None:
    """End at once as by a signal (``KILL``), and leave everything lying about."""
    os.kill(os.getpid(), signal.Signals[f"SIG{name}"])


def hold_signals() -> None:
    """From now on a signal to end waits until somebody watches for it, instead of ending the process half started."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler would print a traceback
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)


def release_signals() -> None:
    """For as long as nothing but a signal can end a wait."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)


def watch_signals(on_signal: Callable[[int, int], object]) -> None:
    """Call ``on_signal(number, pid of the sender or 0)`` from another thread for each signal to end.

    A thread, because only waiting for a signal tells who sent it; a handler does not.
    """
    import threading

    def watch() -> None:
        while True:
            found = signal.sigwaitinfo(ENDING_SIGNALS)
            on_signal(found.si_signo, found.si_pid)

    threading.Thread(target=watch, name="signals", daemon=True).start()


def terminated_by(number: int, pid: int) -> errors.QemuError:
    """What QEMU says about a signal."""
    return errors.char.terminating_on_signal(number, f" from pid {pid} ({_process_name(pid)})" if pid else "")


def _process_name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return os.fsdecode(file.read().split(b"\0")[0])
    except OSError:
        return "<unknown process>"
