"""qmpd and a real QEMU side by side: the same random requests to both, every answer compared, byte for byte.

The rules say what may be asked, one class for each subject, each built on the one before: ``rules_memory.py``,
``rules_host.py``, ``rules_pci.py``. What an answer should be is nowhere said: QEMU says it.

``python -m tests.conformance.differential [--rules NAME] [--seconds N] [--sequences N] [--seed N] [--self-test]``
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Sequence
from itertools import count

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from . import runner
from .pair import Difference, reduced
from .rules_host import NO_HOST, NO_KVM, HostRules
from .rules_memory import Base, KindRules
from .rules_pci import PciRules
from .runner import Launch

EXAMPLES = 2  # sequences for one seed, between two looks at the time
STEPS = 100
REDUCING_SECONDS = 30.0
_MACHINES = [KindRules.machines, HostRules.machines, KindRules.machines]


class SideBySide(PciRules):
    """All the rules, a third of the time on a simulated host."""

    machines = KindRules.machines if NO_HOST else st.sampled_from([0, 1, 2]).flatmap(_MACHINES.__getitem__)


RULES: dict[str, type[Base]] = {rules.__name__: rules for rules in (SideBySide, KindRules, HostRules)}


def run(
    ours: Launch,
    theirs: Launch,
    *,
    rules: type[Base] = SideBySide,
    seed: int | None = None,
    seconds: float = math.inf,
    sequences: float = math.inf,
) -> int:
    """Random sequences from one seed, or from fresh ones until there was enough; how many there were.

    Raises Difference, with the shortest sequence found, where the two differ.
    """
    if NO_KVM:
        print(f"{'no simulated hosts' if NO_HOST else 'simulated hosts are without KVM'}: {NO_KVM}", flush=True)
    machine = type("Rules", (rules,), {"ours": staticmethod(ours), "theirs": staticmethod(theirs)})
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    end = time.monotonic() + seconds
    for played in count(EXAMPLES, EXAMPLES):
        now = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        print(f"seed {now}", flush=True)
        try:
            run_state_machine_as_test(hypothesis.seed(now)(machine), settings=settings)
        except Difference as difference:
            shorter = reduced(difference, ours, theirs, REDUCING_SECONDS)
            shorter.add_note(
                f"to repeat it: python -m tests.conformance.differential --rules {rules.__name__} --seed {now}"
            )
            raise shorter from None
        if seed is not None or time.monotonic() > end or played >= sequences:
            return played
    raise AssertionError("unreachable")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.differential", description="Compare at random.")
    parser.add_argument("--rules", choices=RULES, default="SideBySide", help="only a part of them")
    parser.add_argument("--seconds", type=float, default=math.inf, help="how long to go on with fresh seeds")
    parser.add_argument("--sequences", type=float, default=math.inf, help="how many sequences to play")
    parser.add_argument("--seed", type=int, help="only the sequences of this seed")
    parser.add_argument("--self-test", action="store_true", help="QEMU on both sides: tells chance from error")
    options = parser.parse_args(argv)
    if reason := runner.qemu_is_missing():
        print(reason, file=sys.stderr)
        return 2
    if options.self_test:
        ours: Launch = runner.qemu
    else:
        from .in_process import stand_in as ours
    if NO_HOST and options.rules == HostRules.__name__:
        print(NO_HOST, file=sys.stderr)
        return 2
    played = run(
        ours,
        runner.qemu,
        rules=RULES[options.rules],
        seed=options.seed,
        seconds=options.seconds,
        sequences=options.sequences,
    )
    print(f"no difference in {played} sequences of {STEPS} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
