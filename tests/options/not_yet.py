"""Write down anew which command lines still end otherwise than in QEMU, and say which ones those are.

python -m tests.options.not_yet
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .test_startup_errors import NOT_YET, judged, outcome


def main() -> None:
    left = []
    for line in judged():
        with tempfile.TemporaryDirectory() as folder:
            status, stderr = outcome(line, Path(folder))
        if (status, stderr) != (line.status, line.stderr):
            left.append(str(line))
            print(f"{line}\n  QEMU: {line.stderr}  here: {stderr or status}")
    NOT_YET.write_text("".join(f"{line}\n" for line in sorted(left)))


if __name__ == "__main__":
    main()
