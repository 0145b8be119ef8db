"""Runs a program and, until the last of its orphans has ended, buries them. Prints the program's id, then its end.

libvirt leaves the domains' processes to init. Not every init is quick to bury them, and libvirt takes a process that
has ended and is not buried for a living one: each ``destroy`` then takes seconds.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_CHILD_SUBREAPER = 36

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
    print(child, flush=True)
    try:
        while True:
            if os.wait()[0] == child:
                print("ended", flush=True)
    except ChildProcessError:
        pass
