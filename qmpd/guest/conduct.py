"""How a guest conducts itself now: its behaviour, and the rules that hold, as all of its parts see them."""

from __future__ import annotations

from collections.abc import Callable

from qmpd.guest.behaviour import Behaviour, Deed, Occasion, Rule
from qmpd.rules import RuleBook


class Conduct:
    """``switch_driver`` is called when a rule wants a driver loaded (True) or unloaded.

    ``pace`` turns the name of a device, its sizes before and after a step, and the step's usual seconds into seconds.
    """

    pace: Callable[[str, int, int, float], float] = staticmethod(lambda device, before, after, usual: usual)
    switch_driver: Callable[[str, bool], object] = staticmethod(lambda driver, load: None)

    def __init__(self, behaviour: Behaviour) -> None:
        self.adopt(behaviour)

    def adopt(self, behaviour: Behaviour) -> None:
        """Behave like this from now on, with its rules only."""
        self.behaviour = behaviour
        self.rules = RuleBook(behaviour.rules, behaviour.seed)

    def find(self, occasion: Occasion, device: str) -> Rule:
        """What to do on an occasion. A rule about a driver has been followed then, and all else goes its usual way."""
        rule = self.rules.find(occasion, device)
        if rule is None:
            return Rule(occasion)
        if rule.do in (Deed.LOAD_DRIVER, Deed.UNLOAD_DRIVER):
            self.switch_driver(rule.driver, rule.do is Deed.LOAD_DRIVER)
            return Rule(occasion)
        return rule

    def duration(self, usual: float, rule: Rule, size: int = 0) -> float:
        """The seconds that something takes that usually takes ``usual``; ``size`` is how many bytes it is about."""
        usual = usual if rule.delay is None else rule.delay
        return usual + self.rules.jitter(rule) + (size / rule.rate if rule.rate else 0)
