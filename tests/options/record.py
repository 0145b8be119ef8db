"""Ask a real QEMU about every line of ``data/command_lines.txt`` and write down what it says.

Each command line runs twice. With ``-cpu help`` in front QEMU stops as soon as it has parsed everything and has not
yet looked at the machine, which tells the two stages apart. Then as it is, with a monitor on stdin that quits, so
that a command line that works ends by itself.

    python -m tests.options.record [PATTERN]     only the lines that contain PATTERN, printed and not written
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile

from .command_lines import DATA, PROGRAM, QUESTIONS, CommandLine, save

QEMU = "qemu-system-x86_64"
QUIET = ("-nodefaults", "-display", "none", "-S", "-qmp", "stdio")
PARSE_ONLY = ("-cpu", "help")
GOOD_BYE = '{"execute":"qmp_capabilities"}{"execute":"quit"}'
GREETING = '{"QMP"'
PATIENCE = 20


def ask(argv: tuple[str, ...], stdin: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr. Raises TimeoutExpired, with QEMU killed, when the command line waits for someone."""
    with tempfile.TemporaryDirectory() as folder:
        for file in DATA.glob("*.cfg"):
            shutil.copy(file, folder)
        ended = subprocess.run(
            (QEMU, *argv), input=stdin, capture_output=True, text=True, errors="replace", timeout=PATIENCE, cwd=folder
        )
    return ended.returncode, ended.stdout, ended.stderr.replace(f"{QEMU}:", f"{PROGRAM}:")


def record(case: tuple[str, ...]) -> CommandLine:
    argv = (*QUIET, *case)
    probe = (*argv, *PARSE_ONLY) if "-cpu" in case else (*PARSE_ONLY, *argv)
    status, stdout, early = ask(probe, "")
    if status or not stdout.startswith("Available CPUs:") or case[:2] == PARSE_ONLY:
        return CommandLine(argv, "parse", status, early, early)
    status, stdout, stderr = ask(argv, GOOD_BYE)
    if not status and GREETING not in stdout:
        return CommandLine(argv, "parse", status, stderr, stderr)
    return CommandLine(argv, "machine" if status else "run", status, stderr, early)


def main() -> None:
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    answers = []
    for question in QUESTIONS.read_text().splitlines():
        if not question or question.startswith("#") or pattern not in question:
            continue
        try:
            answer = record(tuple(shlex.split(question)))
        except subprocess.TimeoutExpired:
            print(f"no end: {question}", file=sys.stderr)
            continue
        answers.append(answer)
        if pattern:
            print(answer)
    if not pattern:
        save(answers)


if __name__ == "__main__":
    main()
